/** How pages are compressed. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { decompress } from '../compression/decompress.js';
import { messageOf } from '../errors.js';
import { decompressHadoopLz4, decompressLz4Block } from './lz4.js';
import { decompressSnappy } from './snappy.js';

type Decompress = (bytes: Uint8Array, length: number) => Uint8Array | Promise<Uint8Array>;

/** Names of codecs by their number in the format, and what decompresses them. */
const codecs: readonly { readonly name: string; readonly decompress?: Decompress }[] = [
  { name: 'uncompressed', decompress: (bytes) => bytes },
  { name: 'snappy', decompress: (bytes, length) => decompressSnappy(bytes, plausible(bytes, length, 64)) },
  { name: 'gzip', decompress: (bytes, length) => gunzipSync(bytes, { maxOutputLength: Math.max(1, length) }) },
  { name: 'LZO' },
  {
    name: 'brotli',
    decompress: (bytes, length) => brotliDecompressSync(bytes, { maxOutputLength: Math.max(1, length) }),
  },
  { name: 'LZ4', decompress: (bytes, length) => decompressHadoopLz4(bytes, plausible(bytes, length, 256)) },
  { name: 'zstd', decompress: decompressZstd },
  { name: 'LZ4_RAW', decompress: (bytes, length) => decompressLz4Block(bytes, plausible(bytes, length, 256)) },
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
