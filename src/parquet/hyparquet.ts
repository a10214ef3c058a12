/**
 * What is taken of hyparquet: the decoding of values, and the assembly of nested ones. Its reading of files is not: it
 * holds a whole row group in memory, takes the word of a damaged page for how much is to be allocated, and makes inexact
 * numbers of decimals and times.
 */
import { assembleLists as lists, assembleNested as nested } from 'hyparquet/src/assemble.js';
import { deltaBinaryUnpack, deltaByteArray, deltaLengthByteArray } from 'hyparquet/src/delta.js';
import { byteStreamSplit } from 'hyparquet/src/encoding.js';
import { readPlain } from 'hyparquet/src/plain.js';

export type PhysicalType =
  | 'BOOLEAN'
  | 'INT32'
  | 'INT64'
  | 'INT96'
  | 'FLOAT'
  | 'DOUBLE'
  | 'BYTE_ARRAY'
  | 'FIXED_LEN_BYTE_ARRAY';

export type Repetition = 'REQUIRED' | 'OPTIONAL' | 'REPEATED';

/** A node of a schema in the form that hyparquet assembles by. */
export interface SchemaNode {
  readonly element: {
    readonly name: string;
    readonly type?: PhysicalType;
    readonly type_length?: number;
    readonly repetition_type?: Repetition;
    readonly converted_type?: 'LIST';
  };
  /** A map is assembled as the repeated pairs that it consists of: hyparquet would make text of its keys. */
  readonly isMap: boolean;
  readonly children: readonly SchemaNode[];
  readonly path: readonly string[];
}

/** Values of a column as they are stored: BOOLEAN, INT32, FLOAT, DOUBLE, bigint for INT64 and INT96, bytes. */
export type RawValues = ArrayLike<boolean | number | bigint | Uint8Array>;

type Node = Parameters<typeof nested>[1];

/**
 * Puts the values of a page into the rows that `output` has so far, of which the last may go on.
 *
 * @param path the schema's nodes from the root to the column
 */
export function assembleLists(
  output: unknown[],
  definitions: Uint8Array | undefined,
  repetitions: Uint8Array | undefined,
  values: RawValues,
  path: readonly SchemaNode[],
): ArrayLike<unknown> {
  // Its types speak of arrays; it only indexes them.
  const [defined, repeated] = [definitions ?? [], repetitions ?? []] as unknown as [number[], number[]];
  return lists(output, defined, repeated, values as unknown[], path as unknown as Node[]);
}

/** Replaces the columns of a nested column by its values: objects, arrays, null. */
export function assembleNested(columns: Map<string, unknown[]>, node: SchemaNode): void {
  nested(columns, node as unknown as Node, undefined as never);
}

/** @throws RangeError where the bytes end before the values */
export function decodePlain(
  bytes: Uint8Array,
  type: PhysicalType,
  count: number,
  length: number | undefined,
): RawValues {
  return readPlain(readerOf(bytes), type, count, length);
}

export function decodeDeltaBinary(bytes: Uint8Array, type: PhysicalType, count: number): RawValues {
  const values = type === 'INT32' ? new Int32Array(count) : new BigInt64Array(count);
  if (count > 0) deltaBinaryUnpack(readerOf(bytes), count, values);
  return values;
}

export function decodeDeltaLength(bytes: Uint8Array, count: number): RawValues {
  const values: Uint8Array[] = [];
  if (count > 0) deltaLengthByteArray(readerOf(bytes), count, values);
  return values;
}

export function decodeDeltaBytes(bytes: Uint8Array, count: number): RawValues {
  const values: Uint8Array[] = [];
  if (count > 0) deltaByteArray(readerOf(bytes), count, values);
  return values;
}

export function decodeByteStreamSplit(
  bytes: Uint8Array,
  type: PhysicalType,
  count: number,
  length: number | undefined,
): RawValues {
  return byteStreamSplit(readerOf(bytes), count, type, length);
}

const readerOf = (bytes: Uint8Array): { view: DataView; offset: number } => ({
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  offset: 0,
});
