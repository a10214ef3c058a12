/** The main thread's part of a run: bytes to windows, windows to workers, answers in file order to the output. */
import { pMapIterable } from 'p-map';
import type { RowFormat } from '../rows/format.js';
import type { ScoredWindow, Window } from '../worker/messages.js';
import type { RunAccount } from './account.js';
import type { Input } from './input.js';
import type { Output } from './output.js';
import { cutWindows, type WindowSize } from './windows.js';

export interface ScoringOptions {
  readonly inputs: readonly Input[];
  readonly format: RowFormat;
  readonly windowSize: WindowSize;
  readonly workers: number;
  readonly scoreWindow: (window: Window) => Promise<ScoredWindow>;
  /** Aborted: no more input is read, what is in work is finished. */
  readonly signal: AbortSignal;
}

export interface RunOptions extends ScoringOptions {
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
  for await (const { window, scored } of scoreWindows(options)) {
    const input = inputs[window.file] as Input;
    account.add(scored.account, window.file, input.path);
    if (!(await output.write(scored.bytes))) return 'reader gone';
    options.onProgress(window.bytes.length);
  }
  return signal.aborted ? 'stopped' : 'finished';
}

/** Every window of the inputs with its answer, in order; as many are in work as there are workers, and few wait. */
export function scoreWindows(
  options: ScoringOptions,
): AsyncIterable<{ readonly window: Window; readonly scored: ScoredWindow }> {
  return pMapIterable(
    windows(options),
    async (window) => ({ window, scored: await options.scoreWindow(window) }),
    // p-map counts windows in work, and those that wait for a slower one before them or for a slow reader.
    { concurrency: options.workers + 1, backpressure: options.workers * WINDOWS_AHEAD + 1 },
  );
}

async function* windows({ inputs, format, windowSize, signal }: ScoringOptions): AsyncGenerator<Window> {
  let index = 0;
  for (const [file, input] of inputs.entries()) {
    for await (const window of cutWindows(input.chunks(), format.newScanner(), windowSize)) {
      if (signal.aborted) return;
      yield { ...window, index: index++, file };
    }
  }
}
