/**
 * Reads .safetensors files.
 *
 * Source: https://github.com/huggingface/safetensors (format section of the README, version 0.6)
 */
import { messageOf, runError } from '../../errors.js';
import { printableAscii } from '../../platform/printable.js';
import { CheckpointFile, isSizes } from './file.js';
import { bytesPerElement, type FloatType, isFloatType, toFloat32 } from './float-types.js';
import type { TensorSource } from './tensor-source.js';

/** The format allows 100 MB, which as JSON may take gigabytes; the header of GPT-2 XL has 60 kB. */
const MAX_HEADER_BYTES = 4 << 20;

interface TensorEntry {
  readonly type: FloatType | undefined;
  readonly typeName: string;
  readonly shape: readonly number[];
  /** Position of the first element in the file, in bytes. */
  readonly offset: number;
}

/** @throws FatalError `run` where the file is not a whole safetensors file */
export function openSafetensors(path: string): TensorSource {
  const file = CheckpointFile.open(path);
  try {
    const tensors = readHeader(file);
    return {
      names: [...tensors.keys()],
      shapeOf: (name) => tensors.get(name)?.shape,
      read(name, start, count) {
        const entry = tensors.get(name);
        if (entry === undefined) throw new RangeError(`no tensor ${name}`);
        if (entry.type === undefined) {
          throw runError(
            `${path}: expected tensor ${printableAscii(name)} in F32, F16 or BF16, got ${printableAscii(entry.typeName)}`,
          );
        }
        const width = bytesPerElement[entry.type];
        return toFloat32(file.read(entry.offset + start * width, count * width), entry.type);
      },
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

function readHeader(file: CheckpointFile): Map<string, TensorEntry> {
  const broken = (what: string): Error => file.broken(`not a whole safetensors file: ${what}`);
  if (file.size < 8) throw broken(`expected at least 8 bytes, got ${file.size}`);
  const headerBytes = Number(file.read(0, 8).readBigUInt64LE());
  if (headerBytes > MAX_HEADER_BYTES || 8 + headerBytes > file.size) {
    throw broken(`its header claims ${headerBytes} bytes, the file has ${file.size}`);
  }
  let header: unknown;
  try {
    header = JSON.parse(file.read(8, headerBytes).toString('utf8'));
  } catch (error) {
    throw broken(`its header is not JSON (${printableAscii(messageOf(error))})`);
  }
  if (!isRecord(header)) throw broken('its header is not an object');

  const dataStart = 8 + headerBytes;
  const tensors = new Map<string, TensorEntry>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
    if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
      throw broken(`its header has a malformed entry for ${printableAscii(name)}`);
    }
    const [from, to] = offsets as readonly [number, number];
    if (to < from || dataStart + to > file.size) {
      throw broken(`${printableAscii(name)} ends at byte ${dataStart + to}, the file has ${file.size}`);
    }
    const type = isFloatType(dtype) ? dtype : undefined;
    const elements = shape.reduce((a, b) => a * b, 1);
    if (type !== undefined && to - from !== elements * bytesPerElement[type]) {
      throw broken(`${printableAscii(name)} is ${type} [${shape.join(', ')}] and takes ${to - from} bytes`);
    }
    tensors.set(name, { type, typeName: dtype, shape, offset: dataStart + from });
  }
  return tensors;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
