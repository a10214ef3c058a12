/** One input, read as it comes: a file or standard input. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, type Stats, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { messageOf, runError, usageError } from '../errors.js';
import { type InputRecord, type RecordScanner, splitRecords } from '../rows/records.js';

const CHUNK_BYTES = 1 << 20;

export class Input {
  /** As the user named it; standard input is `-`. */
  readonly path: string;
  /** Bytes to come, where that is known. */
  readonly size: number | undefined;
  bytesRead = 0;
  readonly #hash: Hash | undefined;
  #stream: Readable | undefined;
  #source: AsyncIterator<Buffer> | undefined;
  #stopped = false;
  /** Read while peeking, and not yet given out. */
  #peeked: Buffer[] = [];

  /**
   * @param hashed keep a sha256 of the bytes read
   * @throws FatalError `usage` where there is no such file
   */
  constructor(path: string, hashed: boolean) {
    this.path = path;
    this.size = path === '-' ? undefined : sizeOf(path);
    this.#hash = hashed ? createHash('sha256') : undefined;
  }

  get name(): string {
    return this.path === '-' ? 'standard input' : this.path;
  }

  /** Of the bytes read so far. */
  get sha256(): string | undefined {
    return this.#hash?.copy().digest('hex');
  }

  /** Reads up to the end of the first record that is not blank; what was read is given out again by `chunks`. */
  async peekRecord(
    newScanner: () => RecordScanner,
    isBlank: (record: InputRecord) => boolean,
  ): Promise<InputRecord | undefined> {
    for (;;) {
      const read = Buffer.concat(this.#peeked);
      for (const record of splitRecords(read, 1, newScanner())) {
        if (record.lineEnd.length > 0 && !isBlank(record)) return record;
      }
      // Twice as much each time: a first record of megabytes is not looked through for every chunk of it.
      if ((await this.#readMore(Math.max(1, read.length))) === 0) {
        return [...splitRecords(read, 1, newScanner())].find((record) => !isBlank(record));
      }
    }
  }

  /** Ends `chunks`, even while it waits for bytes that never come. */
  stop(): void {
    this.#stopped = true;
    this.#stream?.destroy();
  }

  /** Closes a file that was opened to be peeked at; it is opened again when its turn comes. A pipe stays open. */
  async reset(): Promise<void> {
    if (this.size === undefined) return;
    await this.#source?.return?.();
    this.#source = undefined;
    this.#stream = undefined;
    this.#peeked = [];
  }

  async *chunks(): AsyncGenerator<Buffer> {
    try {
      for (const chunk of this.#peeked.splice(0)) yield this.#count(chunk);
      for (;;) {
        const chunk = await this.#next();
        if (chunk === undefined) return;
        yield this.#count(chunk);
      }
    } finally {
      await this.#source?.return?.();
    }
  }

  async #readMore(atLeast: number): Promise<number> {
    let read = 0;
    while (read < atLeast) {
      const chunk = await this.#next();
      if (chunk === undefined) break;
      this.#peeked.push(chunk);
      read += chunk.length;
    }
    return read;
  }

  async #next(): Promise<Buffer | undefined> {
    try {
      if (this.#stopped) return undefined;
      this.#stream ??= this.path === '-' ? process.stdin : createReadStream(this.path, { highWaterMark: CHUNK_BYTES });
      this.#source ??= this.#stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
      const { done, value } = await this.#source.next();
      return done ? undefined : value;
    } catch (error) {
      if (this.#stopped) return undefined;
      throw runError(`${this.name}: cannot be read: ${messageOf(error)}`, { cause: error });
    }
  }

  #count(chunk: Buffer): Buffer {
    this.bytesRead += chunk.length;
    this.#hash?.update(chunk);
    return chunk;
  }
}

function sizeOf(path: string): number | undefined {
  const stat = statOf(path);
  if (stat === undefined) throw usageError(`${path}: expected a file, found none of that name`);
  if (stat.isDirectory()) throw usageError(`${path}: expected a file, got a directory`);
  return stat.isFile() ? stat.size : undefined;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // A path below a file: newer versions of Node count it as absent too.
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw usageError(`${path}: expected a file that can be read: ${messageOf(error)}`, { cause: error });
  }
}
