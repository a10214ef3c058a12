/** The header of CSV and TSV: the names of the columns. */
import { isUtf8 } from 'node:buffer';
import { usageError } from '../../errors.js';
import { ICONV_HINT } from '../failure.js';
import type { InputRecord } from '../records.js';
import { type CellSyntax, parseCells, problemOf } from './csv-cells.js';

export const BYTE_ORDER_MARK = '\ufeff';

/** The first record of a file, read once and sent to every worker. */
export interface CsvHeader {
  /** The names as they are written. */
  readonly columns: readonly string[];
  /** The record's own text, with a byte-order mark and without the line end. */
  readonly text: string;
  readonly lineEnd: string;
  /** The file and line, for errors. */
  readonly place: string;
}

/** The most columns that an error lists; a header may have a million. */
const LISTED_COLUMNS = 50;

export function listColumns(columns: readonly string[]): string {
  const listed = columns.slice(0, LISTED_COLUMNS).map((name) => JSON.stringify(name));
  const more = columns.length - listed.length;
  return `${listed.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** The form in which names are compared, without case and outer spaces. */
export const columnKey = (name: string): string => name.trim().toLowerCase();

/** Whether a record is skipped before the header. */
export const isBeforeHeader = ({ bytes, oversized }: InputRecord): boolean =>
  oversized === undefined && (bytes.length === 0 || bytes.equals(Buffer.from(BYTE_ORDER_MARK)));

/** @throws FatalError `usage` where the record is not CSV */
export function readHeader({ bytes, lineEnd }: InputRecord, syntax: CellSyntax, place: string): CsvHeader {
  const text = bytes.toString('utf8');
  if (!isUtf8(bytes)) throw usageError(`${place}: expected a header in UTF-8, got other bytes; ${ICONV_HINT}`);
  try {
    const columns = parseCells(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text, syntax);
    return { columns, text, lineEnd: lineEnd.toString() || '\n', place };
  } catch (error) {
    throw usageError(`${place}: not a CSV header: ${problemOf(error)}`, { cause: error });
  }
}
