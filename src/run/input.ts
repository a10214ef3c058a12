/** One input, a file or standard input, whose bytes are read as they arrive. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, type Stats, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { messageOf, runError, usageError } from '../errors.js';
import { type ByteSource, openFileSource, readOn } from '../platform/byte-source.js';
import type { RemoteFile } from '../platform/remote-file.js';
import type { StandardStreams } from '../platform/standard-streams.js';
import type { Container, EncodedFile, FileColumn, FilePart } from '../rows/container.js';
import { arrayToLines, beginsArray } from '../rows/json-array.js';
import type { Row } from '../rows/kinds/roles.js';
import {
  fileStart,
  type InputRecord,
  type Position,
  type RecordScanner,
  readRecords,
  recordAt,
} from '../rows/records.js';
import { containerOfBytes, containerOfName, isUndecided } from './containers.js';

const CHUNK_BYTES = 1 << 16;

/** Where an input is: a path, `-` for standard input, or a file of another machine. */
export type InputPlace = string | RemoteFile;

export const pathOf = (place: InputPlace): string => (typeof place === 'string' ? place : place.path);

export class Input {
  /** The path that the user gave, or the address of a file that is not on this machine; standard input is `-`. */
  readonly path: string;
  /** Undefined where it is on this machine. */
  readonly remote: RemoteFile | undefined;
  /** Bytes of the file; undefined where it is not a regular one. */
  readonly size: number | undefined;
  /** When the file was last changed, in milliseconds; undefined where that is not known. */
  readonly modified: number | undefined;
  /** The container of its records, known once the beginning was read; undefined where there is none. */
  container: Container | undefined;
  /** Whether its content is a JSON array, of which each element is a record, where it begins as one. */
  mayBeArray = false;
  /** Whether it is one, known once the beginning was read. */
  isArray = false;
  /** The columns that are wanted of a container with columns; undefined: all are. */
  columns: ReadonlySet<string> | undefined;
  /** Where rows begin, after the header if there is one. */
  body: Position = fileStart;
  /** The first row, where the beginning was read and it can be parsed; of columns, one without values. */
  first: { readonly row: Row; readonly line: number | null } | undefined;
  /** Number of bytes of the file on disk that were read. */
  bytesRead = 0;
  readonly #streams: StandardStreams;
  #hash: Hash = createHash('sha256');
  /** Whether the file was read from its beginning to its end. */
  #whole = false;
  #stream: Readable | undefined;
  #source: AsyncGenerator<Buffer> | undefined;
  #stopped = false;
  /** Ends what is being read of a remote file. */
  readonly #abort = new AbortController();
  /** Whether its content was read to the end since it was opened. */
  #isAtEnd = false;
  /** Chunks that were read while peeking and not yet yielded. */
  #peeked: Buffer[] = [];

  /** @throws FatalError `usage` where there is no such file */
  constructor(place: InputPlace, streams: StandardStreams) {
    const path = pathOf(place);
    this.path = path;
    this.remote = typeof place === 'string' ? undefined : place;
    this.#streams = streams;
    const stat = path === '-' || this.remote !== undefined ? undefined : statFile(path);
    this.size = this.remote?.size ?? stat?.size;
    this.modified = stat?.mtimeMs;
  }

  get name(): string {
    return this.path === '-' ? 'standard input' : this.path;
  }

  /** Digest of the bytes on disk; undefined where not all were read. */
  get sha256(): string | undefined {
    return this.#whole ? this.#hash.copy().digest('hex') : undefined;
  }

  /** Bytes of its records, which are known without reading only for a regular file without a container. */
  get length(): number | undefined {
    return this.container === undefined && !this.isArray ? this.size : undefined;
  }

  /** Whether reading can begin anywhere. */
  get seekable(): boolean {
    return this.length !== undefined;
  }

