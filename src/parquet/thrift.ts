/**
 * Thrift's compact protocol, as far as Parquet uses it. Structures are kept as lists of fields, so that what this
 * program knows nothing of is written again as it was.
 *
 * Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const I16 = 4;
const I32 = 5;
const I64 = 6;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const SET = 10;
const STRUCT = 12;

/** Structures within each other: Parquet has seven at most. */
const MOST_DEPTH = 32;

type ThriftType =
  | typeof BYTE
  | typeof I16
  | typeof I32
  | typeof I64
  | typeof DOUBLE
  | typeof BINARY
  | typeof LIST
  | typeof SET
  | typeof STRUCT
  | typeof TRUE;

export interface ThriftList {
  /** The type of its elements. */
  readonly of: ThriftType;
  readonly items: readonly ThriftValue[];
}

export interface ThriftField {
  readonly id: number;
  /** `TRUE` stands for both truth values. */
  readonly type: ThriftType;
  readonly value: ThriftValue;
}

export interface ThriftStruct {
  /** In the order of the file, which is that of their numbers. */
  readonly fields: readonly ThriftField[];
}

/** Numbers of 64 bits are bigint; a double is its 8 bytes. */
export type ThriftValue = boolean | number | bigint | Uint8Array | ThriftList | ThriftStruct;

/** The bytes are no Thrift, or end too early. */
export class ThriftError extends Error {}

/** Reads one structure; `offset` is then just past it. */
export class ThriftReader {
  offset: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.offset = offset;
  }

  /** @throws ThriftError */
  readStruct(depth = 0): ThriftStruct {
    if (depth > MOST_DEPTH) throw new ThriftError('structures too deep within each other');
    const fields: ThriftField[] = [];
    for (let id = 0; ; ) {
      const head = this.#byte();
      const type = head & 0x0f;
      if (type === 0) return { fields };
      const delta = head >> 4;
      id = delta === 0 ? this.#zigzag() : id + delta;
      if (type === TRUE || type === FALSE) fields.push({ id, type: TRUE, value: type === TRUE });
      else fields.push({ id, type: type as ThriftType, value: this.#read(type, depth) });
    }
  }

  #read(type: number, depth: number): ThriftValue {
    switch (type) {
      case BYTE:
        return (this.#byte() << 24) >> 24;
      case I16:
      case I32:
        return this.#zigzag();
      case I64:
        return this.#zigzag64();
      case DOUBLE:
        return this.#take(8);
      case BINARY:
        return this.#take(this.#varint());
      case LIST:
      case SET:
        return this.#list(depth);
      case STRUCT:
        return this.readStruct(depth + 1);
      default:
        throw new ThriftError(`a value of the unknown type ${type}`);
    }
  }

  #list(depth: number): ThriftList {
    const head = this.#byte();
    const declared = head & 0x0f;
    const size = head >> 4 === 15 ? this.#varint() : head >> 4;
    // Each element takes a byte or more.
    if (size > this.#bytes.length - this.offset) throw new ThriftError(`a list of ${size} elements`);
    const isTruth = declared === TRUE || declared === FALSE;
    const items: ThriftValue[] = [];
    for (let i = 0; i < size; i++) items.push(isTruth ? this.#byte() === 1 : this.#read(declared, depth + 1));
    return { of: (isTruth ? TRUE : declared) as ThriftType, items };
  }

  #byte(): number {
    const byte = this.#bytes[this.offset++];
    if (byte === undefined) throw new ThriftError('the bytes end within a structure');
    return byte;
  }

  #take(length: number): Uint8Array {
    const end = this.offset + length;
    if (end > this.#bytes.length) throw new ThriftError('the bytes end within a value');
    const taken = this.#bytes.subarray(this.offset, end);
    this.offset = end;
    return taken;
  }

  /** A number below 2^53, without a sign. */
  #varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 49; factor *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new ThriftError('a number of too many bytes');
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #zigzag64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return (value >> 1n) ^ -(value & 1n);
    }
    throw new ThriftError('a number of too many bytes');
  }
}

export function writeStruct(struct: ThriftStruct): Uint8Array {
  const writer = new ThriftWriter();
  writer.struct(struct);
  return writer.bytes();
}

