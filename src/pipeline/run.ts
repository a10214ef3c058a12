/** The main thread's part of a run: bytes to windows, windows to workers, answers in file order to the output. */
import { pMapIterable } from 'p-map';
import type { RowFormat } from '../rows/format.js';
import { readRecords } from '../rows/records.js';
import type { ScoredWindow, Window } from '../worker/messages.js';
import type { RunAccount } from './account.js';
import type { Input } from './input.js';
import type { Output } from './output.js';
import { cutWindows, type WindowSize } from './windows.js';

export interface ReadOptions {
  readonly inputs: readonly Input[];
  readonly format: RowFormat;
  readonly windowSize: WindowSize;
  readonly maxRowBytes: number;
  /** Aborted: no more input is read, what is in work is finished. */
  readonly signal: AbortSignal;
}

export interface ScoreOptions {
  readonly workers: number;
  readonly scoreWindow: (window: Window) => Promise<ScoredWindow>;
}

export interface RunOptions extends ReadOptions, ScoreOptions {
  readonly output: Output;
  readonly account: RunAccount;
  /** Called when a window's output has been written, with the length of its input. */
  readonly onProgress: (inputBytes: number) => void;
}

/** How a run ended: with the input, because nobody reads the output any more, or because it was told to stop. */
export type RunEnd = 'finished' | 'reader gone' | 'stopped';

/** Windows beyond the workers' number that may wait: for a worker, or for their turn to be written. */
const WINDOWS_AHEAD = 3;

export async function run(options: RunOptions): Promise<RunEnd> {
  const { inputs, format, output, account, signal } = options;
  if (format.outputHeader !== undefined && !(await output.write(format.outputHeader))) return 'reader gone';
  for await (const { window, scored } of scoreWindows(readWindows(options), options)) {
    const input = inputs[window.file] as Input;
    account.add(scored.account, window.file, input.path);
    if (!(await output.write(scored.bytes))) return 'reader gone';
    options.onProgress(window.bytes.length);
  }
  return signal.aborted ? 'stopped' : 'finished';
}

/** Every window with its answer, in order; as many are in work as there are workers, and few wait. */
export function scoreWindows(
  windows: AsyncIterable<Window>,
  { workers, scoreWindow }: ScoreOptions,
): AsyncIterable<{ readonly window: Window; readonly scored: ScoredWindow }> {
  return pMapIterable(
    windows,
    async (window) => ({ window, scored: await scoreWindow(window) }),
    // p-map counts windows in work, and those that wait for a slower one before them or for a slow reader.
    { concurrency: workers + 1, backpressure: workers * WINDOWS_AHEAD + 1 },
  );
}

export async function* readWindows(options: ReadOptions): AsyncGenerator<Window> {
  const { inputs, format, windowSize, maxRowBytes, signal } = options;
  let index = 0;
  for (const [file, input] of inputs.entries()) {
    const records = readRecords(input.content(input.body.byte), format.newScanner(), input.body, maxRowBytes);
    for await (const window of cutWindows(records, { size: windowSize })) {
      if (signal.aborted) return;
      yield { ...window, index: index++, file };
    }
  }
}
