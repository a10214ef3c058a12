/** Where the output goes: standard output, or a file that gets its name only when it is whole. */

import { rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { messageOf, runError } from '../errors.js';
import { syncDirectoryOf } from '../platform/files.js';
import type { StandardStreams } from '../platform/standard-streams.js';
import type { ByteSink, Encoder } from '../rows/container.js';
import { AppendedFile } from './appended-file.js';
import { containerOfName } from './containers.js';
import type { FilePosition } from './file-position.js';
import { assembledOf, isPlain, partialOf } from './output-path.js';
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

/** Makes the output of the work, of the file in which records were written the one that is to get the name; returns its length. */
export type Assemble = (work: string, target: string, statistics: RunStatistics) => Promise<number>;

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
