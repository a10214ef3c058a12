/** Values as the plain encoding has them, of which some are chosen without being decoded. */
import type { PhysicalType, RawValues } from './hyparquet.js';
import type { Leaf } from './schema.js';

const sizes: Readonly<Partial<Record<PhysicalType, number>>> = { INT32: 4, INT64: 8, INT96: 12, FLOAT: 4, DOUBLE: 8 };

/** Bytes of each value; undefined where they differ, or values are bits. */
export const fixedSizeOf = ({ type, length }: Pick<Leaf, 'type' | 'length'>): number | undefined =>
  type === 'FIXED_LEN_BYTE_ARRAY' ? length : sizes[type];

/**
 * @param chosen their numbers, ascending
 * @throws RangeError where the bytes end before the values
 */
export function choosePlain(bytes: Uint8Array, leaf: Leaf, chosen: readonly number[]): Buffer {
  const size = fixedSizeOf(leaf);
  if (size !== undefined) return chooseFixed(bytes, size, chosen);
  return leaf.type === 'BOOLEAN' ? chooseBits(bytes, chosen) : chooseBinary(bytes, chosen);
}

function chooseFixed(bytes: Uint8Array, size: number, chosen: readonly number[]): Buffer {
  const output = Buffer.alloc(chosen.length * size);
  for (const [i, index] of chosen.entries()) output.set(part(bytes, index * size, size), i * size);
  return output;
}

function chooseBits(bytes: Uint8Array, chosen: readonly number[]): Buffer {
  const output = Buffer.alloc(Math.ceil(chosen.length / 8));
  for (const [i, index] of chosen.entries()) {
    const [byte] = part(bytes, index >> 3, 1) as unknown as [number];
    output[i >> 3] = (output[i >> 3] as number) | (((byte >> (index & 7)) & 1) << (i & 7));
  }
  return output;
}

function chooseBinary(bytes: Uint8Array, chosen: readonly number[]): Buffer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pieces: Uint8Array[] = [];
  let at = 0;
  let number = 0;
  for (const index of chosen) {
    for (; ; number++) {
      if (at + 4 > bytes.length) throw new RangeError('the page ends before its values');
      const size = 4 + view.getUint32(at, true);
      const value = part(bytes, at, size);
      at += size;
      if (number < index) continue;
      pieces.push(value);
      number++;
      break;
    }
  }
  return Buffer.concat(pieces);
}

function part(bytes: Uint8Array, from: number, length: number): Uint8Array {
  if (from + length > bytes.length) throw new RangeError('the page ends before its values');
  return bytes.subarray(from, from + length);
}

/** Of values whose bytes are spread: the first byte of each, then the second of each, and so on. */
export function chooseSplit(bytes: Uint8Array, size: number, count: number, chosen: readonly number[]): Buffer {
  const output = Buffer.alloc(chosen.length * size);
  part(bytes, 0, size * count);
  for (let k = 0; k < size; k++) {
    for (const [i, index] of chosen.entries()) output[k * chosen.length + i] = bytes[k * count + index] as number;
  }
  return output;
}

/** Encodes integers and bytes. */
export function plainOf(values: RawValues, leaf: Leaf, chosen: readonly number[]): Buffer {
  const size = fixedSizeOf(leaf);
  const pieces = chosen.map((index): Uint8Array => {
    const value = values[index];
    if (value instanceof Uint8Array) return value;
    const bytes = Buffer.alloc(size ?? 0);
    if (typeof value === 'bigint') bytes.writeBigInt64LE(value);
    else bytes.writeInt32LE(value as number);
    return bytes;
  });
  return Buffer.concat(size === undefined ? pieces.flatMap((piece) => [lengthOf(piece), piece]) : pieces);
}

/** A length in four bytes, as it stands before bytes. */
export function lengthOf({ length }: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(length);
  return bytes;
}
