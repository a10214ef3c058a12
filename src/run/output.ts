/** Where the output goes: standard output, or a file that gets its name only when it is whole. */

import { readlinkSync, realpathSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { messageOf, runError, usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import { statOrUndefined, syncDirectoryOf } from '../platform/files.js';
import type { StandardStreams } from '../platform/standard-streams.js';
import type { ByteSink, Encoder } from '../rows/container.js';
import { AppendedFile } from './appended-file.js';
import { claimFileOf } from './claim-output.js';
import { containerOfName } from './containers.js';
import type { FilePosition } from './file-position.js';
import type { Input } from './input.js';
import { runFileOf } from './run-file.js';
import type { RunStatistics } from './statistics.js';

export interface Output {
  /** Number of bytes that were written. */
  readonly position: number;
  /** Number of bytes in the file once it is finished. */
  readonly size: number;
  /** The last bytes, as `AppendedFile` has them; empty where a run cannot be resumed. */
  readonly tail: Uint8Array;
  /** Writes records. Resolves when more may be written, to false when the reader is gone. */
  write(records: Uint8Array): Promise<boolean>;
  /** Writes bytes of whole windows from another output in the same container. */
  writeEncoded(bytes: Uint8Array): Promise<boolean>;
  /** Resolves when the written bytes would survive a power cut. */
  sync(): Promise<void>;
  /**
   * To be called when the output is whole.
   *
   * @param beforeNamed awaited when all bytes are on the disk, before the file gets its name
   */
  finish(beforeNamed?: () => Promise<void>): Promise<void>;
  /** Ends an incomplete output, which stays as it is. */
  abandon(): Promise<void>;
}

/** An output without its container. */
type EncodedOutput = Omit<Output, 'writeEncoded'>;

/** The file that holds work in progress until the output is whole. */
export const partialOf = (path: string): string => `${path}.partial`;

/** The file that is made of the work when all of it is there, for an output that is not the work itself. */
export const assembledOf = (path: string): string => `${path}.assembled`;

/** Makes the output of the work, of the file in which records were written the one that is to get the name; returns its length. */
export type Assemble = (work: string, target: string, statistics: RunStatistics) => Promise<number>;

/**
 * Refuses an impossible output before anything is started.
 *
 * @param inputs files that must not be overwritten while they are read
 * @throws FatalError `usage`
 */
export function checkOutput(path: string, inputs: readonly Input[]): void {
  if (path === '-') return;
  checkDestination(optionName('output'), path, inputs);
  if (!isPlain(path)) return;
  for (const own of ownFilesOf(path)) checkDestination(optionName('output'), own, inputs);
}

/** The files of a run beside its output. */
const ownFilesOf = (output: string): string[] => [
  partialOf(output),
  assembledOf(output),
  runFileOf(output),
  claimFileOf(output),
];

/**
 * Refuses to write two outputs to one file, however they are named.
 *
 * @param others what is written besides the output, by the flag that names it
 * @throws FatalError `usage`
 */
export function checkDistinct(output: string, others: Readonly<Record<string, string | undefined>>): void {
  const written = new Map([output, ...ownFilesOf(output)].map((path) => [placeOf(path), optionName('output')]));
  for (const [flag, path] of Object.entries(others)) {
    if (path === undefined) continue;
    const other = written.get(placeOf(path));
    if (other !== undefined) throw usageError(`${path}: expected ${flag} to be another file than ${other}`);
    written.set(placeOf(path), flag);
  }
}

/** A path that is the same for two paths which lead to one file, whether or not the file exists yet. */
function placeOf(path: string): string {
  const stat = statOrUndefined(path);
  if (stat?.isFile()) return `${stat.dev}:${stat.ino}`;
  if (stat !== undefined) return resolve(path);
  const place = followLinks(path);
  return join(realPathOf(dirname(place)) ?? resolve(dirname(place)), basename(place));
}

/** Refuses to write a file in a directory that does not exist, or one that is read. */
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
 * Opens an output in the container that its name announces.
 *
 * @param path `-` for standard output
 * @param start where an unfinished output is continued
 * @param assemble for an output that is made of the records when all of them are there; it is a regular file
 */
export async function openOutput(
  path: string,
  streams: StandardStreams,
  start?: FilePosition,
  assemble?: (work: string, target: string) => Promise<number>,
): Promise<Output> {
  if (assemble !== undefined) {
    const work = await AppendedFile.open(partialOf(path), start);
    const output = new AssembledWhenWhole(path, work, assemble);
    return encoded(output, plainEncoder(output));
  }
  const output = await openEncodedOutput(path, streams, start);
  return encoded(output, containerOfName(path)?.encoder(output) ?? plainEncoder(output));
}

async function openEncodedOutput(path: string, { stdout }: StandardStreams, start?: FilePosition) {
  if (path === '-') return standardOutput(stdout);
  return isPlain(path) ? new NamedWhenWhole(path, await AppendedFile.open(partialOf(path), start)) : special(path);
}

/** Writes records unchanged. */
export const plainEncoder = (sink: ByteSink): Encoder => ({
  append: (records) => sink.write(records),
  appendEncoded: (bytes) => sink.write(bytes),
  finish: async () => true,
});

const encoded = (output: EncodedOutput, encoder: Encoder): Output => ({
  get position() {
    return output.position;
  },
  get size() {
    return output.size;
  },
  get tail() {
    return output.tail;
  },
  write: (records) => encoder.append(records),
  writeEncoded: (bytes) => encoder.appendEncoded(bytes),
  sync: () => output.sync(),
  async finish(beforeNamed) {
    await encoder.finish();
    await output.finish(beforeNamed);
  },
  abandon: () => output.abandon(),
});

/**
 * Whether it is, or would be, a regular file that can be replaced by another one. /dev/null or a FIFO is written to
 * directly, and so are the system's names of files that are already open (/dev/stdout).
 */
export const isPlain = (path: string): boolean =>
  !/^\/(?:dev|proc)\//.test(resolve(path)) && (statOrUndefined(path)?.isFile() ?? true);

/**
 * Follows a link: the file to which it leads is replaced, and not the link. That file need not exist yet.
 *
 * @throws FatalError `usage` where links lead in a circle
 */
export function followLinks(path: string): string {
  if (path === '-' || !isPlain(path)) return path;
  let place = path;
  // Linux follows as many links (man 7 path_resolution).
  for (let links = 0; links <= 40; links++) {
    const found = realPathOf(place);
    if (found !== undefined) return found;
    const target = linkTargetOf(place);
    if (target === undefined) {
      const folder = realPathOf(dirname(place));
      // Without its folder the file cannot be written, and the message names it as the user did.
      return folder === undefined || place === path ? place : join(folder, basename(place));
    }
    place = resolve(realPathOf(dirname(place)) ?? dirname(place), target);
  }
  throw usageError(`${path}: expected a file, got links that lead in a circle`);
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined; // It does not exist, or not yet.
  }
}

function linkTargetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // It is not a link.
  }
}

