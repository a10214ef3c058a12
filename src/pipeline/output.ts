/** Where the output goes: standard output, or a file that has its name only when it is whole. */
import { existsSync, type Stats, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, runError, usageError } from '../errors.js';
import type { Input } from './input.js';

export interface Output {
  /** Resolves when more may be written; false when nobody reads any more. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** The output is whole. */
  finish(): Promise<void>;
  /** The output stays as far as it came. Returns where it stands, if it is kept anywhere. */
  abandon(): Promise<string | undefined>;
}

const partialOf = (path: string): string => `${path}.partial`;

/**
 * Refuses an output that cannot be, before anything is started.
 *
 * @param overwrite throw away what an unfinished run left
 * @param inputs files that must not be overwritten while they are read
 * @throws FatalError `usage`
 */
export function checkOutput(path: string, overwrite: boolean, inputs: readonly Input[]): void {
  if (path === '-') return;
  const compressed = /\.(gz|zst)$/i.exec(path)?.[1];
  if (compressed !== undefined) {
    throw usageError(
      `${path}: expected --output without .${compressed}, which is not written yet; ` +
        `leave it out and pack the output: reward-score … | ${compressed === 'gz' ? 'gzip' : 'zstd'} > ${path}`,
    );
  }
  checkDestination('--output', path, inputs);
  if (!isPlain(path)) return;
  const partial = partialOf(path);
  checkDestination('--output', partial, inputs);
  if (existsSync(partial) && !overwrite) {
    throw usageError(`${partial}: holds the work of an unfinished run; use --overwrite to throw it away, or move it`);
  }
}

/** Refuses a file to write that has no place, or is read from. */
export function checkDestination(flag: string, path: string, inputs: readonly Input[]): void {
  const stat = statOf(path);
  if (stat?.isDirectory()) throw usageError(`${path}: expected ${flag} to be a file, got a directory`);
  const folder = dirname(path);
  if (!statOf(folder)?.isDirectory()) {
    throw usageError(`${path}: expected ${flag} in a directory that is there, found no directory ${folder}`);
  }
  for (const input of inputs) {
    const other = input.path === '-' ? undefined : statOf(input.path);
    if (stat?.isFile() && other?.ino === stat.ino && other.dev === stat.dev) {
      throw usageError(`${path}: expected ${flag} to be another file than the input`);
    }
  }
}

/** @param path `-` for standard output */
export async function openOutput(path: string): Promise<Output> {
  if (path === '-') return standardOutput();
  return file(path, isPlain(path) ? partialOf(path) : undefined);
}

/** Whether it is, or would be, a regular file. /dev/null or a FIFO is written to directly. */
const isPlain = (path: string): boolean => statOf(path)?.isFile() ?? true;

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // a file where a directory should be, or one that may not be looked into
  }
}

function standardOutput(): Output {
  const { stdout } = process;
  let gone = false;
  let failure: Error | undefined;
  // A reader that has seen enough (`| head -1`) is no error. The event comes some time after the write.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') gone = true;
    else failure = error;
  });
  const settled = async (wait: boolean): Promise<boolean> => {
    if (wait && !gone && failure === undefined) {
      await drainedOrClosed(stdout);
    }
    if (failure !== undefined) throw runError(`standard output cannot be written: ${messageOf(failure)}`);
    return !gone;
  };
  return {
    write: (bytes) => settled(!stdout.write(bytes)),
    async finish() {
      await new Promise<void>((resolve) => stdout.write('', () => resolve()));
      await settled(false);
    },
    abandon: async () => undefined,
  };
}

/** Leaves no listener behind: a slow reader is waited for once a window, a million times in a long run. */
function drainedOrClosed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    const events = ['drain', 'close', 'error'] as const;
    const done = (): void => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
  });
}

async function file(path: string, partial: string | undefined): Promise<Output> {
  const written = partial ?? path;
  let handle: FileHandle;
  try {
    handle = await open(written, 'w');
  } catch (error) {
    throw usageError(`${written}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
  let bytesWritten = 0;
  return {
    async write(bytes) {
      try {
        await handle.writeFile(bytes);
      } catch (error) {
        throw runError(`${written}: cannot be written: ${messageOf(error)}`, { cause: error });
      }
      bytesWritten += bytes.length;
      return true;
    },
    async finish() {
      if (partial !== undefined) await handle.sync();
      await handle.close();
      if (partial !== undefined) await rename(partial, path);
    },
    async abandon() {
      await handle.close();
      if (partial === undefined) return undefined;
      if (bytesWritten > 0) return partial;
      await rm(partial, { force: true });
      return undefined;
    },
  };
}
