/** CSV and TSV: records are parsed to be understood, and written as their own bytes with more fields. The only importer of csv-parse. */
import { isUtf8 } from 'node:buffer';
import { parse } from 'csv-parse/sync';
import { messageOf, usageError } from '../errors.js';
import { clip } from './conversation.js';
import { failure, ICONV_HINT, notUtf8 } from './failure.js';
import type { ParsedRecord, RowFormat } from './format.js';
import { CsvScanner, type InputRecord } from './records.js';
import { type ResultSettings, resultMembers, resultValues, unparsedRecord } from './result.js';
import { membersText } from './splice.js';

const BYTE_ORDER_MARK = '\ufeff';

/** The first record of a file, read once and sent to every worker. */
export interface CsvHeader {
  /** As they are written. */
  readonly columns: readonly string[];
  /** The record as it stands in the file, byte-order mark included, line end not. */
  readonly text: string;
  readonly lineEnd: string;
  /** The file and line, for errors. */
  readonly place: string;
}

export interface CsvSettings extends ResultSettings {
  readonly header: CsvHeader;
  readonly delimiter: string;
  /** Keys of the columns whose cells hold JSON. */
  readonly jsonColumns: readonly string[];
}

/** Columns that an error lists; a header may have a million. */
const LISTED_COLUMNS = 50;