  /**
   * Reads up to the end of the first record that is not blank; `content` yields the same bytes again.
   *
   * @param maxBytes a longer record is not read
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

  /** The first bytes of its content, as many or all; `content` yields them again. */
  async peekBytes(atLeast: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.#peek(atLeast)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** Whether all records are blank; if `maxBytes` do not suffice to see that, they are not. */
  async hasNoRecord(
    scanner: RecordScanner,
    isBlank: (record: InputRecord) => boolean,
    maxBytes: number,
  ): Promise<boolean> {
    const found = await this.peekRecord(scanner, isBlank, maxBytes);
    const isEmpty = found === undefined && this.#isAtEnd;
    await this.reset();
    return isEmpty;
  }

  /** Ends `content`, even while it waits for bytes that never come. */
  stop(): void {
    this.#stopped = true;
    this.#stream?.destroy();
    this.#abort.abort(new Error(`${this.name} is not read any more`));
  }

  /** Closes a file that was opened for peeking; it is opened again when its turn comes. A pipe stays open. */
  async reset(): Promise<void> {
    if (this.size === undefined) return;
    await this.#source?.return(undefined);
    this.#source = undefined;
    this.#isAtEnd = false;
    this.#peeked = [];
    this.bytesRead = 0;
    this.#hash = createHash('sha256');
  }

  /** Yields the bytes of its records from `from` on. */
  async *content(from: number): AsyncGenerator<Buffer> {
    // Only a file that is read from its beginning has a digest, so that a header is read and not skipped by seeking.
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

  /** Reads the file to learn the length of its records in bytes. */
  async measure(): Promise<number> {
    let length = 0;
    for await (const chunk of this.content(0)) length += chunk.length;
    await this.reset();
    return length;
  }

  /** The parts of a file whose container has parts, to be read one by one. */
  async parts(): Promise<readonly FilePart[]> {
    await this.peekContainer();
    const parts = await this.container?.readParts?.(this.#encoded(noChunks()));
    if (parts === undefined) throw new Error(`${this.name} has no parts`);
    return parts;
  }

  /** Yields the bytes of the records of one of its parts. */
  async *partContent(part: number, isLast: boolean): AsyncGenerator<Buffer> {
    if (this.#stopped) return;
    try {
      for await (const chunk of this.container?.decode(this.#encoded(noChunks()), part) ?? noChunks()) {
        if (this.#stopped) return;
        yield chunk;
      }
      if (isLast && this.remote === undefined) for await (const _ of this.#read(0));
    } catch (error) {
      if (!this.#stopped) throw error;
    }
  }

  /** The columns of a file whose container knows them before any row. */
  async columnsOfFile(): Promise<readonly FileColumn[] | undefined> {
    await this.peekContainer();
    return this.container?.readColumns?.(this.#encoded(noChunks()));
  }

  /** Finds out which container its records are in, and closes it again. */
  async peekContainer(): Promise<void> {
    if (this.container !== undefined) return;
    await this.#next();
    await this.reset();
  }

  /** Opens a regular file for reading from anywhere; that is not ended by `stop`. */
  async open(): Promise<ByteSource> {
    return this.remote?.open() ?? openFileSource(this.path);
  }

  #encoded(chunks: AsyncIterable<Buffer>): EncodedFile {
    const { path, name, columns, remote } = this;
    const open = async (): Promise<ByteSource> => remote?.open(this.#abort.signal) ?? openFileSource(path);
    return { name, chunks, columns, open: this.size === undefined ? undefined : open };
  }

  async *#peek(atMost: number): AsyncGenerator<Buffer> {
    let bytes = 0;
    // These chunks were read while peeking.
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
    this.#source ??= this.mayBeArray ? this.#elements() : this.#decoded();
    const { done = false, value } = await this.#source.next();
    this.#isAtEnd = done;
    return done ? undefined : value;
  }

  /** Yields the elements of an array as lines, and other content as it is. */
  async *#elements(): AsyncGenerator<Buffer> {
    const content = this.#decoded();
    let start: Buffer = Buffer.alloc(0);
    while (beginsArray(start) === undefined) {
      const { done, value } = await content.next();
      if (done) break;
      start = Buffer.concat([start, value]);
    }
    this.isArray = beginsArray(start) ?? false;
    const chunks = chain(start, content);
    try {
      yield* this.isArray ? arrayToLines(chunks, this.name) : chunks;
    } catch (error) {
      if (!this.#stopped) throw error; // Where the run has stopped reading, the array only seems not to be closed.
    }
  }

  /** Yields the bytes of the records, decoded if the file's first bytes say that they are in a container. */
  async *#decoded(): AsyncGenerator<Buffer> {
    const bytes = this.#read(0);
    let start: Buffer = Buffer.alloc(0);
    while (isUndecided(start)) {
      const { done, value } = await bytes.next();
      if (done) break;
      start = start.length === 0 ? value : Buffer.concat([start, value]);
    }
    this.container = containerOfBytes(start);
    const named = containerOfName(this.path);
    if (named !== undefined && this.container === undefined && start.length > 0) {
      throw usageError(
        `${this.name}: expected ${named.name}, as its name says, got something else; rename it if it is not compressed`,
      );
    }
    const chunks = chain(start, bytes);
    if (this.container === undefined) {
      yield* chunks;
      return;
    }
    try {
      yield* this.container.decode(this.#encoded(chunks));
      // What was read from anywhere is read once more in order, for the digest, where that is no download.
      if (this.remote === undefined || this.container.readParts === undefined) for await (const _ of chunks);
    } catch (error) {
      if (!this.#stopped) throw error; // Where the run has stopped reading, the file only seems to be cut.
    } finally {
      await bytes.return(undefined);
    }
  }

  /** Yields the bytes on disk. */
  async *#read(from: number): AsyncGenerator<Buffer> {
    const { path } = this;
    if (this.remote !== undefined) {
      yield* this.#readRemote(this.remote, from);
      return;
    }
    const stream =
      path === '-' ? this.#streams.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES, start: from });
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

  async *#readRemote(remote: RemoteFile, from: number): AsyncGenerator<Buffer> {
    const source = remote.open(this.#abort.signal);
    try {
      for await (const chunk of readOn(source, from, CHUNK_BYTES)) {
        this.bytesRead += chunk.length;
        this.#hash.update(chunk);
        yield chunk;
      }
    } catch (error) {
      if (this.#stopped) return;
      throw error;
    } finally {
      await source.close();
    }
    this.#whole = from === 0;
    if (this.#whole && /^[0-9a-f]{64}$/.test(remote.etag) && this.sha256 !== remote.etag) {
      throw runError(
        `${remote.path}: expected the content with the sha256 ${remote.etag}, as the hub lists it, got ${this.sha256}: ` +
          'it was damaged on its way; try again',
      );
    }
  }
}

async function* noChunks(): AsyncGenerator<Buffer> {}

async function* chain(start: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (start.length > 0) yield start;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

/** Undefined where it is not a regular file, so that nothing is known before it is read. */
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
    // The path leads through a file: newer versions of Node count it as absent too.
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw usageError(`${path}: expected a file that can be read: ${messageOf(error)}`, { cause: error });
  }
}
