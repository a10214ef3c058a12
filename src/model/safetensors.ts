/**
 * Reads model.safetensors by offset, so that a file of gigabytes is never in memory at once.
 *
 * Source: https://github.com/huggingface/safetensors (format section of the README, version 0.6)
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { messageOf, runError } from '../errors.js';
import { bytesPerElement, type FloatType, isFloatType, toFloat32 } from './float-types.js';

/** The format's own limit on the header, in bytes. */
const MAX_HEADER_BYTES = 100_000_000;

interface TensorEntry {
  readonly type: FloatType | 'other';
  readonly typeName: string;
  readonly shape: readonly number[];
  /** Position of the first element in the file, in bytes. */
  readonly offset: number;
}

/** The tensors of a checkpoint, whatever files hold them. */
export interface TensorSource {
  readonly names: readonly string[];
  shapeOf(name: string): readonly number[] | undefined;
  /** Elements [start, start + count) of a tensor, row-major, as float32. */
  read(name: string, start: number, count: number): Float32Array;
  close(): void;
}

/** @throws FatalError `run` where the file is not a whole safetensors file */
export function openSafetensors(path: string): TensorSource {
  const file = openSync(path, 'r');
  try {
    const tensors = readHeader(file, path);
    return {
      names: [...tensors.keys()],
      shapeOf: (name) => tensors.get(name)?.shape,
      read(name, start, count) {
        const entry = tensors.get(name);
        if (entry === undefined) throw new RangeError(`no tensor ${name}`);
        if (entry.type === 'other') {
          throw runError(`${path}: expected tensor ${name} in F32, F16 or BF16, got ${entry.typeName}`);
        }
        const width = bytesPerElement[entry.type];
        const bytes = readExactly(file, entry.offset + start * width, count * width, path);
        return toFloat32(bytes, entry.type);
      },
      close: () => closeSync(file),
    };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function readHeader(file: number, path: string): Map<string, TensorEntry> {
  const fileBytes = fstatSync(file).size;
  const broken = (what: string): Error => runError(`${path}: not a whole safetensors file: ${what}; download it again`);
  if (fileBytes < 8) throw broken(`expected at least 8 bytes, got ${fileBytes}`);
  const headerBytes = Number(readExactly(file, 0, 8, path).readBigUInt64LE());
  if (headerBytes > MAX_HEADER_BYTES || 8 + headerBytes > fileBytes) {
    throw broken(`its header claims ${headerBytes} bytes, the file has ${fileBytes}`);
  }
  let header: unknown;
  try {
    header = JSON.parse(readExactly(file, 8, headerBytes, path).toString('utf8'));
  } catch (error) {
    throw broken(`its header is not JSON (${messageOf(error)})`);
  }
  if (!isRecord(header)) throw broken('its header is not an object');

  const dataStart = 8 + headerBytes;
  const tensors = new Map<string, TensorEntry>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
    if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
      throw broken(`its header has a malformed entry for ${name}`);
    }
    const [from, to] = offsets as [number, number];
    if (to < from || dataStart + to > fileBytes) {
      throw broken(`${name} ends at byte ${dataStart + to}, the file has ${fileBytes}`);
    }
    const type = isFloatType(dtype) ? dtype : 'other';
    const elements = shape.reduce((a, b) => a * b, 1);
    if (type !== 'other' && to - from !== elements * bytesPerElement[type]) {
      throw broken(`${name} is ${dtype} [${shape.join(', ')}] and takes ${to - from} bytes`);
    }
    tensors.set(name, { type, typeName: dtype, shape, offset: dataStart + from });
  }
  return tensors;
}

function readExactly(file: number, position: number, length: number, path: string): Buffer {
  // allocUnsafeSlow: a buffer of its own, aligned for the Float32Array that is laid over it.
  const bytes = Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    const count = readSync(file, bytes, done, length - done, position + done);
    if (count === 0) throw runError(`${path}: expected ${length} bytes at ${position}, the file ended after ${done}`);
    done += count;
  }
  return bytes;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
