/** A file of a data set as bytes that can be read from anywhere, by requests for parts of it. Nothing is kept on disk. */
import { FatalError, runError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import type { ByteSource } from '../../platform/byte-source.js';
import type { Variables } from '../environment.js';
import { type RetryOptions, RetryPolicy } from '../retries.js';
import { proxyHint, TransferError } from '../transfer-error.js';
import { ReadAhead } from './read-ahead.js';
import type { DatasetHub, ListedFile } from './routes.js';
import type { TailCache } from './tail-cache.js';

/** Of all regions of one file that are read at the same time, with what is fetched ahead of them. */
const HELD_BYTES = 1 << 26;
const LARGEST_PART_BYTES = 1 << 23;
const SMALLEST_PART_BYTES = 1 << 16;
/** What is said of a whole file stands at its end. */
const TAIL_BYTES = 1 << 16;

export interface SourceOptions {
  /** The file's address in messages. */
  readonly name: string;
  readonly commit: string;
  readonly file: ListedFile;
  readonly hub: DatasetHub;
  readonly retries: RetryOptions;
  readonly tails: TailCache;
  readonly variables: Variables;
  /** Called when it is closed: what is still being fetched ends. */
  readonly onClose: () => void;
}

export class RemoteSource implements ByteSource {
  readonly #options: SourceOptions;
  /** By the ends of their regions. */
  readonly #regions = new Map<number, ReadAhead>();

  constructor(options: SourceOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get size(): number {
    return this.#options.file.size;
  }

  async readAt(position: number, length: number, until = position + length): Promise<Buffer> {
    const end = Math.min(position + length, this.size);
    if (position >= end) return Buffer.alloc(0);
    const regionEnd = Math.min(Math.max(until, end), this.size);
    let region = this.#regions.get(regionEnd);
    if (region === undefined) {
      const kept = this.#inTail(position, end);
      if (kept !== undefined) return kept;
      if (regionEnd === end) {
        return end > this.size - TAIL_BYTES ? this.#readTail(position, end) : this.#fetch(position, end);
      }
      region = new ReadAhead({
        end: regionEnd,
        mostBytes: () => this.#partBytes(),
        fetch: (from, to) => this.#fetch(from, to),
      });
      this.#regions.set(regionEnd, region);
    }
    const bytes = await region.read(position, end - position);
    if (end === regionEnd) this.#regions.delete(regionEnd);
    return bytes;
  }

  async close(): Promise<void> {
    this.#regions.clear();
    this.#options.onClose();
  }

  /** Two parts of each region are held: the one in use and the next. */
  #partBytes(): number {
    const share = Math.floor(HELD_BYTES / (2 * Math.max(1, this.#regions.size)));
    return Math.max(SMALLEST_PART_BYTES, Math.min(LARGEST_PART_BYTES, share));
  }

  /** Reads on to the end of the file, and keeps that. */
  async #readTail(position: number, end: number): Promise<Buffer> {
    const { tails, name } = this.#options;
    const start = Math.min(position, Math.max(0, this.size - TAIL_BYTES));
    const tail = await this.#fetch(start, this.size);
    tails.keep(name, tail);
    return tail.subarray(position - start, end - start);
  }

  /** What is asked for, where it is of the file's end, and that is kept. */
  #inTail(position: number, end: number): Buffer | undefined {
    const tail = this.#options.tails.get(this.name);
    const start = this.size - (tail?.length ?? 0);
    return tail !== undefined && position >= start ? tail.subarray(position - start, end - start) : undefined;
  }

  /** @throws FatalError `run` where the bytes cannot be had */
  async #fetch(start: number, end: number): Promise<Buffer> {
    const { hub, commit, file, retries } = this.#options;
    const bytes = Buffer.allocUnsafe(end - start);
    const policy = new RetryPolicy(retries);
    for (let done = 0; ; ) {
      try {
        const answer = await hub.range(commit, file, start + done, end);
        for await (const piece of answer.body()) {
          if (done + piece.length > bytes.length) {
            throw runError(`${this.name}: expected ${bytes.length} bytes from ${answer.host}, got more; try again`);
          }
          bytes.set(piece, done);
          done += piece.length;
          policy.reset();
        }
        if (done === bytes.length) return bytes;
        throw new TransferError(`${answer.host} ended the connection early`);
      } catch (error) {
        await this.#waitAfter(error, policy);
      }
    }
  }

  async #waitAfter(error: unknown, policy: RetryPolicy): Promise<void> {
    if (!(error instanceof TransferError)) {
      if (error instanceof FatalError && error.kind === 'usage') throw runError(error.message, { cause: error });
      throw error;
    }
    try {
      await policy.waitAfter(error);
    } catch (last) {
      if (last !== error) throw last;
      const advice = error.unreachable ? proxyHint(this.#options.variables) : '';
      throw runError(
        `${this.name}: ${error.message}, and trying again did not help; ${optionName('resume')} goes on with what is done${advice}`,
        { cause: error },
      );
    }
  }
}
