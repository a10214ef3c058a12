import type { FatalError } from '../../errors.js';
import type { CheckpointFile } from './file.js';

const WINDOW_BYTES = 64 << 10;

/** The longest line read: a module's or a function's name. */
const MAX_LINE_BYTES = 1024;

/**
 * Reads a stretch of a file from its beginning on; a length beyond its end is an error before anything is allocated.
 */
export class ByteCursor {
  readonly #file: CheckpointFile;
  readonly #end: number;
  #position: number;
  #window: Buffer = Buffer.alloc(0);
  /** Position in the file of the window's first byte. */
  #windowStart: number;

  constructor(file: CheckpointFile, start: number, end: number) {
    this.#file = file;
    this.#position = start;
    this.#windowStart = start;
    this.#end = end;
  }

  /** Position in the file of the next byte. */
  get position(): number {
    return this.#position;
  }

  byte(): number {
    return this.take(1)[0] as number;
  }

  /** Returns the next bytes as a view. */
  take(length: number): Buffer {
    const left = this.#end - this.#position;
    if (length > left) throw this.broken(`expected ${length} bytes, ${left} are left`);
    let start = this.#position - this.#windowStart;
    if (start + length > this.#window.length) {
      this.#window = this.#file.read(this.#position, Math.min(left, Math.max(length, WINDOW_BYTES)));
      this.#windowStart = this.#position;
      start = 0;
    }
    this.#position += length;
    return this.#window.subarray(start, start + length);
  }

  /** Returns the ASCII text up to the next line feed, without it. */
  line(): string {
    let line = '';
    for (let byte = this.byte(); byte !== 0x0a; byte = this.byte()) {
      if (line.length === MAX_LINE_BYTES) throw this.broken(`expected a line of at most ${MAX_LINE_BYTES} bytes`);
      line += String.fromCharCode(byte);
    }
    return line;
  }

  broken(what: string, position = this.#position): FatalError {
    return this.#file.broken(`${what} (byte ${position})`);
  }

  refused(what: string, position = this.#position): FatalError {
    return this.#file.refused(`${what} (byte ${position})`);
  }
}
