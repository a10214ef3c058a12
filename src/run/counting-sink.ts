/** Sinks that write no output: that of a dry run, which counts, and that of an evaluation, which collects. */
import type { EvaluatedRow } from '../evaluation/evaluated-rows.js';
import type { ScoredWindow, Window } from '../scorer/protocol.js';
import { AppendedFile } from './appended-file.js';
import { failureLines } from './failure-lines.js';
import type { Sink } from './sink.js';
import { RunStatistics } from './statistics.js';

export interface CountingOptions {
  /** Where bad rows are listed; undefined where they are not listed. */
  readonly errorsPath: string | undefined;
  /** Called with what an evaluation needs of a window's rows. */
  readonly onEvaluated?: (rows: readonly (EvaluatedRow | null)[], file: number) => void;
}

export class CountingSink implements Sink {
  readonly statistics = new RunStatistics();
  readonly #options: CountingOptions;
  #errors: AppendedFile | undefined;

  constructor(options: CountingOptions) {
    this.#options = options;
  }

  async begin(windows: AsyncGenerator<Window>): Promise<AsyncIterable<Window>> {
    return windows;
  }

  async open(): Promise<void> {
    const { errorsPath } = this.#options;
    if (errorsPath !== undefined) this.#errors = await AppendedFile.open(errorsPath);
  }

  async settle(): Promise<void> {}

  async write({ file }: Window, { stats, evaluated }: ScoredWindow, path: string): Promise<true> {
    await this.#errors?.write(failureLines(path, stats.failed));
    this.statistics.add(stats, file, path);
    if (evaluated !== undefined) this.#options.onEvaluated?.(evaluated, file);
    return true;
  }

  async finish(): Promise<void> {
    await this.#errors?.close();
  }

  async abort(): Promise<undefined> {
    await this.#errors?.abandon();
  }
}
