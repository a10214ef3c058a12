/** A column that is appended to a file: what it is called, and its values in the pages of a row group. */
import { fieldsOf } from './field-numbers.js';
import { writeRuns } from './levels.js';
import { binary, i32, i32s, i64, struct, type ThriftField, type ThriftStruct, texts, writeStruct } from './thrift.js';

/** Doubles, integers of 64 bits, or text in UTF-8. */
type NewType = 'number' | 'count' | 'text';

export interface NewColumn {
  readonly name: string;
  readonly type: NewType;
  /** Whether each row has a list of them. */
  readonly isList: boolean;
}

/** A row's value, or list of values; null where there is none. */
export type NewValue = number | string | null | readonly (number | string | null)[];

/** Rows of a page. */
const PAGE_ROWS = 1 << 16;

/** Numbers of physical types, encodings, and kinds of pages. */
const types = { number: 5, count: 2, text: 6 } as const satisfies Readonly<Record<NewType, number>>;
const PLAIN = 0;
const RUNS = 3;
const DATA_PAGE = 0;
const UNCOMPRESSED = 0;
const [OPTIONAL, REPEATED] = [1, 2];
const [UTF8, LIST] = [0, 3];
const [STRING_LOGICAL, LIST_LOGICAL] = [1, 3];

/** The elements of the schema: of a list in the form that the format prescribes. */
export function schemaOf({ name, type, isList }: NewColumn): ThriftStruct[] {
  const { element } = fieldsOf;
  const leaf = (own: string): ThriftStruct => ({
    fields: [
      i32(element.type, types[type]),
      i32(element.repetition, OPTIONAL),
      binary(element.name, own),
      ...annotated(type === 'text', UTF8, STRING_LOGICAL),
    ],
  });
  if (!isList) return [leaf(name)];
  const group = (own: string, repetition: number, annotation: readonly ThriftField[]): ThriftStruct => ({
    fields: [i32(element.repetition, repetition), binary(element.name, own), i32(element.children, 1), ...annotation],
  });
  return [group(name, OPTIONAL, annotated(true, LIST, LIST_LOGICAL)), group('list', REPEATED, []), leaf('element')];
}

const annotated = (is: boolean, converted: number, logical: number): ThriftField[] =>
  is ? [i32(fieldsOf.element.converted, converted), struct(fieldsOf.element.logical, [struct(logical, [])])] : [];

export interface EncodedColumn {
  readonly bytes: Buffer;
  /** What the footer says of it. */
  readonly stored: ThriftStruct;
}

/**
 * Encodes a row group's values. They are not compressed, so that the same values are the same bytes everywhere: rewards
 * are hardly smaller for it.
 *
 * @param position where its bytes stand in the file
 */
export function encodeColumn(column: NewColumn, values: readonly NewValue[], position: number): EncodedColumn {
  const { name, type, isList } = column;
  const pages: Buffer[] = [];
  let count = 0;
  for (let from = 0; from < values.length || pages.length === 0; from += PAGE_ROWS) {
    const page = isList
      ? listLevels(values.slice(from, from + PAGE_ROWS))
      : flatLevels(values.slice(from, from + PAGE_ROWS));
    count += page.count;
    const body = Buffer.concat([...page.levels, plain(type, page.values)]);
    const header = writeStruct({
      fields: [
        i32(fieldsOf.page.type, DATA_PAGE),
        i32(fieldsOf.page.uncompressed, body.length),
        i32(fieldsOf.page.compressed, body.length),
        struct(fieldsOf.page.data, [
          i32(fieldsOf.data.values, page.count),
          i32(fieldsOf.data.encoding, PLAIN),
          i32(fieldsOf.data.definitions, RUNS),
          i32(fieldsOf.data.repetitions, RUNS),
        ]),
      ],
    });
    pages.push(Buffer.from(header), body);
  }
  const bytes = Buffer.concat(pages);
  const { column: fields, chunk } = fieldsOf;
  const metadata = [
    i32(fields.type, types[type]),
    i32s(fields.encodings, [PLAIN, RUNS]),
    texts(fields.path, isList ? [name, 'list', 'element'] : [name]),
    i32(fields.codec, UNCOMPRESSED),
    i64(fields.values, count),
    i64(fields.uncompressed, bytes.length),
    i64(fields.compressed, bytes.length),
    i64(fields.dataPage, position),
    ...(isList ? [] : [struct(fields.statistics, statisticsOf(type, values))]),
  ];
  return { bytes, stored: { fields: [i64(chunk.fileOffset, 0), struct(chunk.metadata, metadata)] } };
}

interface Levels {
  /** Values, those that are missing included. */
  readonly count: number;
  readonly levels: readonly Buffer[];
  readonly values: readonly (number | string)[];
}

function flatLevels(rows: readonly NewValue[]): Levels {
  const definitions = Uint8Array.from(rows, (value) => (value === null ? 0 : 1));
  const values = rows.filter((value): value is number | string => value !== null);
  return { count: rows.length, levels: withLength(writeRuns(definitions, 1)), values };
}

function listLevels(rows: readonly NewValue[]): Levels {
  const definitions: number[] = [];
  const repetitions: number[] = [];
  const values: (number | string)[] = [];
  for (const row of rows) {
    // A lone value beside lists, that of a row that failed in its only text, is a list of one.
    const items =
      row === null || Array.isArray(row) ? (row as readonly (number | string | null)[] | null) : [row as number];
    if (items === null || items.length === 0) {
      definitions.push(items === null ? 0 : 1);
      repetitions.push(0);
      continue;
    }
    for (const [i, item] of items.entries()) {
      definitions.push(item === null ? 2 : 3);
      repetitions.push(i === 0 ? 0 : 1);
      if (item !== null) values.push(item);
    }
  }
  const levels = [
    ...withLength(writeRuns(Uint8Array.from(repetitions), 1)),
    ...withLength(writeRuns(Uint8Array.from(definitions), 2)),
  ];
  return { count: definitions.length, levels, values };
}

function withLength(bytes: Buffer): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return [length, bytes];
}

function plain(type: NewType, values: readonly (number | string)[]): Buffer {
  if (type === 'text') return Buffer.concat(values.flatMap((value) => withLength(Buffer.from(String(value)))));
  const bytes = Buffer.alloc(8 * values.length);
  for (const [i, value] of values.entries()) {
    if (type === 'number') bytes.writeDoubleLE(value as number, 8 * i);
    else bytes.writeBigInt64LE(BigInt(value), 8 * i);
  }
  return bytes;
}

/** By the least and the greatest reward, a reader that filters passes over whole row groups. */
function statisticsOf(type: NewType, values: readonly NewValue[]): ThriftField[] {
  const { statistics } = fieldsOf;
  let [nulls, min, max] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value === null) nulls++;
    else if (type === 'number') [min, max] = [Math.min(min, value as number), Math.max(max, value as number)];
  }
  const missing = i64(statistics.nulls, nulls);
  if (min > max) return [missing];
  // The format asks for a negative zero here, as readers may compare the zeros.
  const [most, least] = [max === 0 ? 0 : max, min === 0 ? -0 : min].map((value) => plain('number', [value]));
  return [missing, binary(statistics.max, most as Buffer), binary(statistics.min, least as Buffer)];
}
