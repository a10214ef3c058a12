/** CSV and TSV: records are parsed for their values, and written as their own bytes with more fields. */
import { isUtf8 } from 'node:buffer';
import { clip } from '../describe-value.js';
import { failure, notUtf8 } from '../failure.js';
import { CsvScanner, type InputRecord } from '../records.js';
import { type ResultSettings, resultMembers, resultValues, unparsedRecord } from '../results.js';
import { membersText } from '../splice.js';
import { cellOf, jsonCell, parseCells, problemOf, quote } from './csv-cells.js';
import { BYTE_ORDER_MARK, type CsvHeader, columnKey } from './csv-header.js';
import type { ParsedRecord, RowFormat } from './format.js';

export interface CsvSettings extends ResultSettings {
  readonly header: CsvHeader;
  readonly delimiter: string;
  /** Keys of the columns whose cells hold JSON. */
  readonly jsonColumns: readonly string[];
}

/**
 * Writes each record's own bytes with more cells after them; where the delimiter changes, all cells are quoted again.
 *
 * @param names the names of the columns that are added
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
    // A short record is filled up, so that the empty reward is in its own column.
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
      // Without a prototype, a column __proto__ is like any other.
      const row: Record<string, unknown> = Object.create(null);
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
