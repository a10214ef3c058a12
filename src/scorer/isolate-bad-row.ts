/**
 * What becomes of a window under which a worker crashed: it is scored once more, whole; then in halves, and theirs, until
 * the row is found that crashes a worker alone. That row is a bad one, and its neighbours are scored.
 *
 * The main thread never parses a row here: parsing may be what crashes.
 */
import { failure, type RowFailure } from '../rows/failure.js';
import type { RowFormat } from '../rows/formats/format.js';
import { type InputRecord, splitRecords } from '../rows/records.js';
import { joinScored } from './join-scored.js';
import type { ScoredWindow, ToWorker, Window } from './protocol.js';
import type { WorkerCrash } from './worker-crash.js';

/** A window asked of a worker. */
export type Ask = ToWorker & { readonly type: 'score' | 'fail' };

/** What an attempt came to. After a crash, the next attempt meets a fresh worker. */
export type Attempt = { readonly scored: ScoredWindow } | { readonly crash: WorkerCrash };

export interface Isolation {
  /** Of the main thread, to find where records end. */
  readonly format: Pick<RowFormat, 'newScanner'>;
  readonly attempt: (ask: Ask) => Promise<Attempt>;
  /** A worker crashed under the window. */
  readonly onCrash: (crash: WorkerCrash) => void;
  /** The answer for a window of one row that even a worker which is not to score it does not survive. */
  readonly answerUnparsed: (window: Window, reason: RowFailure) => ScoredWindow;
  /** The answer for a window, from those for its parts joined. */
  readonly completeAnswer: (window: Window, joined: ScoredWindow) => ScoredWindow;
}

/** Scores a window whatever its rows do to workers. */
export async function scoreOrIsolate(window: Window, isolation: Isolation): Promise<ScoredWindow> {
  const first = await isolation.attempt({ type: 'score', window });
  if ('scored' in first) return first.scored;
  isolation.onCrash(first.crash);
  const second = await isolation.attempt({ type: 'score', window });
  if ('scored' in second) return second.scored;
  return isolation.completeAnswer(window, await divide(window, second.crash, isolation));
}

/** A window that a fresh worker did not survive: as its halves, or as the bad row that it is. */
async function divide(window: Window, crash: WorkerCrash, isolation: Isolation): Promise<ScoredWindow> {
  const halves = halve(window, isolation.format);
  if (halves === undefined) return markAsBadRow(window, crash, isolation);
  const [first, second] = halves;
  const scored = await scorePart(first, isolation);
  const remaining = window.rows === undefined ? undefined : window.rows - scored.stats.rows;
  if (remaining === 0) return scored;
  const rest = remaining === undefined ? second : { ...second, rows: remaining };
  return joinScored(scored, await scorePart(rest, isolation));
}

async function scorePart(window: Window, isolation: Isolation): Promise<ScoredWindow> {
  const first = await isolation.attempt({ type: 'score', window, part: true });
  if ('scored' in first) return first.scored;
  if (halve(window, isolation.format) !== undefined) return divide(window, first.crash, isolation);
  // Once could be the machine's fault, or what rows before it left in the worker.
  const second = await isolation.attempt({ type: 'score', window, part: true });
  return 'scored' in second ? second.scored : markAsBadRow(window, second.crash, isolation);
}

async function markAsBadRow(window: Window, crash: WorkerCrash, isolation: Isolation): Promise<ScoredWindow> {
  const message = `scoring this row alone ended a worker thread twice: it ${crash.reason}`;
  const reason = failure('WORKER_CRASH', message);
  const answer = await isolation.attempt({ type: 'fail', window, reason });
  return 'scored' in answer ? answer.scored : isolation.answerUnparsed(window, reason);
}

/** The records before and after the border nearest to the middle of the bytes; undefined for a single record. */
function halve(window: Window, format: Isolation['format']): [Window, Window] | undefined {
  const { bytes, oversized, byte } = window;
  if (oversized !== undefined) return undefined;
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [, ...later] = splitRecords(whole, window, format.newScanner());
  const middle = byte + bytes.length / 2;
  const distance = (record: InputRecord): number => Math.abs(record.byte - middle);
  const [border, ...others] = later;
  if (border === undefined) return undefined;
  const best = others.reduce((a, b) => (distance(b) < distance(a) ? b : a), border);
  // Copies: a view crosses to a worker with all of the memory behind it.
  return [
    { ...window, bytes: bytes.slice(0, best.byte - byte), open: false },
    { ...window, bytes: bytes.slice(best.byte - byte), byte: best.byte, line: best.line },
  ];
}
