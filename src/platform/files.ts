/** File system operations that several folders need. */
import { randomUUID } from 'node:crypto';
import { type Stats, statfsSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Undefined where nothing has that name, a file is where a directory should be, or access is denied. */
export function statOrUndefined(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Links are followed. */
export const isFile = (path: string): boolean => statOrUndefined(path)?.isFile() ?? false;

/** Links are followed. */
export const isDirectory = (path: string): boolean => statOrUndefined(path)?.isDirectory() ?? false;

/** Bytes of a file; undefined where there is none. */
export const sizeOf = (path: string): number | undefined => statOrUndefined(path)?.size;

/** Bytes that this process may still write there; undefined where the system does not know. */
export function freeBytes(directory: string): number | undefined {
  const { bavail, bsize } = statfsSync(directory);
  // Some network file systems say 0 for what they do not know.
  return bavail > 0 ? bavail * bsize : undefined;
}

export interface AtomicWriteOptions {
  /** Whether to wait until the content is on the disk. Default: false. */
  readonly sync?: boolean;
  /** The name under which it is written first, in the same directory. Default: a unique one. */
  readonly unfinished?: string;
}

/**
 * Replaces a file so that readers, also after a crash, find the old content or the new, and never a part.
 *
 * @throws what the file system says; the old file stays, and nothing new beside it
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  { sync = false, unfinished = `${path}.${randomUUID()}.tmp` }: AtomicWriteOptions = {},
): Promise<void> {
  try {
    const handle = await open(unfinished, 'w');
    try {
      await handle.writeFile(content);
      if (sync) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  if (sync) await syncDirectoryOf(path);
}

/** Writes a file's name to the disk, so that the file has it after a crash. */
export async function syncDirectoryOf(path: string): Promise<void> {
  const handle = await open(dirname(path), 'r');
  try {
    await handle.sync();
  } catch {
    // Some file systems do not sync directories.
  } finally {
    await handle.close();
  }
}