class ThriftWriter {
  #bytes = Buffer.alloc(1 << 12);
  #length = 0;

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  struct({ fields }: ThriftStruct): void {
    let before = 0;
    for (const { id, type, value } of fields) {
      const head = type === TRUE ? (value === true ? TRUE : FALSE) : type;
      const delta = id - before;
      if (delta > 0 && delta < 16) this.#byte((delta << 4) | head);
      else {
        this.#byte(head);
        this.#zigzag(BigInt(id));
      }
      before = id;
      if (type !== TRUE) this.#value(type, value);
    }
    this.#byte(0);
  }

  #value(type: ThriftType, value: ThriftValue): void {
    if (typeof value === 'boolean') this.#byte(value ? TRUE : FALSE);
    else if (typeof value === 'number' && type === BYTE) this.#byte(value & 0xff);
    else if (typeof value === 'number' || typeof value === 'bigint') this.#zigzag(BigInt(value));
    else if (value instanceof Uint8Array) {
      if (type === BINARY) this.#varint(BigInt(value.length));
      this.#append(value);
    } else if ('fields' in value) this.struct(value);
    else {
      const { of, items } = value;
      if (items.length < 15) this.#byte((items.length << 4) | of);
      else {
        this.#byte(0xf0 | of);
        this.#varint(BigInt(items.length));
      }
      for (const item of items) this.#value(of, item);
    }
  }

  #zigzag(value: bigint): void {
    this.#varint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
  }

  #varint(value: bigint): void {
    let rest = value;
    for (; rest >= 0x80n; rest >>= 7n) this.#byte(Number(rest & 0x7fn) | 0x80);
    this.#byte(Number(rest));
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.alloc(Math.max(2 * this.#bytes.length, this.#length + more));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** Values of fields, and what makes them. Each returns undefined where the field is absent, or of another type. */
export const fieldOf = ({ fields }: ThriftStruct, id: number): ThriftValue | undefined =>
  fields.find((field) => field.id === id)?.value;

export function numberOf(struct: ThriftStruct, id: number): number | undefined {
  const value = fieldOf(struct, id);
  return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : undefined;
}

export function textOf(struct: ThriftStruct, id: number): string | undefined {
  const value = fieldOf(struct, id);
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined;
}

export function structOf(struct: ThriftStruct, id: number): ThriftStruct | undefined {
  const value = fieldOf(struct, id);
  return typeof value === 'object' && 'fields' in value ? value : undefined;
}

export function listOf(struct: ThriftStruct, id: number): readonly ThriftValue[] | undefined {
  const value = fieldOf(struct, id);
  return typeof value === 'object' && 'items' in value ? value.items : undefined;
}

/** @throws ThriftError where the list holds anything else */
export function structsOf(struct: ThriftStruct, id: number): readonly ThriftStruct[] | undefined {
  return listOf(struct, id)?.map((item) => {
    if (typeof item !== 'object' || !('fields' in item))
      throw new ThriftError('a list of other values than structures');
    return item;
  });
}

export const i16 = (id: number, value: number): ThriftField => ({ id, type: I16, value });
export const i32 = (id: number, value: number): ThriftField => ({ id, type: I32, value });
export const i64 = (id: number, value: number): ThriftField => ({ id, type: I64, value: BigInt(value) });
export const binary = (id: number, value: string | Uint8Array): ThriftField => ({
  id,
  type: BINARY,
  value: bytesOf(value),
});
export const struct = (id: number, fields: readonly ThriftField[]): ThriftField => ({
  id,
  type: STRUCT,
  value: { fields },
});
export const structs = (id: number, items: readonly ThriftStruct[]): ThriftField => ({
  id,
  type: LIST,
  value: { of: STRUCT, items },
});
export const i32s = (id: number, items: readonly number[]): ThriftField => ({
  id,
  type: LIST,
  value: { of: I32, items },
});
export const texts = (id: number, items: readonly string[]): ThriftField => ({
  id,
  type: LIST,
  value: { of: BINARY, items: items.map(bytesOf) },
});

const bytesOf = (value: string | Uint8Array): Uint8Array => (typeof value === 'string' ? Buffer.from(value) : value);

/** The structure with these fields in the place of its own of the same numbers, and without those that are removed. */
export function withFields(
  { fields }: ThriftStruct,
  set: readonly ThriftField[],
  removed: readonly number[] = [],
): ThriftStruct {
  const other = new Set([...set.map(({ id }) => id), ...removed]);
  return { fields: [...fields.filter(({ id }) => !other.has(id)), ...set].sort((a, b) => a.id - b.id) };
}
