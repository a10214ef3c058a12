import type { RowFailure } from '../failure.js';
import type { Row } from '../kinds/roles.js';
import type { InputRecord, RecordScanner } from '../records.js';
import type { Reward, RowResult } from '../results.js';
import type { SplicedMember } from '../splice.js';

export const inputFormats = ['jsonl', 'csv', 'tsv', 'text', 'json', 'parquet'] as const;
export type InputFormat = (typeof inputFormats)[number];

export const outputFormats = ['jsonl', 'csv', 'tsv', 'scores', 'parquet'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** A row, a failure, or both where a row is written back and must not be scored. */
export interface ParsedRecord {
  readonly row?: Row;
  readonly failure?: RowFailure;
  /** The record's fields in order, where the format has them. */
  readonly cells?: readonly string[];
}

/** How records are read and results are written: all that the rest of the program knows about formats. */
export interface RowFormat {
  newScanner(): RecordScanner;
  /** Whether a record is a line, so that one can be found from anywhere in a file. */
  readonly linesAreRecords: boolean;
  /** The bytes before the first output record. */
  readonly outputHeader: Buffer | undefined;
  /**
   * What is written in the place of a row that is left out, where the output is made of the rows' places; undefined: nothing
   * is.
   */
  readonly placeholder?: Buffer;
  /** Whether a record is skipped. */
  isBlank(record: InputRecord): boolean;
  /** Parses a record; undefined where it is blank. */
  parse(record: InputRecord): ParsedRecord | undefined;
  /** Returns the output record, in pieces. */
  write(record: InputRecord, parsed: ParsedRecord, result: RowResult<Reward>): readonly (Buffer | string)[];
  /**
   * Returns a record that has a row, with these fields in the place of its own of the same names, or else after all of
   * its own; in a format with columns, those that the output has.
   *
   * @param removed fields of the row that are left out; in a format with columns their cells are empty
   */
  splice(
    record: InputRecord,
    parsed: ParsedRecord,
    members: readonly SplicedMember[],
    removed?: readonly string[],
  ): readonly (Buffer | string)[];
}
