/** Decompresses gzip (RFC 1952) with Node's zlib, off the main thread. */
import { createGunzip, type Gunzip } from 'node:zlib';
import { messageOf } from '../errors.js';
import { cut, damaged, trailing } from './damage.js';

const OUTPUT_BYTES = 1 << 18;
/** Bytes given to zlib at once: a damaged file loses up to so many, and messages give the place to so many. */
const SLICE_BYTES = 1 << 14;

/** Reads members one after another, and zeros after the last, as tape drives and some tools leave them. */
export async function* gunzip(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer, void, undefined> {
  const stream = new GunzipStream(name);
  try {
    for await (const chunk of chunks) {
      for (let start = 0; start < chunk.length; start += SLICE_BYTES) {
        yield* stream.write(chunk.subarray(start, start + SLICE_BYTES));
      }
    }
    yield* stream.end();
  } finally {
    stream.close();
  }
}

/**
 * zlib's stream, driven by hand: a pipe throws away what it holds when an error comes, and so would lose the last rows
 * of a file that was cut.
 */
class GunzipStream {
  readonly #name: string;
  readonly #zlib: Gunzip = createGunzip({ chunkSize: OUTPUT_BYTES });
  /** Bytes given to it, of which all but the last slice are decompressed. */
  #offset = 0;
  #ended = false;
  #failure: unknown;
  #wake: () => void = () => undefined;

  constructor(name: string) {
    this.#name = name;
    this.#zlib.on('readable', () => this.#wake());
    this.#zlib.on('end', () => {
      this.#ended = true;
      this.#wake();
    });
    this.#zlib.on('error', (error) => {
      this.#failure = error;
      this.#wake();
    });
  }

  async *write(slice: Buffer): AsyncGenerator<Buffer, void, undefined> {
    let taken = 0;
    if (!this.#ended) {
      let done = false;
      this.#zlib.write(slice, () => {
        done = true;
        this.#wake();
      });
      yield* this.#outputUntil(() => done);
      taken = this.#zlib.bytesWritten - this.#offset;
      // It stops by itself at a zero where a member should begin.
      this.#ended = taken < slice.length;
    }
    const other = slice.subarray(taken).findIndex((byte) => byte !== 0);
    if (other >= 0) throw trailing(this.#name, 'zeros', this.#offset + taken + other);
    this.#offset += slice.length;
  }

  async *end(): AsyncGenerator<Buffer, void, undefined> {
    if (this.#ended || this.#offset === 0) return;
    this.#zlib.end();
    yield* this.#outputUntil(() => false);
  }

  close(): void {
    this.#zlib.destroy();
  }

  async *#outputUntil(done: () => boolean): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const change = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const bytes = this.#zlib.read() as Buffer | null;
      if (bytes !== null) yield bytes;
      else if (this.#failure !== undefined) throw this.#explain(this.#failure);
      else if (done() || this.#ended) return;
      else await change;
    }
  }

  #explain(error: unknown): Error {
    const options = { cause: error };
    switch (messageOf(error)) {
      case 'unexpected end of file':
        return cut(this.#name, 'the end of the gzip data', this.#offset);
      case 'incorrect header check':
        return damaged(this.#name, `expected gzip data, got other data at or after byte ${this.#offset}`, options);
      case 'incorrect data check':
      case 'incorrect length check':
        return damaged(
          this.#name,
          `expected decompressed bytes with the checksum and length that the gzip data states at or after byte ${this.#offset}, got others`,
          options,
        );
      default:
        return damaged(
          this.#name,
          `expected valid gzip data, got ${messageOf(error)} at or after byte ${this.#offset}`,
          options,
        );
    }
  }
}
