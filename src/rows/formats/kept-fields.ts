/** Which fields of a record are written, where not all of them are: it is written as if it had no others. */
import { usageError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import { objectMembers } from '../json-scanner.js';
import { absentField } from '../kinds/refuse-fields.js';
import { isBareText } from '../kinds/roles.js';
import type { InputRecord } from '../records.js';
import { type ResultSettings, type RewardShape, resultFields } from '../results.js';
import { REWARD_ERROR } from '../reward-error.js';
import { type CellSyntax, cellSpans } from './csv-cells.js';
import { BYTE_ORDER_MARK, type CsvHeader, columnKey } from './csv-header.js';
import type { ParsedRecord, RowFormat } from './format.js';
import { trimmed } from './jsonl.js';

export interface KeepSettings extends ResultSettings {
  /** The fields that are kept, in the order in which they are written. */
  readonly keep: readonly string[];
}

/** A record as it is written. */
interface WrittenRecord {
  readonly record: InputRecord;
  readonly parsed: ParsedRecord;
}

/** @param shape that of the results which the record may carry */
export type PickMembers = (record: InputRecord, parsed: ParsedRecord, shape: RewardShape) => WrittenRecord;

/** The fields that are kept, and those of the result where a record carries a reward already. */
function writtenFields(
  { keep, ...settings }: KeepSettings,
  shape: RewardShape,
  isThere: (name: string) => boolean,
): readonly string[] {
  const results = resultFields(settings, shape);
  if (!isThere(results[0] as string)) return keep;
  return [...keep, ...results, ...(settings.reasons ? [REWARD_ERROR] : [])];
}

/**
 * Makes JSON objects of records, of their own members' bytes.
 *
 * @param isText whether records are lines of text, and not JSON
 */
export const pickMembers =
  (settings: KeepSettings, isText: boolean): PickMembers =>
  (record, parsed, shape) => {
    const { row } = parsed;
    // The lines of an output that is made of text end as its program's do.
    const lineEnd = isText ? Buffer.alloc(0) : record.lineEnd;
    if (row === undefined) return { record: { ...record, lineEnd }, parsed };
    const members = isBareText(row)
      ? new Map([['text', Buffer.from(`"text":${isText ? JSON.stringify(row.text) : trimmed(record.bytes)}`)]])
      : membersOf(trimmed(record.bytes));
    const isThere = (name: string): boolean => members.has(name);
    const names = writtenFields(settings, shape, isThere).filter(isThere);
    const own = joined(
      names.map((name) => members.get(name) as Buffer),
      ',',
    );
    return {
      record: { ...record, lineEnd, bytes: Buffer.concat([Buffer.from('{'), own, Buffer.from('}')]) },
      parsed: { ...parsed, row: Object.fromEntries(names.map((name) => [name, row[name]])) },
    };
  };

const joined = (pieces: readonly Buffer[], separator: string): Buffer =>
  Buffer.concat(pieces.flatMap((piece, i) => (i === 0 ? [piece] : [Buffer.from(separator), piece])));

/** Of several members with one name the last, as JSON.parse has it. */
const membersOf = (json: Buffer): Map<string, Buffer> =>
  new Map(
    Array.from(objectMembers(json, { start: 0, end: json.length }), ({ start, name, value }) => [
      name,
      json.subarray(start, value.end),
    ]),
  );

/** Writes records as `pick` makes them. */
export const keeping = (reader: RowFormat, writer: RowFormat, pick: PickMembers): RowFormat => ({
  ...reader,
  write(record, parsed, result) {
    const written = pick(record, parsed, result.shape);
    return writer.write(written.record, written.parsed, result);
  },
  splice(record, parsed, members, removed) {
    const written = pick(record, parsed, 'single');
    return writer.splice(written.record, written.parsed, members, removed);
  },
});

/** The columns of CSV that are written. */
export interface WrittenColumns {
  readonly header: CsvHeader;
  /** Returns a record's own bytes, and its cells, of these columns. */
  pick(bytes: Buffer, cells: ParsedRecord['cells']): { readonly bytes: Buffer; readonly cells: ParsedRecord['cells'] };
  pickCells(cells: readonly string[]): readonly string[];
}

export const everyColumn = (header: CsvHeader): WrittenColumns => ({
  header,
  pick: (bytes, cells) => ({ bytes, cells }),
  pickCells: (cells) => cells,
});

/** A cell that a record does not have, or that cannot be told from others, is empty. */
export function keptColumns(
  header: CsvHeader,
  settings: KeepSettings & CellSyntax,
  shape: RewardShape,
): WrittenColumns {
  const keys = header.columns.map(columnKey);
  const isThere = (name: string): boolean => keys.includes(columnKey(name));
  const numbers = writtenFields(settings, shape, isThere)
    .filter(isThere)
    .map((name) => keys.indexOf(columnKey(name)));
  const pickCells = (cells: readonly string[]): string[] => numbers.map((number) => cells[number] ?? '');
  const pickBytes = (record: Buffer): Buffer => {
    const spans = [...cellSpans(record, settings)];
    const cells = numbers.map((number) => record.subarray(spans[number]?.start ?? 0, spans[number]?.end ?? 0));
    return joined(cells, settings.delimiter);
  };
  const mark = header.text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
  return {
    header: {
      ...header,
      columns: pickCells(header.columns),
      text: mark + pickBytes(Buffer.from(header.text.slice(mark.length))).toString(),
    },
    pick: (bytes, cells) => ({
      bytes: pickBytes(cells === undefined ? Buffer.alloc(0) : bytes),
      cells: pickCells(cells ?? []),
    }),
    pickCells,
  };
}

/**
 * @param names of the fields that there are
 * @param place where they are, in words
 * @throws FatalError `usage` where a field that is kept is not there; of columns, which are matched without case and outer
 *   spaces, where it is not there once
 */
export function refuseKept(
  keep: readonly string[],
  names: readonly string[],
  place: string,
  areColumns: boolean,
): void {
  const keyOf = areColumns ? columnKey : (name: string): string => name;
  const keys = names.map(keyOf);
  const kept = keep.map(keyOf);
  for (const [i, name] of keep.entries()) {
    const key = kept[i] as string;
    const option = optionName('keep');
    if (!keys.includes(key)) throw usageError(`${place}: ${absentField(name, 'keep', names)}`);
    if (kept.indexOf(key) !== i) throw usageError(`${place}: expected each column once (${option}), got ${key} twice`);
    if (areColumns && keys.indexOf(key) !== keys.lastIndexOf(key)) {
      throw usageError(`${place}: expected one column ${key} (${option}), got several of that name`);
    }
  }
}