function standardOutput(stdout: Writable): EncodedOutput {
  let position = 0;
  let gone = false;
  let failure: Error | undefined;
  // A reader that has seen enough (`| head -1`) is not an error. The event comes some time after the write.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') gone = true;
    else failure = error;
  });
  const isRead = async (wait: boolean): Promise<boolean> => {
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
    get size() {
      return position;
    },
    tail: new Uint8Array(),
    write(bytes) {
      position += bytes.length;
      return isRead(!stdout.write(bytes));
    },
    sync: async () => undefined,
    async finish() {
      await new Promise<void>((resolve) => stdout.write('', () => resolve()));
      await isRead(false);
    },
    abandon: async () => undefined,
  };
}

/** Removes its listeners, because a long run may wait for a slow reader a million times, once for each window. */
function drainedOrClosed(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const events = ['drain', 'close', 'error'] as const;
    const done = (): void => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
  });
}

/** Writes to a special file directly: it cannot be renamed when it is whole, and a run cannot resume it. */
async function special(path: string): Promise<EncodedOutput> {
  const file = await AppendedFile.open(path);
  return {
    get position() {
      return file.position;
    },
    get size() {
      return file.position;
    },
    tail: new Uint8Array(),
    async write(bytes) {
      try {
        await file.write(bytes);
        return true;
      } catch (error) {
        // The reader of a FIFO has seen enough.
        if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'EPIPE') return false;
        throw error;
      }
    },
    sync: async () => undefined,
    finish: () => file.close(),
    abandon: () => file.abandon(),
  };
}

class NamedWhenWhole implements EncodedOutput {
  readonly #path: string;
  readonly #file: AppendedFile;

  constructor(path: string, file: AppendedFile) {
    this.#path = path;
    this.#file = file;
  }

  get position(): number {
    return this.#file.position;
  }

  get size(): number {
    return this.#file.position;
  }

  get tail(): Uint8Array {
    return this.#file.tail;
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

/** The work is a file of its own, and stays until the output that is made of it has its name. */
class AssembledWhenWhole implements EncodedOutput {
  readonly #path: string;
  readonly #work: AppendedFile;
  readonly #assemble: (work: string, target: string) => Promise<number>;
  #size: number | undefined;

  constructor(path: string, work: AppendedFile, assemble: (work: string, target: string) => Promise<number>) {
    this.#path = path;
    this.#work = work;
    this.#assemble = assemble;
  }

  get position(): number {
    return this.#work.position;
  }

  get size(): number {
    return this.#size ?? this.#work.position;
  }

  get tail(): Uint8Array {
    return this.#work.tail;
  }

  async write(bytes: Uint8Array): Promise<boolean> {
    await this.#work.write(bytes);
    return true;
  }

  sync(): Promise<void> {
    return this.#work.sync();
  }

  async finish(beforeNamed?: () => Promise<void>): Promise<void> {
    await this.#work.sync();
    const target = assembledOf(this.#path);
    try {
      this.#size = await this.#assemble(this.#work.path, target);
    } catch (error) {
      await rm(target, { force: true });
      throw error;
    }
    await beforeNamed?.();
    await this.#work.close();
    await nameAssembled(this.#path);
  }

  abandon(): Promise<void> {
    return this.#work.abandon();
  }
}

/** Gives an assembled output its name, and removes the work that it was made of. */
export async function nameAssembled(path: string): Promise<void> {
  await giveName(assembledOf(path), path);
  await rm(partialOf(path), { force: true });
}

/** Gives a whole output its name. */
export const nameWhole = (path: string): Promise<void> => giveName(partialOf(path), path);

async function giveName(whole: string, path: string): Promise<void> {
  try {
    await rename(whole, path);
  } catch (error) {
    throw runError(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
  await syncDirectoryOf(path);
}
