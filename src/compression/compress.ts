/** Compresses bytes so that the results, one after another, are one compressed file. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Compression } from './compression.js';
import { compressZstdFrame } from './zstd-library.js';

const gzipAsync = promisify(gzip);

/** Where a gzip member states which operating system wrote it, and the value for an unknown system. */
const SYSTEM_OFFSET = 9;
const UNKNOWN_SYSTEM = 255;

/** Makes one whole gzip member or zstd frame: the same bytes give the same member on every machine. */
export async function compressMember(bytes: Uint8Array, compression: Compression): Promise<Buffer> {
  if (compression === 'zstd') return compressZstdFrame(bytes);
  const member = await gzipAsync(bytes);
  member[SYSTEM_OFFSET] = UNKNOWN_SYSTEM;
  return member;
}
