/**
 * Where records begin and end in a stream of bytes. It knows quotes, where the format has them, and nothing else of
 * formats.
 */

/** Where something begins in the content of a file, which is decompressed where the file is compressed. */
export interface Position {
  /** Offset in bytes, from 0. */
  readonly byte: number;
  /** Number of the line, from 1; null in a file that was not read from its beginning. */
  readonly line: number | null;
}

export const fileStart: Position = { byte: 0, line: 1 };

/** One record of the input, unchanged. */
export interface InputRecord extends Position {
  /** The bytes without the line end. */
  readonly bytes: Buffer;
  /** `\n`, `\r\n`, or nothing at the end of the input. */
  readonly lineEnd: Buffer;
  /** Length of a record over the size limit, whose bytes are not carried. */
  readonly oversized?: number;
}

/**
 * Consecutive records in memory. There is no object for each, as in a long run these would be most of the garbage that
 * the main thread has to collect.
 */
export interface RecordBatch {
  /** The records' bytes with their line ends; for a record over the size limit, only its line end. */
  readonly bytes: Buffer;
  /** Where in `bytes` each record ends. */
  readonly ends: readonly number[];
  /** Where in the file the first one begins. */
  readonly byte: number;
  /** Number of each record's first line, from 1; null in a file that was not read from its beginning. */
  readonly lines: readonly (number | null)[];
  /** Whether the last record has its line end, which only the last one of a file may lack. */
  readonly ended: boolean;
  /** Length of a record over the size limit, which then is the only one. */
  readonly oversized?: number;
}

/** Finds the ends of records in a stream whose chunks may end anywhere. */
export interface RecordScanner {
  /**
   * Returns the index just past the end of the record to which `chunk[from]` belongs; -1 where it ends in a later
   * chunk.
   */
  findEnd(chunk: Buffer, from: number): number;
  /** Number of lines of the records found so far, including those of the current one. */
  readonly lines: number;
}

/** A record of more bytes is probably a mistake: a file without line ends, a quote that is never closed. */
export const DEFAULT_MAX_ROW_BYTES = 64 * 2 ** 20;

/** Longer records do not fit into a JavaScript string. */
export const LARGEST_ROW_BYTES = 2 ** 29 - 2 ** 10;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Scans records that are lines. */
export class LineScanner implements RecordScanner {
  lines = 0;

  findEnd(chunk: Buffer, from: number): number {
    const newline = chunk.indexOf(NEWLINE, from);
    if (newline >= 0) this.lines++;
    return newline + 1 || -1;
  }
}

/**
 * Scans records of RFC 4180: line ends between quotes belong to a record. A quote opens only at the beginning of a
 * field.
 */
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

/** What records end with: one for all of them, as nothing is written into it. */
const [NO_LINE_END, NEWLINE_ALONE, RETURN_NEWLINE] = [Buffer.from(''), Buffer.from('\n'), Buffer.from('\r\n')];

/** Splits the bytes of whole records, the last of which may lack its line end. */
export function* splitRecords(bytes: Buffer, start: Position, scanner: RecordScanner): Generator<InputRecord> {
  for (let from = 0; from < bytes.length; ) {
    const line = lineAt(start, scanner);
    const found = scanner.findEnd(bytes, from);
    const end = found < 0 ? bytes.length : found;
    const lineEnd =
      found < 0 ? NO_LINE_END : bytes[end - 2] === RETURN && end - 2 >= from ? RETURN_NEWLINE : NEWLINE_ALONE;
    yield { bytes: bytes.subarray(from, end - lineEnd.length), lineEnd, byte: start.byte + from, line };
    from = end;
  }
}

/** Where in the file a batch's i-th record begins. */
export const startOf = ({ byte, ends }: RecordBatch, i: number): number =>
  byte + (i === 0 ? 0 : (ends[i - 1] as number));

/** A batch's i-th record, as views of its bytes. */
export function recordAt(batch: RecordBatch, i: number): InputRecord {
  const { bytes, ends, byte, lines, ended, oversized } = batch;
  const start = startOf(batch, i);
  const whole = bytes.subarray(start - byte, ends[i]);
  const end = whole.length - (ended || i < ends.length - 1 ? lineEndOf(whole).length : 0);
  const place = { byte: start, line: lines[i] ?? null };
  const size = oversized === undefined ? {} : { oversized };
  return { bytes: whole.subarray(0, end), lineEnd: whole.subarray(end), ...place, ...size };
}

