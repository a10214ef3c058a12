/** Checks whether a file is what its etag names. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { sizeOf } from '../platform/files.js';

/**
 * Large files are named by their sha256, others by git's hash of them; some servers that stand in for the hub name them
 * by their sha1. An etag of another form says nothing about the content, so that only the size can be checked.
 */
export async function matchesEtag(path: string, etag: string, size: number | undefined): Promise<boolean> {
  const actualSize = sizeOf(path);
  if (size !== undefined && actualSize !== size) return false;
  const hashes = hashesFor(etag, actualSize ?? 0);
  if (hashes.length === 0) return true;
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) {
    for (const hash of hashes) hash.update(piece as Buffer);
  }
  return hashes.some((hash) => hash.digest('hex') === etag);
}

function hashesFor(etag: string, size: number) {
  if (/^[0-9a-f]{64}$/.test(etag)) return [createHash('sha256')];
  if (/^[0-9a-f]{40}$/.test(etag)) return [createHash('sha1').update(`blob ${size}\0`), createHash('sha1')];
  return [];
}
