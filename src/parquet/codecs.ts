/** How pages are compressed. */
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync } from 'node:zlib';
import { compressMember } from '../compression/compress.js';
import { decompress } from '../compression/decompress.js';
import { messageOf } from '../errors.js';
import { compressHadoopLz4, compressLz4Block, compressSnappy } from './compress-block.js';
import { decompressHadoopLz4, decompressLz4Block } from './lz4.js';
import { decompressSnappy } from './snappy.js';

type Decompress = (bytes: Uint8Array, length: number) => Uint8Array | Promise<Uint8Array>;

type Compress = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;

interface Codec {
  readonly name: string;
  readonly decompress?: Decompress;
  readonly compress?: Compress;
}

/** By their number in the format. */
const codecs: readonly Codec[] = [
  { name: 'uncompressed', decompress: (bytes) => bytes, compress: (bytes) => bytes },
  {
    name: 'snappy',
    decompress: (bytes, length) => decompressSnappy(bytes, plausible(bytes, length, 64)),
    compress: compressSnappy,
  },
  {
    name: 'gzip',
    decompress: (bytes, length) => gunzipSync(bytes, { maxOutputLength: Math.max(1, length) }),
    compress: (bytes) => compressMember(bytes, 'gzip'),
  },
  { name: 'LZO' },
  {
    name: 'brotli',
    decompress: (bytes, length) => brotliDecompressSync(bytes, { maxOutputLength: Math.max(1, length) }),
    // The highest quality, which is the default, takes a hundred times as long.
    compress: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  },
  {
    name: 'LZ4',
    decompress: (bytes, length) => decompressHadoopLz4(bytes, plausible(bytes, length, 256)),
    compress: compressHadoopLz4,
  },
  { name: 'zstd', decompress: decompressZstd, compress: (bytes) => compressMember(bytes, 'zstd') },
  {
    name: 'LZ4_RAW',
    decompress: (bytes, length) => decompressLz4Block(bytes, plausible(bytes, length, 256)),
    compress: compressLz4Block,
  },
];

/** A damaged length is not to cost memory: a byte of these codecs stands for a limited number of bytes. */
function plausible(bytes: Uint8Array, length: number, most: number): number {
  if (length > most * bytes.length) throw new RangeError(`a page of ${length} bytes made of ${bytes.length}`);
  return length;
}

export const codecName = (codec: number): string => codecs[codec]?.name ?? `number ${codec}`;

export const isKnownCodec = (codec: number): boolean => codecs[codec]?.decompress !== undefined;

/**
 * @param length of what comes out, which memory is bounded by
 * @throws Error where the bytes are damaged, or of another length
 */
export async function decompressPage(codec: number, bytes: Uint8Array, length: number): Promise<Uint8Array> {
  // A page without values may have no bytes at all, which are no stream of any codec.
  if (length === 0) return new Uint8Array();
  const output = await codecs[codec]?.decompress?.(bytes, length);
  if (output?.length !== length) throw new RangeError(`a page of ${output?.length} bytes in the place of ${length}`);
  return output;
}

/** @param codec one that is known */
export async function compressPage(codec: number, bytes: Uint8Array): Promise<Uint8Array> {
  const output = await codecs[codec]?.compress?.(bytes);
  if (output === undefined) throw new RangeError(`the codec ${codecName(codec)} is not written`);
  return output;
}

async function decompressZstd(bytes: Uint8Array, length: number): Promise<Uint8Array> {
  const output = Buffer.alloc(length);
  let end = 0;
  try {
    for await (const piece of decompress(once(bytes), 'zstd', 'a page')) {
      if (end + piece.length > length) throw new RangeError(`a page of more than ${length} bytes`);
      end += piece.copy(output, end);
    }
  } catch (error) {
    // The file's own error names the column.
    throw new RangeError(messageOf(error), { cause: error });
  }
  return output.subarray(0, end);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Buffer> {
  yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
