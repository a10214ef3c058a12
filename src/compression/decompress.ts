/** Reads compressed bytes as if they had never been compressed. */
import type { Compression } from './compression.js';
import { gunzip } from './gunzip.js';
import { unzstd } from './unzstd.js';

/**
 * Decompresses on demand: memory is bounded however much a few bytes decompress to, and nothing is read ahead.
 * Members or frames may follow one another. No bytes at all are an empty input, whatever the name says: users
 * make such files with `touch`.
 *
 * @param name of the file, for messages
 * @throws FatalError `run` where the file is cut or damaged, after all that could be decompressed
 */
export function decompress(
  chunks: AsyncIterable<Buffer>,
  compression: Compression,
  name: string,
): AsyncGenerator<Buffer, void, undefined> {
  return compression === 'gzip' ? gunzip(chunks, name) : unzstd(chunks, name);
}
