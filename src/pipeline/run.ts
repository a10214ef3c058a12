/** The main thread's part of a run: bytes to windows, windows to workers, answers in file order to the output. */
import { pMapIterable } from 'p-map';
import type { RowFormat } from '../rows/format.js';
import type { ScoredWindow, Window } from '../worker/messages.js';
import type { RunAccount } from './account.js';
import type { Input } from './input.js';
import type { Output } from './output.js';
import { cutWindows, type WindowSize } from './windows.js';

export interface RunOptions {
  readonly inputs: readonly Input[];
  readonly format: RowFormat;
  readonly windowSize: WindowSize;
  readonly output: Output;
  readonly account: RunAccount;
  readonly workers: number;
  readonly scoreWindow: (window: Window) => Promise<ScoredWindow>;
  /** Called when a window's output has been written, with the length of its input. */
  readonly onProgress: (inputBytes: number) => void;
  /** Aborted: no more input is read, what is in work is finished and written. */
  readonly signal: AbortSignal;
}

/** How a run ended: with the input, because nobody reads the output any more, or because it was told to stop. */
export type RunEnd = 'finished' | 'reader gone' | 'stopped';

/** Windows beyond the workers' number that may wait: for a worker, or for their turn to be written. */
const WINDOWS_AHEAD = 3;

export async function run(options: RunOptions): Promise<RunEnd> {
  const { inputs, format, output, account, workers, signal } = options;
  if (format.outputHeader !== undefined && !(await output.write(format.outputHeader))) return 'reader gone';
  const scored = pMapIterable(
    windows(options),
    async (window) => ({ window, ...(await options.scoreWindow(window)) }),
    // p-map counts windows in work, and those that wait for a slower one before them or for a slow reader.
    { concurrency: workers + 1, backpressure: workers * WINDOWS_AHEAD + 1 },
  );
  for await (const { window, bytes, account: windowAccount } of scored) {
    const input = inputs[window.file] as Input;
    account.add(windowAccount, window.file, input.path);
    if (!(await output.write(bytes))) return 'reader gone';
    options.onProgress(window.bytes.length);
  }
  return signal.aborted ? 'stopped' : 'finished';
}

async function* windows({ inputs, format, windowSize, signal }: RunOptions): AsyncGenerator<Window> {
  let index = 0;
  for (const [file, input] of inputs.entries()) {
    for await (const window of cutWindows(input.chunks(), format.newScanner(), windowSize)) {
      if (signal.aborted) return;
      yield { ...window, index: index++, file };
    }
  }
}