/** A batch's records from `from` up to, and without, `to`. */
export function sliceBatch(batch: RecordBatch, from: number, to: number): RecordBatch {
  if (from === 0 && to === batch.ends.length) return batch;
  const byte = startOf(batch, from);
  const before = byte - batch.byte;
  return {
    ...batch,
    bytes: batch.bytes.subarray(before, to === 0 ? 0 : batch.ends[to - 1]),
    ends: batch.ends.slice(from, to).map((end) => end - before),
    byte,
    lines: batch.lines.slice(from, to),
    ended: batch.ended || to < batch.ends.length,
  };
}

/**
 * Reads the records of a stream, those that end in one chunk together.
 *
 * @param start where the stream begins in its file
 * @param maxBytes longer records come without their bytes, which are never in memory together
 */
export async function* readRecords(
  chunks: AsyncIterable<Buffer>,
  scanner: RecordScanner,
  start: Position,
  maxBytes: number,
): AsyncGenerator<RecordBatch> {
  let { byte } = start; // where the current record begins
  let line = lineAt(start, scanner);
  let pieces: Buffer[] = []; // of a record that began in an earlier chunk; for one that is too long, its last bytes
  let length = 0; // of that record so far

  const add = (piece: Buffer): void => {
    pieces.push(piece);
    length += piece.length;
    // Two bytes suffice to see how it ends, and a line end does not count.
    if (length > maxBytes + 2) pieces = [Buffer.from(Buffer.concat(pieces.slice(-2)).subarray(-2))];
  };
  const single = (whole: Buffer, size: number, ended: boolean): RecordBatch => {
    const place = { byte, lines: [line], ended };
    byte += size;
    line = lineAt(start, scanner);
    const lineEnd = ended ? lineEndOf(whole) : whole.subarray(whole.length);
    const oversized = size - lineEnd.length;
    if (oversized <= maxBytes) return { bytes: whole, ends: [whole.length], ...place };
    return { bytes: Buffer.from(lineEnd), ends: [lineEnd.length], ...place, oversized };
  };
  const joined = (ended: boolean): RecordBatch => {
    const batch = single(Buffer.concat(pieces), length, ended);
    pieces = [];
    length = 0;
    return batch;
  };

  for await (const chunk of chunks) {
    let from = 0; // where the records that are not yielded yet begin
    let ends: number[] = [];
    let lines: (number | null)[] = [];
    const batchUpTo = (to: number): RecordBatch => {
      const batch = { bytes: chunk.subarray(from, to), ends, byte, lines, ended: true };
      byte += to - from;
      from = to;
      ends = [];
      lines = [];
      return batch;
    };
    for (let position = 0; position < chunk.length; ) {
      const end = scanner.findEnd(chunk, position);
      if (end < 0) {
        if (ends.length > 0) yield batchUpTo(position);
        add(chunk.subarray(position));
        break;
      }
      if (length > 0 || end - position > maxBytes) {
        if (ends.length > 0) yield batchUpTo(position);
        add(chunk.subarray(position, end));
        yield joined(true);
        from = end;
      } else {
        ends.push(end - from);
        lines.push(line);
        line = lineAt(start, scanner);
      }
      position = end;
    }
    if (ends.length > 0) yield batchUpTo(chunk.length);
  }
  if (length > 0) yield joined(false);
}

/** Where the record after this one begins. */
export function positionAfter({ bytes, lineEnd, byte, line }: InputRecord): Position {
  let lines = 1;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return { byte: byte + bytes.length + lineEnd.length, line: line === null ? null : line + lines };
}

const lineAt = ({ line }: Position, scanner: RecordScanner): number | null =>
  line === null ? null : line + scanner.lines;

/** `\n` or `\r\n`, for a record that ended with one: a newline may also be within a quote that is never closed. */
function lineEndOf(record: Buffer): Buffer {
  return record.subarray(record.at(-2) === RETURN ? -2 : -1);
}
