/** What a command has around it while it opens a scorer and runs: signals, progress, and messages beside them. */

import type { Input } from '../../run/input.js';
import type { JobEvents, JobProgress } from '../../run/job.js';
import type { ScorerUi } from '../../scorer/open.js';
import type { Needs } from '../../scorer/resolve.js';
import type { Context } from '../context.js';
import { exitCodeOf } from '../exit-codes.js';
import { type Progress, startDownloadProgress, startProgress } from '../progress.js';
import { watchSignals } from '../signals.js';

export interface SessionFlags {
  readonly quiet: boolean;
  readonly progress: boolean;
}

export interface SessionOptions {
  /** Read by the run: a signal stops them, even while they wait. */
  readonly inputs: readonly Input[];
  /** What a first signal makes the command do, in words. */
  readonly onSignal?: string;
}

export class Session {
  readonly #context: Context;
  readonly #enabled: boolean;
  readonly #inputs: readonly Input[];
  readonly #stop = new AbortController();
  readonly #signals: ReturnType<typeof watchSignals>;
  readonly #download: ReturnType<typeof startDownloadProgress>;
  #isDownloading = false;
  #progress: Progress | undefined;

  constructor(
    context: Context,
    { quiet, progress }: SessionFlags,
    { inputs, onSignal = 'finishing the rows in work' }: SessionOptions,
  ) {
    this.#context = context;
    this.#enabled = progress && !quiet;
    this.#inputs = inputs;
    this.#download = startDownloadProgress({ enabled: this.#enabled, context });
    this.#signals = watchSignals(context, (signal) => {
      this.#stop.abort();
      this.#hideProgress();
      // A download is ended at once, and the next one goes on from there.
      if (!this.#isDownloading) context.log.error(`${signal}: ${onSignal}; once more to end at once`);
      this.stopReading();
    });
  }

  /** Which signal came, if one did. */
  get received(): NodeJS.Signals | undefined {
    return this.#signals.received;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  readonly note = (message: string): void => {
    this.#isDownloading = false;
    // A message that is written beside a bar would be drawn over.
    this.#download.stop();
    this.#context.log.note(message);
  };

  readonly scorerUi: Omit<ScorerUi, keyof Needs> = {
    onNotice: (message) => this.note(message),
    onReading: (line) => this.note(line),
    onDownload: (done) => {
      this.#isDownloading = true;
      this.#download.update(done);
    },
    signal: this.#stop.signal,
  };

  /** @param totalBytes of all inputs, where that is known */
  jobEvents(onStart: () => { readonly totalBytes: number | undefined }): JobEvents {
    return {
      signal: this.#stop.signal,
      onNotice: this.note,
      onStart: () => {
        const { totalBytes } = onStart();
        this.#progress = startProgress({ totalBytes, enabled: this.#enabled, context: this.#context });
      },
      onProgress: (done: JobProgress) => this.#progress?.update(done),
    };
  }

  stopReading(): void {
    for (const input of this.#inputs) input.stop();
  }

  #hideProgress(): void {
    this.#download.stop();
    this.#progress?.stop();
  }

  /** Gives the signals back, and takes the progress away. */
  end(): void {
    this.#hideProgress();
    this.#signals.stop();
  }

  /**
   * Ends the command as its signal would have.
   *
   * @returns the exit code, where the process lives on
   */
  dieBySignal(signal: NodeJS.Signals): number {
    this.end();
    this.#context.dieBy(signal);
    return exitCodeOf(signal);
  }
}

/** Bytes of all inputs; undefined where they are not known, or not all are read. */
export function totalBytesOf(inputs: readonly Input[], isPart: boolean): number | undefined {
  const lengths = inputs.map(({ length }) => length);
  return isPart || lengths.includes(undefined) ? undefined : lengths.reduce<number>((sum, n) => sum + (n ?? 0), 0);
}