export function listColumns(columns: readonly string[]): string {
  const listed = columns.slice(0, LISTED_COLUMNS).map((name) => JSON.stringify(name));
  const more = columns.length - listed.length;
  return `${listed.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Names are matched without case and outer spaces. */
export const columnKey = (name: string): string => name.trim().toLowerCase();

/** Whether a record is passed over on the way to the header. */
export const isBeforeHeader = ({ bytes, oversized }: InputRecord): boolean =>
  oversized === undefined && (bytes.length === 0 || bytes.equals(Buffer.from(BYTE_ORDER_MARK)));

/** @throws FatalError `usage` where the record is not CSV */
export function readHeader({ bytes, lineEnd }: InputRecord, delimiter: string, place: string): CsvHeader {
  const text = bytes.toString('utf8');
  if (!isUtf8(bytes)) throw usageError(`${place}: expected a header in UTF-8, got other bytes; ${ICONV_HINT}`);
  try {
    const columns = parseCells(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text, delimiter);
    return { columns, text, lineEnd: lineEnd.toString() || '\n', place };
  } catch (error) {
    throw usageError(`${place}: not a CSV header: ${problemOf(error)}`, { cause: error });
  }
}

/**
 * Writes each record's own bytes with more cells after them; all cells quoted anew where the delimiter changes.
 *
 * @param names of the columns that are added
 */
export function csvToCsv(settings: CsvSettings, toDelimiter: string, names: readonly string[]): RowFormat {
  const { header, delimiter, details } = settings;
  const join = (cells: readonly string[]): string => cells.map((cell) => quote(cell, toDelimiter)).join(toDelimiter);
  const same = toDelimiter === delimiter;
  const mark = header.text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
  return {
    ...csvReader(settings),
    outputHeader: Buffer.from(
      `${same ? header.text : mark + join(header.columns)}${toDelimiter}${join(names)}${header.lineEnd}`,
    ),
    write(record, parsed, result) {
      const values = result.rewards.length === 0 ? [] : resultValues(result, details);
      return extend(record, parsed, values);
    },
    splice(record, parsed, members) {
      const values = new Map(members);
      return extend(
        record,
        parsed,
        names.map((name) => values.get(name)),
      );
    },
  };

  function extend(
    { bytes, lineEnd, oversized }: InputRecord,
    { cells: read }: ParsedRecord,
    values: readonly (string | undefined)[],
  ): (Buffer | string)[] {
    const cells = oversized === undefined ? read : [''];
    const own = same || cells === undefined ? bytes : join(cells);
    // A short record is filled up, so that the empty reward stands in its own column.
    const missing = cells === undefined ? 0 : Math.max(0, header.columns.length - cells.length);
    return [
      own,
      toDelimiter.repeat(missing + 1) + names.map((_, i) => cellOf(values[i], toDelimiter)).join(toDelimiter),
      lineEnd.length > 0 ? lineEnd : header.lineEnd,
    ];
  }
}

/** Writes each record as a JSON line with every column as a string. */
export function csvToJsonl(settings: CsvSettings): RowFormat {
  const { columns } = settings.header;
  const ownMembers = (cells: readonly string[]): string[] =>
    columns.map((column, i) => `${JSON.stringify(column)}:${JSON.stringify(cells[i])}`);
  return {
    ...csvReader(settings),
    outputHeader: undefined,
    write({ bytes, oversized }, { cells }, result) {
      if (cells?.length !== columns.length) {
        return [`${unparsedRecord(result, settings, oversized === undefined ? bytes.toString('utf8') : undefined)}\n`];
      }
      return [`{${[...ownMembers(cells), membersText(resultMembers(result, settings))].join(',')}}\n`];
    },
    splice: (_, { cells = [] }, members) => [`{${[...ownMembers(cells), membersText(members)].join(',')}}\n`],
  };
}

function csvReader({
  header,
  delimiter,
  jsonColumns,
}: CsvSettings): Pick<RowFormat, 'newScanner' | 'linesAreRecords' | 'isBlank' | 'parse'> {
  const keys = header.columns.map(columnKey);
  return {
    newScanner: () => new CsvScanner(delimiter),
    linesAreRecords: false,
    isBlank: ({ bytes, oversized }) => oversized === undefined && bytes.length === 0,
    parse({ bytes }): ParsedRecord | undefined {
      if (bytes.length === 0) return undefined;
      let cells: readonly string[];
      try {
        cells = parseCells(bytes.toString('utf8'), delimiter);
      } catch (error) {
        return { failure: failure('BAD_CSV', problemOf(error)) };
      }
      if (cells.length !== keys.length) {
        const message = `expected ${keys.length} fields as in the header, got ${cells.length}`;
        return { cells, failure: failure('BAD_CSV', message) };
      }
      const row: Record<string, unknown> = Object.create(null); // in which a column __proto__ is one like others
      for (const [i, key] of keys.entries()) row[key] = cells[i];
      if (!isUtf8(bytes)) return { row, cells, failure: notUtf8() };
      for (const key of jsonColumns) {
        const value = jsonCell(key, row[key] as string);
        if (value === undefined) {
          const message = `expected column ${key} to hold JSON, got ${clip(row[key] as string)}`;
          return { row, cells, failure: failure('BAD_ROW', message) };
        }
        row[key] = value;
      }
      return { row, cells };
    },
  };
}

/**
 * The value of a cell in a column that may hold JSON; undefined where it is not JSON and has to be. A context is a prompt
 * unless it looks like messages.
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

function parseCells(record: string, delimiter: string): string[] {
  // Most records have no quotes, and starting the parser costs more than all of their splitting.
  if (!record.includes('"')) return record.split(delimiter);
  const records: string[][] = parse(record, { delimiter, relax_column_count: true, record_delimiter: ['\n', '\r\n'] });
  return records[0] ?? [];
}

/** The parser's words change from version to version, and its line numbers are the record's own; the output must not follow. */
function problemOf(error: unknown): string {
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

/** A JSON value as a cell: nothing for null, a string as it is, the rest as JSON. */
function cellOf(value: string | undefined, delimiter: string): string {
  if (value === undefined || value === 'null') return '';
  if (value.startsWith('[')) return `"${value.replaceAll('"', '""')}"`;
  return quote(value.startsWith('"') ? (JSON.parse(value) as string) : value, delimiter);
}

const quote = (cell: string, delimiter: string): string =>
  cell.includes(delimiter) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
