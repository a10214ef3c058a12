/** The cells of a record of CSV: how they are read, found and written. The only importer of csv-parse. */
import { parse } from 'csv-parse/sync';
import { messageOf } from '../../errors.js';
import type { Span } from '../json-scanner.js';

const QUOTE = 0x22;

/** How cells are set apart. */
export interface CellSyntax {
  readonly delimiter: string;
  /** Whether a cell may stand in quotes, as in RFC 4180; else a quote is a character like any other. */
  readonly quoted: boolean;
}

/**
 * Reads a cell in a column that may hold JSON; undefined where it must be JSON and is not. A context is a prompt unless
 * it looks like messages.
 */
export function jsonCell(key: string, cell: string): unknown {
  const mayBeText = key === 'context';
  if (mayBeText && !cell.startsWith('[')) return cell;
  try {
    return JSON.parse(cell);
  } catch {
    return mayBeText ? cell : undefined;
  }
}

export function parseCells(record: string, { delimiter, quoted }: CellSyntax): string[] {
  // Most records have no quotes, and starting the parser costs more than all of their splitting.
  if (!quoted || !record.includes('"')) return record.split(delimiter);
  const records: string[][] = parse(record, { delimiter, relax_column_count: true, record_delimiter: ['\n', '\r\n'] });
  return records[0] ?? [];
}

/**
 * The parser's wording changes with its version, and its line numbers count within the record; the output must depend
 * on neither.
 */
export function problemOf(error: unknown): string {
  switch ((error as { code?: unknown }).code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'expected a closing quote, got the end of the input';
    case 'INVALID_OPENING_QUOTE':
      return 'expected quotes around the whole field, got one inside it';
    case 'CSV_INVALID_CLOSING_QUOTE':
      return 'expected a delimiter or line end after a closing quote; a quote inside quotes is written twice';
    default:
      return messageOf(error);
  }
}

/** Writes a JSON value as a cell: null as an empty one, a string unquoted, everything else as JSON. */
export function cellOf(value: string | undefined, syntax: CellSyntax): string {
  if (value?.startsWith('[') && syntax.quoted) return `"${value.replaceAll('"', '""')}"`;
  return quote(textOfValue(value), syntax);
}

/** What a cell holds of a JSON value. */
export function textOfValue(value: string | undefined): string {
  if (value === undefined || value === 'null') return '';
  return value.startsWith('"') ? (JSON.parse(value) as string) : value;
}

/** Where there are no quotes, what would end the cell becomes a space: the row is a bad one (`cannotHold`). */
export function quote(cell: string, { delimiter, quoted }: CellSyntax): string {
  if (!quoted) return cell.replaceAll(delimiter, ' ').replace(/[\r\n]/g, ' ');
  return cell.includes(delimiter) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Whether a cell would end before its end. */
export const cannotHold = ({ delimiter, quoted }: CellSyntax, cell: string): boolean =>
  !quoted && (cell.includes(delimiter) || /[\r\n]/.test(cell));

/** The span of a record's cell, with its quotes; undefined where the record has fewer cells. */
export function cellAt(record: Buffer, syntax: CellSyntax, index: number): Span | undefined {
  let left = index;
  for (const span of cellSpans(record, syntax)) if (left-- === 0) return span;
  return undefined;
}

/** The spans of a record's cells in order, with their quotes. */
export function* cellSpans(record: Buffer, { delimiter, quoted }: CellSyntax): Generator<Span, void, undefined> {
  const byte = delimiter.charCodeAt(0);
  for (let start = 0; ; ) {
    const end = endOfCell(record, start, byte, quoted);
    yield { start, end };
    if (record[end] !== byte) return;
    start = end + 1;
  }
}

function endOfCell(record: Buffer, start: number, delimiter: number, quoted: boolean): number {
  if (record[start] !== QUOTE || !quoted) {
    const end = record.indexOf(delimiter, start);
    return end < 0 ? record.length : end;
  }
  let at = start + 1;
  // A quote inside quotes is written twice.
  while (at < record.length && (record[at] !== QUOTE || record[at + 1] === QUOTE)) at += record[at] === QUOTE ? 2 : 1;
  return Math.min(at + 1, record.length);
}

export function textOfCell(cell: Buffer, { quoted }: CellSyntax): string {
  const text = cell.toString('utf8');
  return cell[0] === QUOTE && quoted ? text.slice(1, -1).replaceAll('""', '"') : text;
}

/**
 * A record's own bytes with other cells in some columns, as far as it has these.
 *
 * @param cells for each column what is written there; undefined where the record's own stays
 */
export function replaceCells(record: Buffer, syntax: CellSyntax, cells: readonly (string | undefined)[]): Buffer {
  const pieces: Buffer[] = [];
  let copied = 0;
  for (const [index, cell] of cells.entries()) {
    const own = cell === undefined ? undefined : cellAt(record, syntax, index);
    if (own === undefined) continue;
    pieces.push(record.subarray(copied, own.start), Buffer.from(cell as string));
    copied = own.end;
  }
  return pieces.length === 0 ? record : Buffer.concat([...pieces, record.subarray(copied)]);
}
