/**
 * The sha256 of a checkpoint's weights, which is remembered: at 1.2 GB a second, hashing at every start would be slow.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFileSystemError, messageOf, runError } from '../../errors.js';

/**
 * Hashes files one after the other with sha256, remembered in `memory` while their sizes, times and inodes are
 * unchanged.
 *
 * The time of the last change to the inode (ctime) is among them because nothing can set it back: archives and copies
 * preserve the time of the last write, file systems reuse a freed inode at once, and two checkpoints of one
 * architecture have one size.
 */
export async function hashFiles(paths: readonly string[], memory: string | undefined): Promise<string> {
  const stats = paths.map((path) => statSync(path, { bigint: true }));
  const state = stats.map(({ size, mtimeNs, ctimeNs, ino }) => `${size} ${mtimeNs} ${ctimeNs} ${ino}`).join(' ');
  const note = memory && join(memory, createHash('sha256').update(paths.join('\0')).digest('hex').slice(0, 32));
  if (note && existsSync(note)) {
    const [noted, sha256] = readFileSync(note, 'utf8').split('\n');
    if (noted === state && sha256?.length === 64) return sha256;
  }
  const hash = createHash('sha256');
  for (const path of paths) {
    try {
      for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
    } catch (error) {
      throw runError(`${path}: cannot be read: ${messageOf(error)}`, { cause: error });
    }
  }
  const sha256 = hash.digest('hex');
  if (memory && note) {
    try {
      mkdirSync(memory, { recursive: true });
      const unfinished = `${note}.${randomUUID()}.tmp`;
      writeFileSync(unfinished, `${state}\n${sha256}\n`);
      renameSync(unfinished, note);
    } catch (error) {
      // A cache that cannot be written costs the next run some time; prepareModel notifies the user.
      if (!isFileSystemError(error)) throw error;
    }
  }
  return sha256;
}
