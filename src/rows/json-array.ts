/** A JSON array as lines, one for each element, without holding more of it than a piece. */
import { runError } from '../errors.js';

const [NEWLINE, RETURN, SPACE, TAB] = [0x0a, 0x0d, 0x20, 0x09];
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Whether content begins as an array does; undefined where more bytes are needed to tell. */
export function beginsArray(bytes: Uint8Array): boolean | undefined {
  for (const [i, byte] of bytes.entries()) {
    if (isSpace(byte) || byte === BYTE_ORDER_MARK[i]) continue;
    return byte === OPEN_LIST;
  }
  return undefined;
}

/** Whether a byte stands for itself, and cannot go on with the one before it. */
const isMark = (byte: number): boolean => MARKS.has(byte);
const MARKS = new Set([COMMA, COLON, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT]);

const isSpace = (byte: number): boolean => byte === SPACE || byte === TAB || byte === NEWLINE || byte === RETURN;

/**
 * Yields the elements as lines, so that the number of an element is that of its line. An element keeps its bytes but for line
 * ends and the indentation after them, and has none of the white space that follows it.
 *
 * @param chunks of content that begins an array
 * @param name of the file, for messages
 * @throws FatalError `run` where the array is not closed, or goes on after it was
 */
export async function* arrayToLines(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const scanner = new ArrayScanner(name);
  for await (const chunk of chunks) {
    const lines = scanner.take(chunk);
    if (lines.length > 0) yield lines;
  }
  scanner.end();
}

class ArrayScanner {
  readonly #name: string;
  #line = 1;
  /** Brackets that are open; 0 before the array and after it. */
  #depth = 0;
  #state: 'before' | 'between' | 'element' | 'string' | 'escape' | 'gap' | 'after' = 'before';
  /** The byte that was kept last. */
  #last = COMMA;
  /** Whether a comma asks for another element. */
  #owes = false;
  /** Whether the byte that was looked at ended an element. */
  #ended = false;

  constructor(name: string) {
    this.#name = name;
  }

  take(chunk: Buffer): Buffer {
    // A comma becomes a line end, so that there are no more bytes than there were, but where a gap began in another chunk.
    const output = Buffer.allocUnsafe(chunk.length + 1);
    let end = 0;
    for (const byte of chunk) {
      if (byte === NEWLINE) this.#line++;
      const inGap = this.#state === 'gap';
      if (this.#keeps(byte)) {
        // What is no JSON must not become some: 1 and 2 in two lines are not 12.
        if (inGap && !isMark(this.#last) && !isMark(byte)) output[end++] = SPACE;
        output[end++] = byte;
        this.#last = byte;
      } else if (this.#ended) output[end++] = NEWLINE;
      this.#ended = false;
    }
    return output.subarray(0, end);
  }

  /** Whether a byte belongs to an element; sets `#ended` where it ends one. */
  #keeps(byte: number): boolean {
    switch (this.#state) {
      case 'before':
        if (byte === OPEN_LIST) {
          this.#state = 'between';
          this.#depth = 1;
        }
        return false;
      case 'after':
        if (!isSpace(byte)) throw this.#wrong('nothing after the array', 'other bytes');
        return false;
      case 'between':
        if (isSpace(byte)) return false;
        if (byte === CLOSE_LIST && !this.#owes) {
          this.#state = 'after';
          return false;
        }
        if (byte === COMMA || byte === CLOSE_LIST) throw this.#wrong('an element', String.fromCharCode(byte));
        this.#state = 'element';
        return this.#inElement(byte);
      case 'escape':
        this.#state = 'string';
        return true;
      case 'string':
        if (byte === NEWLINE || byte === RETURN)
          throw this.#wrong('a string to end in its line', 'the end of the line');
        if (byte === QUOTE) this.#state = 'element';
        else if (byte === BACKSLASH) this.#state = 'escape';
        return true;
      case 'gap':
        if (isSpace(byte)) return false;
        this.#state = 'element';
        return this.#inElement(byte);
      case 'element':
        return this.#inElement(byte);
    }
  }

  #inElement(byte: number): boolean {
    if (byte === NEWLINE || byte === RETURN || (this.#depth === 1 && isSpace(byte))) {
      this.#state = 'gap';
      return false;
    }
    if (byte === QUOTE) this.#state = 'string';
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) this.#depth++;
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      this.#depth--;
      if (this.#depth === 0) {
        if (byte === CLOSE_OBJECT) throw this.#wrong('the array to be closed by ]', '}');
        this.#state = 'after';
        this.#ended = true;
        return false;
      }
    } else if (byte === COMMA && this.#depth === 1) {
      this.#state = 'between';
      this.#ended = true;
      this.#owes = true;
      return false;
    }
    if (this.#depth >= 1) this.#owes = false;
    return true;
  }

  end(): void {
    if (this.#state !== 'after') throw this.#wrong('the array to be closed by ]', 'the end of the file');
  }

  #wrong(expected: string, got: string): Error {
    return runError(`${this.#name}:${this.#line}: expected ${expected}, got ${got}`);
  }
}
