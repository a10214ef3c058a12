/** CSV and TSV: records are parsed for their values, and written as their own bytes with more fields. */
import { isUtf8 } from 'node:buffer';
import { usageError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import { clip } from '../describe-value.js';
import { fieldsOfTaken, jsonOfRewards } from '../existing-rewards.js';
import { failure, notUtf8 } from '../failure.js';
import { CsvScanner, type InputRecord, LineScanner } from '../records.js';
import { type ResultSettings, type RewardShape, resultEdit, unparsedRecord } from '../results.js';
import { membersText, type SplicedMember } from '../splice.js';
import {
  type CellSyntax,
  cannotHold,
  cellOf,
  jsonCell,
  parseCells,
  problemOf,
  quote,
  replaceCells,
} from './csv-cells.js';
import { BYTE_ORDER_MARK, type CsvHeader, columnKey } from './csv-header.js';
import type { ParsedRecord, RowFormat } from './format.js';
import type { WrittenColumns } from './kept-fields.js';

export interface CsvSettings extends ResultSettings, CellSyntax {
  readonly header: CsvHeader;
  /** Keys of the columns whose cells hold JSON. */
  readonly jsonColumns: readonly string[];
  /** The columns of the input that the output has. */
  readonly written: WrittenColumns;
}

export interface CsvOutput {
  readonly syntax: CellSyntax;
  /** Columns after the input's. */
  readonly added: readonly string[];
  /** What results are written to: columns of the input, or added ones. */
  readonly shape: RewardShape;
}

/**
 * Writes each record's own bytes with other cells in some columns, and more after them; where cells are set apart
 * otherwise, all of them are quoted again.
 */
export function csvToCsv(settings: CsvSettings, { syntax, added: names, shape }: CsvOutput): RowFormat {
  const { written } = settings;
  const { header } = written;
  const { delimiter } = syntax;
  const keys = header.columns.map(columnKey);
  const ownCell = ownCells(keys);
  const join = (cells: readonly string[]): string => cells.map((cell) => quote(cell, syntax)).join(delimiter);
  const same = delimiter === settings.delimiter && syntax.quoted === settings.quoted;
  const unwritable = names.find((name) => cannotHold(syntax, name));
  if (unwritable !== undefined) {
    throw usageError(
      `${header.place}: expected columns that can be written without quotes, got ${JSON.stringify(unwritable)}; ` +
        `leave out ${optionName('quote')} none`,
    );
  }
  const mark = header.text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
  return {
    ...csvReader(settings),
    outputHeader: Buffer.from(
      (same ? header.text : mark + join(header.columns)) +
        (names.length === 0 ? '' : delimiter + join(names)) +
        header.lineEnd,
    ),
    // A row that failed need not be known to be of the columns' kind.
    write(record, parsed, result) {
      const own = parsed.cells && written.pickCells(parsed.cells);
      const { members, removed } = resultEdit({ ...result, shape }, settings, (name) => ownCell(own, name));
      return edit(record, parsed, members, removed);
    },
    splice: edit,
  };

  function edit(
    { bytes: whole, lineEnd, oversized }: InputRecord,
    { cells: read }: ParsedRecord,
    given: readonly SplicedMember[],
    removed: readonly string[] = [],
  ): (Buffer | string)[] {
    const members = [...given, ...removed.map((name): SplicedMember => [name, undefined])];
    const values = new Map(members.map(([name, value]) => [columnKey(name), cellOf(value, syntax)]));
    // A row of a thousand columns is looked through only where one of them is written to.
    const replaced = members.some(([name]) => ownCell(read, name) !== undefined)
      ? keys.map((key) => values.get(key))
      : [];
    const { bytes, cells } = written.pick(whole, oversized === undefined ? read : ['']);
    const own =
      same || cells === undefined
        ? replaceCells(bytes, settings, replaced)
        : cells.map((cell, i) => replaced[i] ?? quote(cell, syntax)).join(delimiter);
    // A short record is filled up, so that the empty reward is in its own column.
    const missing = cells === undefined ? 0 : Math.max(0, header.columns.length - cells.length);
    return [
      own,
      delimiter.repeat(names.length === 0 ? missing : missing + 1) +
        names.map((name) => values.get(columnKey(name)) ?? '').join(delimiter),
      lineEnd.length > 0 ? lineEnd : header.lineEnd,
    ];
  }
}

/** Finds the cell in a column of that name, empty where the record is too short; undefined where there is no such column. */
function ownCells(keys: readonly string[]): (cells: readonly string[] | undefined, name: string) => string | undefined {
  const places = new Map(keys.map((key, i) => [key, i]));
  return (cells, name) => {
    const place = places.get(columnKey(name));
    return place === undefined ? undefined : (cells?.[place] ?? '');
  };
}

/**
 * Writes each record as a JSON line with every column as a string, but rewards that are taken as the numbers that they are.
 *
 * @throws FatalError `usage` where two columns have one name, of which an object would keep one
 */
export function csvToJsonl(settings: CsvSettings): RowFormat {
  const { header, written } = settings;
  const { columns } = written.header;
  const doubled = columns.find((name, i) => columns.indexOf(name) !== i);
  if (doubled !== undefined) {
    throw usageError(
      `${header.place}: expected columns of different names for rows of JSON or Parquet, got ${JSON.stringify(doubled)} twice; rename one`,
    );
  }
  const keys = columns.map(columnKey);
  const ownCell = ownCells(keys);
  const taken = new Set(fieldsOfTaken(settings).map(columnKey));
  const edited = (cells: readonly string[], members: readonly SplicedMember[], removed: readonly string[]): string => {
    const values = new Map(members.map(([name, value]) => [columnKey(name), value ?? 'null']));
    const gone = new Set(removed.map(columnKey));
    const own = columns.flatMap((column, i): SplicedMember[] => {
      const key = keys[i] as string;
      if (gone.has(key)) return [];
      const cell = cells[i] as string;
      return [[column, values.get(key) ?? (taken.has(key) ? jsonOfRewards(cell) : JSON.stringify(cell))]];
    });
    const added = members.filter(([name]) => gone.has(columnKey(name)) || !keys.includes(columnKey(name)));
    return `{${membersText([...own, ...added])}}\n`;
  };
  return {
    ...csvReader(settings),
    outputHeader: undefined,
    write({ bytes, oversized }, { cells }, result) {
      if (cells?.length !== header.columns.length) {
        return [`${unparsedRecord(result, settings, oversized === undefined ? bytes.toString('utf8') : undefined)}\n`];
      }
      const own = written.pickCells(cells);
      const { members, removed } = resultEdit(result, settings, (name) => ownCell(own, name));
      return [edited(own, members, removed)];
    },
    splice: (_, { cells = [] }, members, removed = []) => [edited(written.pickCells(cells), members, removed)],
  };
}

function csvReader(settings: CsvSettings): Pick<RowFormat, 'newScanner' | 'linesAreRecords' | 'isBlank' | 'parse'> {
  const { header, delimiter, quoted, jsonColumns } = settings;
  const keys = header.columns.map(columnKey);
  return {
    newScanner: () => (quoted ? new CsvScanner(delimiter) : new LineScanner()),
    linesAreRecords: !quoted,
    isBlank: ({ bytes, oversized }) => oversized === undefined && bytes.length === 0,
    parse({ bytes }): ParsedRecord | undefined {
      if (bytes.length === 0) return undefined;
      let cells: readonly string[];
      try {
        cells = parseCells(bytes.toString('utf8'), settings);
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
