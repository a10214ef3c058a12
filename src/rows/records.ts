/** Where records begin and end in a stream of bytes. Knows quotes, where the format has them, and nothing else of formats. */

/** One record of the input as it stands there. */
export interface InputRecord {
  /** Without the line end. */
  readonly bytes: Buffer;
  /** `\n`, `\r\n`, or nothing at the end of the input. */
  readonly lineEnd: Buffer;
  /** Number of its first line, from 1. */
  readonly line: number;
}

/** Finds record ends in a stream cut into chunks anywhere. */
export interface RecordScanner {
  /** Index just past the end of the record that `chunk[from]` belongs to; -1 where it ends in a later chunk. */
  findEnd(chunk: Buffer, from: number): number;
  /** Lines that the records found so far take, the present one's so far included. */
  readonly lines: number;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** A record is a line. */
export class LineScanner implements RecordScanner {
  lines = 0;

  findEnd(chunk: Buffer, from: number): number {
    const newline = chunk.indexOf(NEWLINE, from);
    if (newline >= 0) this.lines++;
    return newline + 1 || -1;
  }
}

/** A record is a line of RFC 4180: line ends between quotes belong to it. A quote opens only at the beginning of a field. */
export class CsvScanner implements RecordScanner {
  lines = 0;
  readonly #delimiter: number;
  #state: 'record start' | 'field start' | 'plain' | 'quoted' | 'quote in quoted' = 'record start';
  /** Bytes of a byte-order mark seen at the record's start: a quote after one opens a field. */
  #markBytes = 0;

  constructor(delimiter: string) {
    this.#delimiter = delimiter.charCodeAt(0);
  }

  findEnd(chunk: Buffer, from: number): number {
    let state = this.#state;
    for (let i = from; i < chunk.length; i++) {
      const byte = chunk[i];
      if (byte === NEWLINE) this.lines++;
      if (state === 'record start') {
        if (byte === BYTE_ORDER_MARK[this.#markBytes]) {
          this.#markBytes++;
          continue;
        }
        state = 'field start';
      }
      if (state === 'quoted') {
        if (byte === QUOTE) state = 'quote in quoted';
      } else if (byte === NEWLINE) {
        this.#state = 'record start';
        this.#markBytes = 0;
        return i + 1;
      } else if (byte === QUOTE && (state === 'field start' || state === 'quote in quoted')) {
        state = 'quoted';
      } else {
        state = byte === this.#delimiter ? 'field start' : 'plain';
      }
    }
    this.#state = state;
    return -1;
  }
}

/** The records of a whole number of records' bytes, the last of which may lack its line end. */
export function* splitRecords(bytes: Buffer, firstLine: number, scanner: RecordScanner): Generator<InputRecord> {
  for (let start = 0; start < bytes.length; ) {
    const line = firstLine + scanner.lines;
    const found = scanner.findEnd(bytes, start);
    const end = found < 0 ? bytes.length : found;
    let contentEnd = end;
    if (found >= 0) contentEnd -= bytes[end - 2] === RETURN && end - 2 >= start ? 2 : 1;
    yield { bytes: bytes.subarray(start, contentEnd), lineEnd: bytes.subarray(contentEnd, end), line };
    start = end;
  }
}
