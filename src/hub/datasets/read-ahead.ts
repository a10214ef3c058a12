/**
 * Reads a region of a file that is far away, from its beginning to its end, in ever larger parts, and one part ahead. What
 * is held is bounded: the part in use, what was not yet taken of the one before, and the next.
 */

const FIRST_BYTES = 1 << 16;
const GROWTH = 4;

export interface Region {
  /** Where it ends. */
  readonly end: number;
  /** The most bytes to ask for at once. */
  readonly mostBytes: () => number;
  readonly fetch: (start: number, end: number) => Promise<Buffer>;
}

interface Part {
  readonly start: number;
  readonly end: number;
  readonly bytes: Promise<Buffer>;
}

export class ReadAhead {
  readonly #region: Region;
  #start = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #next: Part | undefined;
  #size = FIRST_BYTES;
  #parts = 0;

  constructor(region: Region) {
    this.#region = region;
  }

  /** What is read may begin before the end of what was read last, but not before its beginning, or it is fetched again. */
  async read(position: number, length: number): Promise<Buffer> {
    const end = position + length;
    if (position < this.#start || position > this.#start + this.#bytes.length) this.#restartAt(position);
    this.#bytes = this.#bytes.subarray(position - this.#start);
    this.#start = position;
    while (this.#start + this.#bytes.length < end) {
      const from = this.#start + this.#bytes.length;
      const part = this.#next ?? this.#request(from, end - from);
      this.#next = undefined;
      const bytes = await part.bytes;
      this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
      // Who reads a second part reads on.
      if (++this.#parts > 1 && part.end < this.#region.end) this.#next = this.#request(part.end, 0);
    }
    // A copy, so that a small value does not hold the whole part.
    return Buffer.from(this.#bytes.subarray(0, length));
  }

  #restartAt(position: number): void {
    this.#bytes = Buffer.alloc(0);
    this.#start = position;
    this.#next = undefined;
  }

  #request(start: number, least: number): Part {
    const size = Math.max(least, Math.min(this.#size, this.#region.mostBytes()));
    this.#size = Math.min(this.#size * GROWTH, this.#region.mostBytes());
    const end = Math.min(this.#region.end, start + size);
    const bytes = this.#region.fetch(start, end);
    // One that fails before it is wanted is reported when it is.
    bytes.catch(() => undefined);
    return { start, end, bytes };
  }
}
