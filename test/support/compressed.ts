/** Compressed bytes that tools made, and how a test reads such. */
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import type { Compression } from '../../dist/compression/compression.js';
import { decompress } from '../../dist/compression/decompress.js';
import { FatalError } from '../../dist/errors.js';

/** Sixty rows. */
export const rows: Buffer = Buffer.from(
  Array.from(
    { length: 60 },
    (_, i) => `{"id": ${i}, "prompt": "question ${(i * 7919) % 1000}", "response": "answer ${i * i}"}\n`,
  ).join(''),
);

/**
 * The rows in a frame of three blocks, with a checksum and without their size, by zstd 1.5.4:
 * `zstd -19 --target-compressed-block-size=200 -c < rows.jsonl`.
 */
export const zstdRows: Buffer = Buffer.from(
  'KLUv/QRoRAYA8osgF5Cr2O0armumCsXuXxTZvWmnSSf9++AE9cwHaVyj2rM3+YVNNNmuVv5Yyy68qmXN8E3rPal/0W7dnHamk50We86b' +
    'izBP9DN6rVxZZbWz59XRkdDNZgERZZLF8mAcBgvjgEgwloWSBJRJDohCg7E4FEoiUBoJA2KRUJLAJAKFUFAgAT+oEWBsuVv7G6CXJMsB' +
    'ESAECUFUYIQ3flBymT+ccTSZP9Awa1CEqDCFwXwDiQVawAnqBTYRpnGB0v2pC9lOVnUNtCpMBgBj0R/loXpVWdNme+Wgb6g+Z8Rzdcxp' +
    '2JopT+VU5y7lP2QXn2NT9m6tf7aXx1VUN8oa/c9jr/TbFbP8ojXP+hnr2M2ryZGSv3YipVGJknSP5Ja1qLX7ND0T0RTHVMvEl2ZyroZ6' +
    'bFn6eKZDp496trMnmstWl2W7srrTdVTy8Vi7f6YDaPzj2qdgMK59CsB1IUQg9kfdUUVVVGVfph2FGqKE6jqipSubfmcG/+D7EBFrjiAE' +
    '6RMQs67QY/5opplGh5l7hEWBMTSUjwL9AABjwgSAiFI81c66EXmw8iZCujIq3W4VC/ydZb+qmo26XB+yXA==',
  'base64',
);

export const compressedRows: Readonly<Record<Compression, Buffer>> = { gzip: gzipSync(rows), zstd: zstdRows };

/** Gives out bytes in chunks of some length. */
async function* inChunks(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
}

export interface Decompressed {
  readonly bytes: Buffer;
  readonly error: string | undefined;
}

/** Decompresses as far as it goes. */
export async function decompressAll(
  compressed: Buffer,
  compression: Compression,
  chunkLength = 1 << 16,
): Promise<Decompressed> {
  const parts: Buffer[] = [];
  try {
    for await (const part of decompress(inChunks(compressed, chunkLength), compression, 'rows')) parts.push(part);
    return { bytes: Buffer.concat(parts), error: undefined };
  } catch (error) {
    assert.ok(error instanceof FatalError && error.kind === 'run', String(error));
    return { bytes: Buffer.concat(parts), error: error.message };
  }
}
