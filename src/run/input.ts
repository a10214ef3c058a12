/** One input, read as it comes: a file or standard input. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, type Stats, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import {
  type Compression,
  compressionOfBytes,
  compressionOfName,
  mayBePacked,
  SIGNATURE_BYTES,
} from '../compression/compression.js';
import { unpack } from '../compression/unpack.js';
import { messageOf, runError, usageError } from '../errors.js';
import {
  fileStart,
  type InputRecord,
  type Position,
  type RecordScanner,
  readRecords,
  recordAt,
} from '../rows/records.js';

const CHUNK_BYTES = 1 << 16;

export class Input {
  /** As the user named it; standard input is `-`. */
  readonly path: string;
  /** Bytes to come, where that is known: of a regular file. */
  readonly size: number | undefined;
  /** When a regular file was last changed, in milliseconds. */
  readonly modified: number | undefined;
  /** How its bytes are packed: known once it was looked at. */
  compression: Compression | undefined;
  /** Where rows begin: after the header, if there is one. */
  body: Position = fileStart;
  /** Of the file as it stands on disk. */
  bytesRead = 0;
  #hash: Hash = createHash('sha256');
  /** The file was read from its beginning to its end. */
  #whole = false;
  #stream: Readable | undefined;
  #source: AsyncGenerator<Buffer> | undefined;
  #stopped = false;
  /** Read while peeking, and not yet given out. */
  #peeked: Buffer[] = [];

  /** @throws FatalError `usage` where there is no such file */
  constructor(path: string) {
    this.path = path;
    const stat = path === '-' ? undefined : statFile(path);
    this.size = stat?.size;
    this.modified = stat?.mtimeMs;
  }

  get name(): string {
    return this.path === '-' ? 'standard input' : this.path;
  }

  /** Of the bytes on disk; undefined where not all were read. */
  get sha256(): string | undefined {
    return this.#whole ? this.#hash.copy().digest('hex') : undefined;
  }

  /** Bytes when unpacked, where that is known without reading them: of a regular file that is not packed. */
  get length(): number | undefined {
    return this.compression === undefined ? this.size : undefined;
  }

  /** Whether reading can begin anywhere. */
  get seekable(): boolean {
    return this.length !== undefined;
  }

  /**
   * Reads up to the end of the first record that is not blank; what was read is given out again by `content`.
   *
   * @param maxBytes a longer record is not looked at
   */
  async peekRecord(
    scanner: RecordScanner,
    isBlank: (record: InputRecord) => boolean,
    maxBytes: number,
  ): Promise<InputRecord | undefined> {
    for await (const batch of readRecords(this.#peek(maxBytes + 3), scanner, fileStart, maxBytes)) {
      const first = batch.ends.findIndex((_, i) => !isBlank(recordAt(batch, i)));
      if (first >= 0) return recordAt(batch, first);
    }
    return undefined;
  }

  /** Ends `content`, even while it waits for bytes that never come. */
  stop(): void {
    this.#stopped = true;
    this.#stream?.destroy();
  }

  /** Closes a file that was opened to be peeked at; it is opened again when its turn comes. A pipe stays open. */
  async reset(): Promise<void> {
    if (this.size === undefined) return;
    await this.#source?.return(undefined);
    this.#source = undefined;
    this.#peeked = [];
    this.bytesRead = 0;
    this.#hash = createHash('sha256');
  }

  /** The bytes from `from` on, unpacked. */
  async *content(from: number): AsyncGenerator<Buffer> {
    // Read from its beginning on, a file can be summed up: a header is not worth passing over.
    const seeks = from >= CHUNK_BYTES && this.seekable && this.#source === undefined;
    if (seeks) this.#source = this.#read(from);
    let skip = seeks ? 0 : from;
    try {
      for (;;) {
        const chunk = this.#peeked.shift() ?? (await this.#next());
        if (chunk === undefined) return;
        if (skip < chunk.length) yield skip === 0 ? chunk : chunk.subarray(skip);
        skip = Math.max(0, skip - chunk.length);
      }
    } finally {
      await this.#source?.return(undefined);
    }
  }

  /** Length of what the file holds, unpacked. It is read for it. */
  async measure(): Promise<number> {
    let length = 0;
    for await (const chunk of this.content(0)) length += chunk.length;
    await this.reset();
    return length;
  }

  async *#peek(atMost: number): AsyncGenerator<Buffer> {
    let bytes = 0;
    // What was looked at before.
    for (const chunk of [...this.#peeked]) {
      bytes += chunk.length;
      yield chunk;
    }
    while (bytes < atMost) {
      const chunk = await this.#next();
      if (chunk === undefined) return;
      this.#peeked.push(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }

  async #next(): Promise<Buffer | undefined> {
    if (this.#stopped) return undefined;
    this.#source ??= this.#unpacked();
    const { done, value } = await this.#source.next();
    return done ? undefined : value;
  }

  /** The bytes that the file holds, unpacked if its first ones say that they are packed. */
  async *#unpacked(): AsyncGenerator<Buffer> {
    const bytes = this.#read(0);
    let start: Buffer = Buffer.alloc(0);
    while (start.length < SIGNATURE_BYTES && mayBePacked(start)) {
      const { done, value } = await bytes.next();
      if (done) break;
      start = start.length === 0 ? value : Buffer.concat([start, value]);
    }
    this.compression = compressionOfBytes(start);
    const named = compressionOfName(this.path);
    if (named !== undefined && this.compression === undefined && start.length > 0) {
      throw usageError(
        `${this.name}: expected ${named}, as its name says, got something else; rename it if it is not packed`,
      );
    }
    const whole = chain(start, bytes);
    if (this.compression === undefined) {
      yield* whole;
      return;
    }
    try {
      yield* unpack(whole, this.compression, this.name);
    } catch (error) {
      if (!this.#stopped) throw error; // stopped, it only looks as if the file were cut
    }
  }

  /** The bytes on disk. */
  async *#read(from: number): AsyncGenerator<Buffer> {
    const { path } = this;
    const stream = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES, start: from });
    this.#stream = stream;
    let position = from;
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        position += chunk.length;
        this.bytesRead += chunk.length;
        this.#hash.update(chunk);
        yield chunk;
      }
    } catch (error) {
      if (this.#stopped) return;
      throw runError(`${this.name}: cannot be read: ${messageOf(error)}`, { cause: error });
    }
    if (this.#stopped) return;
    if (this.size !== undefined && position < this.size) {
      throw runError(
        `${path}: expected ${this.size} bytes, as many as there were at the start, got ${position}: ` +
          'the file was cut while it was read',
      );
    }
    this.#whole = from === 0;
  }
}

async function* chain(start: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (start.length > 0) yield start;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

/** undefined: something else than a regular file, of which nothing is known before it is read. */
function statFile(path: string): Stats | undefined {
  const stat = statOf(path);
  if (stat === undefined) throw usageError(`${path}: expected a file, found none of that name`);
  if (stat.isDirectory()) throw usageError(`${path}: expected a file, got a directory`);
  return stat.isFile() ? stat : undefined;
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
