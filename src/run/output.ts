/** Where the output goes: standard output, or a file that has its name only when it is whole. */
import { realpathSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { compressMember } from '../compression/compress.js';
import { type Compression, compressionOfName } from '../compression/compression.js';
import { messageOf, runError, usageError } from '../errors.js';
import { statOrUndefined, syncDirectoryOf } from '../platform/files.js';
import { AppendedFile } from './appended-file.js';
import type { Input } from './input.js';
import { runFileOf } from './run-file.js';

export interface Output {
  /** Bytes that stand in the file. */
  readonly position: number;
  /** Resolves when more may be written; false when nobody reads any more. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** Resolves when what was written would outlast a power cut. */
  sync(): Promise<void>;
  /**
   * The output is whole.
   *
   * @param beforeNamed awaited when all bytes are safe, before the file gets its name
   */
  finish(beforeNamed?: () => Promise<void>): Promise<void>;
  /** The output stays as far as it came. */
  abandon(): Promise<void>;
}

/** Where work in progress stands. */
export const partialOf = (path: string): string => `${path}.partial`;

/**
 * Refuses an output that cannot be, before anything is started.
 *
 * @param inputs files that must not be overwritten while they are read
 * @throws FatalError `usage`
 */
export function checkOutput(path: string, inputs: readonly Input[]): void {
  if (path === '-') return;
  checkDestination('--output', path, inputs);
  if (!isPlain(path)) return;
  for (const own of [partialOf(path), runFileOf(path)]) checkDestination('--output', own, inputs);
}

/** Refuses a file to write that has no place, or is read from. */
export function checkDestination(flag: string, path: string, inputs: readonly Input[]): void {
  const stat = statOrUndefined(path);
  if (stat?.isDirectory()) throw usageError(`${path}: expected ${flag} to be a file, got a directory`);
  const folder = dirname(path);
  if (!statOrUndefined(folder)?.isDirectory()) {
    throw usageError(`${path}: expected ${flag} in a directory that is there, found no directory ${folder}`);
  }
  for (const input of inputs) {
    const other = input.path === '-' ? undefined : statOrUndefined(input.path);
    if (stat?.isFile() && other?.ino === stat.ino && other.dev === stat.dev) {
      throw usageError(`${path}: expected ${flag} to be another file than the input`);
    }
  }
}

/**
 * An output that packs what is written to it, if its name says so.
 *
 * @param path `-` for standard output
 * @param kept bytes of an unfinished output to go on after
 */
export async function openOutput(path: string, kept?: number): Promise<Output> {
  const output = await openPlainOutput(path, kept);
  const compression = compressionOfName(path);
  return compression === undefined ? output : packed(output, compression);
}

/** The same for bytes that are packed already. */
export async function openPlainOutput(path: string, kept?: number): Promise<Output> {
  if (path === '-') return standardOutput();
  return isPlain(path) ? new NamedWhenWhole(path, await AppendedFile.open(partialOf(path), kept)) : special(path);
}

/** Each write is a member of its own: windows can be cut off, gone on with, and joined with those of another file. */
const packed = (output: Output, compression: Compression): Output => ({
  get position() {
    return output.position;
  },
  async write(bytes) {
    return bytes.length === 0 || output.write(await compressMember(bytes, compression));
  },
  sync: () => output.sync(),
  async finish(beforeNamed) {
    // A file of no bytes is not a packed one.
    if (output.position === 0) await output.write(await compressMember(new Uint8Array(), compression));
    await output.finish(beforeNamed);
  },
  abandon: () => output.abandon(),
});

/** Of a run that writes nothing. */
export const nowhere: Output = {
  position: 0,
  write: async () => true,
  sync: async () => undefined,
  finish: async () => undefined,
  abandon: async () => undefined,
};

/**
 * Whether it is, or would be, a regular file that can be replaced by another one. /dev/null or a FIFO is written to
 * directly, and so is what the system shows there of a file that is open already (/dev/stdout).
 */
export const isPlain = (path: string): boolean =>
  !/^\/(?:dev|proc)\//.test(resolve(path)) && (statOrUndefined(path)?.isFile() ?? true);

/** Where a link leads to: the file there is replaced, and not the link. */
export function followLinks(path: string): string {
  if (path === '-' || !isPlain(path)) return path;
  try {
    return realpathSync(path);
  } catch {
    return path; // nothing is there yet
  }
}

function standardOutput(): Output {
  const { stdout } = process;
  let position = 0;
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
    get position() {
      return position;
    },
    write(bytes) {
      position += bytes.length;
      return settled(!stdout.write(bytes));
    },
    sync: async () => undefined,
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

/** Written directly: there is no name to give it when it is whole, and no going on with it. */
async function special(path: string): Promise<Output> {
  const file = await AppendedFile.open(path);
  return {
    get position() {
      return file.position;
    },
    async write(bytes) {
      try {
        await file.write(bytes);
        return true;
      } catch (error) {
        // A FIFO whose reader has seen enough.
        if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'EPIPE') return false;
        throw error;
      }
    },
    sync: async () => undefined,
    finish: () => file.close(),
    abandon: () => file.abandon(),
  };
}

class NamedWhenWhole implements Output {
  readonly #path: string;
  readonly #file: AppendedFile;

  constructor(path: string, file: AppendedFile) {
    this.#path = path;
    this.#file = file;
  }

  get position(): number {
    return this.#file.position;
  }

  async write(bytes: Uint8Array): Promise<boolean> {
    await this.#file.write(bytes);
    return true;
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  async finish(beforeNamed?: () => Promise<void>): Promise<void> {
    await this.#file.sync();
    await beforeNamed?.();
    await this.#file.close();
    await nameWhole(this.#path);
  }

  abandon(): Promise<void> {
    return this.#file.abandon();
  }
}

/** Gives an output that is whole its name. */
export async function nameWhole(path: string): Promise<void> {
  try {
    await rename(partialOf(path), path);
  } catch (error) {
    throw runError(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
  await syncDirectoryOf(path);
}
