/** Runs a job: windows to the scorer, answers in file order to the sink. */
import { runError } from '../errors.js';
import type { ScoredWindow, Window } from '../scorer/protocol.js';
import type { Scorer } from '../scorer/scorer.js';
import { giveUp } from './error-policy.js';
import type { Input } from './input.js';
import type { Job, JobEvents, JobProgress } from './job.js';
import { countWindows, type JobWindows, windowsOfJob } from './job-windows.js';
import { scoreInOrder } from './score-in-order.js';
import type { UnfinishedWork } from './sink.js';

/**
 * How a run ended: with the input, because the reader of the output is gone, because it was stopped, or with an error.
 */
type RunEnd = 'finished' | 'reader gone' | 'stopped' | 'failed';

export interface RunOutcome {
  readonly end: RunEnd;
  /** Why the run failed. */
  readonly error?: unknown;
  /** Whether an earlier run had done everything. */
  readonly nothingLeft: boolean;
  /** The saved work of a run that did not finish. */
  readonly unfinished?: UnfinishedWork | undefined;
}

/**
 * @param scorer loaded here, unless nothing remains to be scored
 * @throws FatalError for errors before the first window is scored; a later error is the outcome's `error`
 */
export async function runJob(job: Job, scorer: Scorer, events: JobEvents): Promise<RunOutcome> {
  const { sink } = job;
  for (const input of job.inputs) input.first = undefined; // It has been looked at, and may be large.
  const size = scorer.windowSize;
  const reading = await windowsOfJob(job, size, events);
  const windows = await sink.begin(reading.windows);
  if (windows === undefined) {
    await sink.finish();
    return { end: 'finished', nothingLeft: true };
  }
  await scorer.load(job.task, countWindows(job, size));
  events.onStart?.();
  try {
    await sink.open();
    const end = await scoreWindows(job, scorer, { ...reading, windows }, events);
    if (end !== 'finished') return { end, nothingLeft: false, unfinished: await sink.abort() };
    await sink.finish();
    return { end, nothingLeft: false };
  } catch (error) {
    return { end: 'failed', error, nothingLeft: false, unfinished: await sink.abort() };
  }
}

/** @throws FatalError where an answer cannot be written, or there are too many bad rows */
async function scoreWindows(
  { inputs, sink, policy, before = { rows: 0, failed: 0 }, stream }: Job,
  scorer: Scorer,
  { windows, locate = (_, scored) => scored }: JobWindows,
  { signal, onProgress }: JobEvents,
): Promise<RunEnd> {
  const progress = onProgress && progressOf(inputs, sink.statistics.counts.rows);
  for await (const { window, scored } of scoreInOrder(windows, scorer, stream)) {
    const { rows, failed } = sink.statistics.counts;
    const end = giveUp(policy, { rows: before.rows + rows, failed: before.failed + failed }, scored.stats);
    // Some of the last rows may differ when the run is resumed, so that the rows before them are saved first.
    if (end !== undefined || window.open) await sink.settle();
    const answer = end === undefined ? scored : await scorer.score({ ...window, rows: end.rows });
    const { path } = inputs[window.file] as Input;
    const located = locate(window, answer);
    if (!(await sink.write(window, located, path, end === undefined))) return 'reader gone';
    if (end !== undefined) throw tooManyFailures(end.message, path, located);
    if (progress !== undefined) onProgress?.(progress(window, sink.statistics.counts.rows));
  }
  return signal.aborted ? 'stopped' : 'finished';
}

/** Computes the progress of the run after a window. */
function progressOf(inputs: readonly Input[], rowsBefore: number): (window: Window, rows: number) => JobProgress {
  const sizes = inputs.map(({ length }) => length ?? 0);
  let before: JobProgress['before'] | undefined;
  return (window, rows) => {
    const start = sizes.slice(0, window.file).reduce((sum, size) => sum + size, 0) + window.byte;
    before ??= { bytes: start, rows: rowsBefore };
    return { bytes: start + window.bytes.length, rows, before };
  };
}

function tooManyFailures(why: string, windowPath: string, { stats }: ScoredWindow): Error {
  const last = stats.failed.at(-1);
  if (last === undefined) return runError(`gave up: ${why}`);
  const { path = windowPath, line, byte, failure } = last;
  const place = `${path === '-' ? 'standard input' : path}:${line ?? `byte ${byte}`}`;
  return runError(`${place}: ${failure.code}: ${failure.message}; gave up there (${why})`);
}
