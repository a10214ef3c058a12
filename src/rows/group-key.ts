/**
 * What a record's group is known by, found in its bytes. The main thread cuts the input between groups and parses no row:
 * it looks for one field, and parses that one's value, and only where its bytes are not those of the record before.
 */
import { columnKey, jsonCell } from './csv.js';
import { canonicalKey } from './field-key.js';
import { followPath, valueAt } from './fields.js';
import type { FormatSettings } from './formats.js';
import { formOfColumns } from './forms.js';
import { membersOf, type Span } from './json-scanner.js';
import { trimmed } from './jsonl.js';
import type { InputRecord } from './records.js';

/** How rows are read: what of a run's settings says where a field stands. */
export type GroupKeySettings = Pick<FormatSettings, 'from' | 'delimiter' | 'header' | 'fields'>;

/** The key of a record's group; undefined where it has no such field, has null in it, or cannot be read. */
export type GroupKeyReader = (record: InputRecord) => string | undefined;

/**
 * Reads the field that groups rows. Records whose parsed rows have one value in it (`canonicalKey` of `valueAt`) have one
 * key. A record that is not valid may have a key all the same, which its row, as there is none, has not.
 *
 * @param field of CSV, the key of a column
 */
export function groupKeyReader({ from, delimiter, header, fields }: GroupKeySettings, field: string): GroupKeyReader {
  if (from === 'jsonl') return keyOfLine(field, fields.text ?? 'text');
  if (header === undefined || from === 'text') return () => undefined;
  const keys = header.columns.map(columnKey);
  const jsonColumns = formOfColumns(keys, fields)?.jsonColumns ?? [];
  return keyOfCells(field, keys, jsonColumns, delimiter);
}

/** Where the value stands in a record, and how to read it. */
interface Found {
  readonly bytes: Buffer;
  readonly read: (bytes: Buffer) => unknown;
}

/** Reads a value only where it has other bytes, or is read in another way, than the one before. */
function remembering(find: (record: InputRecord) => Found | undefined): GroupKeyReader {
  let last: (Found & { readonly key: string | undefined }) | undefined;
  return (record) => {
    const found = record.oversized === undefined ? find(record) : undefined;
    if (found === undefined) return undefined;
    if (last?.read === found.read && last.bytes.equals(found.bytes)) return last.key;
    const key = canonicalKey(found.read(found.bytes));
    // A copy: a view would keep the chunk of the input that it was read in.
    last = { bytes: Buffer.from(found.bytes), read: found.read, key };
    return key;
  };
}

function keyOfLine(field: string, textField: string): GroupKeyReader {
  const steps = field.split('.').map(memberName);
  const exact = memberName(field);
  // A reader for each number of steps that objects have led: what is left is followed in the value.
  const readers = [...steps.keys(), steps.length].map((step) => {
    const left = steps.slice(step).map(({ text }) => text);
    return (bytes: Buffer): unknown => followPath(parsed(bytes), left);
  });
  const readText = (bytes: Buffer): unknown => valueAt({ [textField]: parsed(bytes) }, field);

  return remembering(({ bytes }) => {
    const line = trimmed(bytes);
    if (line[0] === QUOTE) return { bytes: line, read: readText };
    const whole = { start: 0, end: line.length };
    let value: Span | undefined = lastMember(line, whole, exact);
    let step = steps.length;
    if (value === undefined) {
      value = whole;
      for (step = 0; step < steps.length && line[value.start] === OPENING_BRACE; step++) {
        value = lastMember(line, value, steps[step] as MemberName);
        if (value === undefined) return undefined;
      }
    }
    const { start, end } = value;
    return step === 0 ? undefined : { bytes: line.subarray(start, end), read: readers[step] as Found['read'] };
  });
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACE = 0x7b;

interface MemberName {
  readonly text: string;
  readonly bytes: Buffer;
  /** Bytes that are no UTF-8 are read as this name has them. */
  readonly needsDecoding: boolean;
}

const memberName = (text: string): MemberName => ({
  text,
  bytes: Buffer.from(text),
  needsDecoding: text.includes('\ufffd'),
});

/** The value of a member; of several of one name JSON.parse takes the last. */
function lastMember(json: Buffer, object: Span, name: MemberName): Span | undefined {
  let last: Span | undefined;
  for (const member of membersOf(json, object.start)) if (isNamed(json, member.name, name)) last = member.value;
  return last;
}

function isNamed(json: Buffer, { start, end }: Span, { text, bytes, needsDecoding }: MemberName): boolean {
  const spelled = json.subarray(start + 1, end - 1);
  if (needsDecoding || spelled.includes(BACKSLASH)) return parsed(json.subarray(start, end)) === text;
  return spelled.equals(bytes);
}

/** undefined where it is not JSON. */
function parsed(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** @param keys of the columns; of several of one key the last counts */
function keyOfCells(
  field: string,
  keys: readonly string[],
  jsonColumns: readonly string[],
  delimiter: string,
): GroupKeyReader {
  const column = keys.includes(field) ? field : (field.split('.')[0] as string);
  const index = keys.lastIndexOf(column);
  if (index < 0) return () => undefined;
  const read = (bytes: Buffer): unknown => {
    const cell = textOfCell(bytes);
    const value = jsonColumns.includes(column) ? jsonCell(column, cell) : cell;
    return valueAt({ [column]: value === undefined ? cell : value }, field);
  };
  return remembering(({ bytes }) => {
    const cell = cellAt(bytes, delimiter.charCodeAt(0), index);
    return cell && { bytes: cell, read };
  });
}

/** A record's cell as it is written; undefined where there are fewer. */
function cellAt(record: Buffer, delimiter: number, index: number): Buffer | undefined {
  let start = 0;
  for (let left = index; ; left--) {
    const end = endOfCell(record, start, delimiter);
    if (left === 0) return record.subarray(start, end);
    if (record[end] !== delimiter) return undefined;
    start = end + 1;
  }
}

function endOfCell(record: Buffer, start: number, delimiter: number): number {
  if (record[start] !== QUOTE) {
    const end = record.indexOf(delimiter, start);
    return end < 0 ? record.length : end;
  }
  let at = start + 1;
  // A quote inside quotes is written twice.
  while (at < record.length && (record[at] !== QUOTE || record[at + 1] === QUOTE)) at += record[at] === QUOTE ? 2 : 1;
  return Math.min(at + 1, record.length);
}

function textOfCell(cell: Buffer): string {
  const text = cell.toString('utf8');
  return cell[0] === QUOTE ? text.slice(1, -1).replaceAll('""', '"') : text;
}
