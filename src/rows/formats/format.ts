import type { RowFailure } from '../failure.js';
import type { Row } from '../kinds/roles.js';
import type { InputRecord, RecordScanner } from '../records.js';
import type { RowResult } from '../results.js';
import type { SplicedMember } from '../splice.js';

export const inputFormats = ['jsonl', 'csv', 'tsv', 'text'] as const;
export type InputFormat = (typeof inputFormats)[number];

export const outputFormats = ['jsonl', 'csv', 'tsv', 'scores'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** A row, a failure, or both: a row that is written back and must not be scored. */
export interface ParsedRecord {
  readonly row?: Row;
  readonly failure?: RowFailure;
  /** The record's fields in order, of a format that has them. */
  readonly cells?: readonly string[];
}

/** How records are read and results written: all that the rest of the program knows of formats. */
export interface RowFormat {
  newScanner(): RecordScanner;
  /** A record is a line: one can be found from anywhere in a file. */
  readonly linesAreRecords: boolean;
  /** What stands before the first output record. */
  readonly outputHeader: Buffer | undefined;
  /** Whether a record is passed over. */
  isBlank(record: InputRecord): boolean;
  /** undefined: a blank record. */
  parse(record: InputRecord): ParsedRecord | undefined;
  /** The output record, in pieces. */
  write(record: InputRecord, parsed: ParsedRecord, result: RowResult): readonly (Buffer | string)[];
  /** A record that has a row, with these fields after its own; of columns, those that the output has. */
  splice(record: InputRecord, parsed: ParsedRecord, members: readonly SplicedMember[]): readonly (Buffer | string)[];
}
