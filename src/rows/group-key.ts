/**
 * Finds the key of a record's group in its bytes. The main thread cuts the input between groups and parses no row: it
 * looks for one field and parses the value of that alone, and only where its bytes differ from those of the record
 * before.
 */

import { canonicalKey } from './field-key.js';
import { followPath, valueAt } from './fields.js';
import { type CellSyntax, cellAt, jsonCell, textOfCell } from './formats/csv-cells.js';
import { columnKey } from './formats/csv-header.js';
import type { FormatSettings } from './formats/index.js';
import { trimmed } from './formats/jsonl.js';
import { JsonError, memberValue, type Span } from './json-scanner.js';
import { kindOfColumns } from './kinds/kinds.js';
import type { InputRecord } from './records.js';

/** The settings of a run that determine where a field is. */
export type GroupKeySettings = Pick<FormatSettings, 'from' | 'delimiter' | 'quoted' | 'header' | 'fields'>;

/**
 * The key of a record's group; undefined where it has no value in the field, one too deep for a key, or cannot be read.
 */
export type GroupKeyReader = (record: InputRecord) => string | undefined;

/**
 * Reads the field that groups rows. Records whose parsed rows have the same value in it (`canonicalKey` of `valueAt`)
 * have the same key. An invalid record may have a key although it has no row.
 *
 * @param field in CSV, the key of a column
 */
export function groupKeyReader({ from, header, fields, ...syntax }: GroupKeySettings, field: string): GroupKeyReader {
  if (from === 'jsonl' || from === 'json' || from === 'parquet') return keyOfLine(field, fields.text ?? 'text');
  if (header === undefined || from === 'text') return () => undefined;
  const keys = header.columns.map(columnKey);
  const jsonColumns = kindOfColumns(keys, fields)?.jsonColumns ?? [];
  return keyOfCells(field, keys, jsonColumns, syntax);
}

/** The part of a record's bytes that holds the value, and how to read it. */
interface Found extends Span {
  readonly bytes: Buffer;
  readonly read: (value: Buffer) => unknown;
}

/** Reads a value only where its bytes, or the way in which it is read, differ from those of the one before. */
function remembering(find: (record: InputRecord) => Found | undefined): GroupKeyReader {
  let value = Buffer.alloc(0);
  let read: Found['read'] | undefined;
  let key: string | undefined;
  return (record) => {
    const found = record.oversized === undefined ? find(record) : undefined;
    if (found === undefined) return undefined;
    const { bytes, start, end } = found;
    if (
      read === found.read &&
      end - start === value.length &&
      bytes.compare(value, 0, value.length, start, end) === 0
    ) {
      return key;
    }
    // This is a copy, as a view would hold the chunk of the input in memory.
    value = Buffer.from(bytes.subarray(start, end));
    read = found.read;
    key = canonicalKey(read(value) ?? undefined);
    return key;
  };
}

function keyOfLine(field: string, textField: string): GroupKeyReader {
  const steps = field.split('.');
  // There is a reader for each number of steps that lead through objects; the remaining steps are followed in the
  // value.
  const readers = [...steps, ''].map(
    (_, step) =>
      (bytes: Buffer): unknown =>
        followPath(parsed(bytes), steps.slice(step)),
  );
  const readText = (bytes: Buffer): unknown => valueAt({ [textField]: parsed(bytes) }, field);

  return remembering(({ bytes }) => {
    const line = trimmed(bytes);
    if (line[0] === QUOTE) return { bytes: line, start: 0, end: line.length, read: readText };
    try {
      const found = findValue(line, field, steps);
      if (found === undefined) return undefined;
      const { start, end, step } = found;
      return { bytes: line, start, end, read: readers[step] as Found['read'] };
    } catch (error) {
      if (error instanceof JsonError) return undefined;
      throw error;
    }
  });
}

const QUOTE = 0x22;
const OPENING_BRACE = 0x7b;

/**
 * Finds the value to which a name, or else the first steps of a path, lead through objects alone.
 *
 * @returns with the number of steps that were taken; undefined where there is no such member
 * @throws JsonError where the line is not an object in JSON
 */
function findValue(line: Buffer, field: string, steps: readonly string[]): (Span & { step: number }) | undefined {
  const whole = { start: 0, end: line.length };
  const exact = memberValue(line, whole, field);
  if (exact !== undefined) return { start: exact.start, end: exact.end, step: steps.length };
  if (steps.length === 1) return undefined;
  let value: Span = whole;
  let step = 0;
  for (; step < steps.length && line[value.start] === OPENING_BRACE; step++) {
    const inside = memberValue(line, value, steps[step] as string);
    if (inside === undefined) return undefined;
    value = inside;
  }
  return { start: value.start, end: value.end, step };
}

/** Parses JSON; undefined where it is not valid. */
function parsed(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** @param keys the keys of the columns, of which the last with the same key counts */
function keyOfCells(
  field: string,
  keys: readonly string[],
  jsonColumns: readonly string[],
  syntax: CellSyntax,
): GroupKeyReader {
  const column = keys.includes(field) ? field : (field.split('.')[0] as string);
  const index = keys.lastIndexOf(column);
  if (index < 0) return () => undefined;
  const read = (bytes: Buffer): unknown => {
    const cell = textOfCell(bytes, syntax);
    const value = jsonColumns.includes(column) ? jsonCell(column, cell) : cell;
    return valueAt({ [column]: value === undefined ? cell : value }, field);
  };
  return remembering(({ bytes }) => {
    const cell = cellAt(bytes, syntax, index);
    return cell && { bytes, start: cell.start, end: cell.end, read };
  });
}
