/**
 * Handles a window on which a worker crashed: it is scored once more as a whole, and then halved repeatedly, until the
 * row is found that alone crashes a worker. That row becomes a bad row, and its neighbours are scored.
 *
 * The main thread never parses a row here: parsing may be what crashes.
 */
import { failure, type RowFailure } from '../rows/failure.js';
import type { RowFormat } from '../rows/formats/format.js';
import { type InputRecord, splitRecords } from '../rows/records.js';
import { joinScored } from './join-scored.js';
import type { ScoredWindow, ToWorker, Window } from './protocol.js';
import type { WorkerCrash } from './worker-crash.js';

/** A request to a worker to score a window. */
export type Ask = ToWorker & { readonly type: 'score' | 'fail' };

/** The result of an attempt. After a crash, the next attempt has a fresh worker. */
export type Attempt = { readonly scored: ScoredWindow } | { readonly crash: WorkerCrash };

export interface Isolation {
  /** The main thread's format, for finding where records end. */
  readonly format: Pick<RowFormat, 'newScanner'>;
  readonly attempt: (ask: Ask) => Promise<Attempt>;
  /** Called when a worker crashed on the window. */
  readonly onCrash: (crash: WorkerCrash) => void;
  /** Makes the answer for a window of one row that crashes even a worker which need not score it. */
  readonly answerUnparsed: (window: Window, reason: RowFailure) => ScoredWindow;
  /** Makes the answer for a window from the joined answers for its parts. */
  readonly completeAnswer: (window: Window, joined: ScoredWindow) => ScoredWindow;
}

/** Scores a window even if its rows crash workers. */
export async function scoreOrIsolate(window: Window, isolation: Isolation): Promise<ScoredWindow> {
  const first = await isolation.attempt({ type: 'score', window });
  if ('scored' in first) return first.scored;
  isolation.onCrash(first.crash);
  const second = await isolation.attempt({ type: 'score', window });
  if ('scored' in second) return second.scored;
  return isolation.completeAnswer(window, await divide(window, second.crash, isolation));
}

/** Answers a window that crashed a fresh worker: as its halves, or, if it is a single row, as a bad row. */
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
  // One crash could be the machine's fault, or a consequence of earlier rows in the worker.
  const second = await isolation.attempt({ type: 'score', window, part: true });
  return 'scored' in second ? second.scored : markAsBadRow(window, second.crash, isolation);
}

async function markAsBadRow(window: Window, crash: WorkerCrash, isolation: Isolation): Promise<ScoredWindow> {
  const message = `scoring this row alone ended a worker thread twice: it ${crash.reason}`;
  const reason = failure('WORKER_CRASH', message);
  const answer = await isolation.attempt({ type: 'fail', window, reason });
  return 'scored' in answer ? answer.scored : isolation.answerUnparsed(window, reason);
}

/** Divides a window at the border of records nearest to the middle of its bytes; undefined for a single record. */
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
  // These are copies, as a view is sent to a worker with all of the memory behind it.
  return [
    { ...window, bytes: bytes.slice(0, best.byte - byte), open: false },
    { ...window, bytes: bytes.slice(best.byte - byte), byte: best.byte, line: best.line },
  ];
}
