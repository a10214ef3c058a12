/** The main thread's part of a run: windows to workers, answers in file order to the output. */
import { pMapIterable } from 'p-map';
import { runError } from '../errors.js';
import type { ScoredWindow, Window } from '../scorer/protocol.js';
import type { AppendedFile } from './appended-file.js';
import { type ErrorPolicy, giveUp } from './error-policy.js';
import { failureLines } from './failure-lines.js';
import type { Input } from './input.js';
import type { Journal } from './journal.js';
import type { Output } from './output.js';
import type { RunStatistics } from './statistics.js';

export interface ScoreOptions {
  /** Windows that may be in work together. */
  readonly concurrency: number;
  /** Windows that may be in work, or wait for their turn to be written. */
  readonly backpressure: number;
  readonly scoreWindow: (window: Window) => Promise<ScoredWindow>;
}

export interface RunOptions extends ScoreOptions {
  readonly inputs: readonly Input[];
  readonly windows: AsyncIterable<Window>;
  /** What stands before the first record. */
  readonly header: Buffer | undefined;
  readonly output: Output;
  /** Where failures are listed, if not in the rows. */
  readonly errors: AppendedFile | undefined;
  readonly stats: RunStatistics;
  readonly policy: ErrorPolicy;
  /** undefined where the output is none to go on with later. */
  readonly journal: Journal | undefined;
  /** Aborted: there are no more windows because the run was told to stop. */
  readonly signal: AbortSignal;
  /** Called when a window's output has been written. */
  readonly onProgress: (window: Window) => void;
}

/** How a run ended: with the input, because nobody reads the output any more, or because it was told to stop. */
export type RunEnd = 'finished' | 'reader gone' | 'stopped';

/** Windows in work and waiting: one in each worker and one on its way to it, and a few behind a slow one. */
export const besideWorkers = (workers: number) => ({ concurrency: workers + 1, backpressure: workers * 3 + 1 });

/** A window is cut when a worker is free to take it, of all that has come until then. */
export const onDemand = (workers: number) => ({ concurrency: workers, backpressure: workers });

/** @throws FatalError where the output cannot be written, or there are too many bad rows */
export async function run(options: RunOptions): Promise<RunEnd> {
  const { inputs, header, output, errors, stats, policy, journal, signal } = options;
  if (header !== undefined && output.position === 0) {
    if (!(await output.write(header))) return 'reader gone';
    journal?.headerWritten();
  }
  for await (const answer of scoreWindows(options.windows, options)) {
    const { window } = answer;
    const end = giveUp(policy, stats.counts, answer.scored.stats);
    // Of the last rows some may be other ones when the run goes on: what came before them is safe first.
    if (end !== undefined || window.open) await journal?.save();
    const scored = end === undefined ? answer.scored : await options.scoreWindow({ ...window, rows: end.rows });
    const { path } = inputs[window.file] as Input;
    if (!(await output.write(scored.bytes))) return 'reader gone';
    await errors?.write(failureLines(path, scored.stats.failed));
    stats.add(scored.stats, window.file, path);
    if (end !== undefined) throw tooManyFailures(end.message, path, scored);
    await journal?.passed(window);
    options.onProgress(window);
  }
  return signal.aborted ? 'stopped' : 'finished';
}

/** Every window with its answer, in order. */
export const scoreWindows = (
  windows: AsyncIterable<Window>,
  { concurrency, backpressure, scoreWindow }: ScoreOptions,
): AsyncIterable<{ readonly window: Window; readonly scored: ScoredWindow }> =>
  pMapIterable(windows, async (window) => ({ window, scored: await scoreWindow(window) }), {
    concurrency,
    backpressure,
  });

function tooManyFailures(why: string, path: string, { stats }: ScoredWindow): Error {
  const last = stats.failed.at(-1);
  if (last === undefined) return runError(`gave up: ${why}`);
  const { line, byte, failure } = last;
  const place = `${path === '-' ? 'standard input' : path}:${line ?? `byte ${byte}`}`;
  return runError(`${place}: ${failure.code}: ${failure.message}; gave up there (${why})`);
}
