/**
 * Scores rows of many requests in common batches: whenever a worker is free, it gets what is waiting, up to a window.
 * Requests take turns, a window each, so that one of many rows holds up no other.
 */
import { setImmediate } from 'node:timers/promises';
import { concatBytes } from '../platform/bytes.js';
import type { RowResult } from '../rows/results.js';
import { windowsOfLines } from '../run/lines.js';
import type { RowOutcome, ScoredWindow, Window, WindowStats } from '../scorer/protocol.js';
import type { WindowSize } from '../scorer/window-size.js';

const NEWLINE = 0x0a;

/** What is answered for a piece: its rows' output records, a line each, and their results. */
interface ScoredPiece {
  readonly records: Buffer;
  readonly outcomes: readonly RowOutcome[];
}

/** Rows of one request that stay together, and the promise of their answer. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly rows: number;
  readonly resolve: (scored: ScoredPiece) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatchOptions {
  readonly windowSize: WindowSize;
  /** The number of workers, and so of windows that are scored at once. */
  readonly workers: number;
  readonly scoreWindow: (window: Window) => Promise<ScoredWindow>;
  /** Called with the stats of each window. */
  readonly onScored: (stats: WindowStats) => void;
}

export class Batches {
  readonly #options: BatchOptions;
  /** The pieces of each request that no worker has yet; the request whose turn is next comes first. */
  #waiting: Piece[][] = [];
  #inWork = 0;
  #windows = 0;

  constructor(options: BatchOptions) {
    this.#options = options;
  }

  get waitingRows(): number {
    return this.#waiting.flat().reduce((sum, { rows }) => sum + rows, 0);
  }

  get windowsInWork(): number {
    return this.#inWork;
  }

  /**
   * Resolves to the output records of JSON lines, in order, in pieces of whole records.
   *
   * @param lines without blank ones, each with its line end
   * @param signal aborted where the answer is no longer needed: what no worker has yet is not scored
   * @throws what scoring throws, and the signal's reason
   */
  score(lines: Buffer, signal: AbortSignal): Promise<readonly Buffer[]> {
    return this.#scoreAs(lines, signal, ({ records }) => records);
  }

  /**
   * Resolves to the rows' results, in order, with their tokens and every label's logit.
   *
   * @param lines as for `score`
   * @param signal as for `score`
   * @throws what `score` throws
   */
  async results(lines: Buffer, signal: AbortSignal): Promise<readonly RowResult[]> {
    const pieces = await this.#scoreAs(lines, signal, ({ outcomes }) => outcomes.map(({ result }) => result));
    return pieces.flat();
  }

  /** @param part of a piece's answer, so that the other is not held until all are there */
  async #scoreAs<T>(lines: Buffer, signal: AbortSignal, part: (scored: ScoredPiece) => T): Promise<readonly T[]> {
    const pieces: Piece[] = [];
    const answers: Promise<T>[] = [];
    for await (const { bytes } of windowsOfLines(only(lines), { size: this.#options.windowSize })) {
      const scored = new Promise<ScoredPiece>((resolve, reject) =>
        pieces.push({ bytes, rows: countLines(bytes), resolve, reject }),
      );
      answers.push(scored.then(part));
    }
    const all = Promise.all(answers);
    all.catch(() => undefined); // It may be aborted before it is awaited.
    const waiting = [...pieces];
    const leave = (): void => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
      for (const { reject } of pieces) reject(signal.reason);
    };
    signal.throwIfAborted();
    signal.addEventListener('abort', leave);
    if (waiting.length > 0) this.#waiting.push(waiting);
    await setImmediate(); // Rows that arrive meanwhile join the window.
    this.#assign();
    try {
      return await all;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  #assign(): void {
    while (this.#waiting.length > 0 && this.#inWork < this.#options.workers) void this.#scoreNext();
  }

  async #scoreNext(): Promise<void> {
    const { scoreWindow, onScored } = this.#options;
    const pieces = this.#take();
    this.#inWork++;
    try {
      const bytes = concatBytes(pieces.map((piece) => piece.bytes));
      const scored = await scoreWindow({ index: this.#windows++, file: 0, byte: 0, line: null, open: false, bytes });
      onScored(scored.stats);
      answer(pieces, scored);
    } catch (error) {
      for (const { reject } of pieces) reject(error);
    }
    this.#inWork--;
    this.#assign();
  }

  /** Takes a window: the pieces of the request whose turn it is, and of those after it, as far as there is room. */
  #take(): Piece[] {
    const { windowSize } = this.#options;
    const taken: Piece[] = [];
    let [bytes, rows] = [0, 0];
    const fits = (piece: Piece): boolean =>
      taken.length === 0 || (bytes + piece.bytes.length <= windowSize.bytes && rows + piece.rows <= windowSize.rows);
    for (;;) {
      const pieces = this.#waiting[0];
      if (pieces === undefined || !fits(pieces[0] as Piece)) return taken;
      this.#waiting.shift();
      while (pieces[0] !== undefined && fits(pieces[0])) {
        const piece = pieces.shift() as Piece;
        taken.push(piece);
        bytes += piece.bytes.length;
        rows += piece.rows;
      }
      if (pieces.length > 0) {
        this.#waiting.push(pieces);
        return taken;
      }
    }
  }
}

/** Gives each piece its rows' records, a line each, and their results. */
function answer(pieces: readonly Piece[], { output, outcomes = [] }: ScoredWindow): void {
  const records = Buffer.from(output.buffer, output.byteOffset, output.byteLength);
  let from = 0;
  let row = 0;
  for (const { rows, resolve } of pieces) {
    let end = from;
    for (let line = 0; line < rows; line++) {
      end = records.indexOf(NEWLINE, end) + 1;
      if (end === 0) throw new Error('fewer output records than rows');
    }
    resolve({ records: records.subarray(from, end), outcomes: outcomes.slice(row, row + rows) });
    from = end;
    row += rows;
  }
  if (from !== records.length) throw new Error('more output records than rows');
}

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}

async function* only(chunk: Buffer): AsyncGenerator<Buffer> {
  yield chunk;
}
