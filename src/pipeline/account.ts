/** What happened in a run, window by window in file order: the numbers of the summary. */
import type { FailureCode } from '../rows/failure.js';
import { type Form, SEAMS_TO_JUDGE } from '../rows/forms.js';
import type { WindowAccount } from '../worker/messages.js';
import { QuantileSketch } from './quantile-sketch.js';

export interface ReportedFailure {
  readonly file: string;
  readonly line: number | null;
  readonly byte: number;
  readonly code: FailureCode;
  readonly message: string;
}

/** Failures that are shown in full; the others are counted. */
const SHOWN_FAILURES = 5;

const fractions = { p01: 0.01, p05: 0.05, p25: 0.25, p50: 0.5, p75: 0.75, p95: 0.95, p99: 0.99 };

export class RunAccount {
  rows = 0;
  failed = 0;
  rewardsWritten = 0;
  tokens = 0;
  computedTokens = 0;
  truncatedRows = 0;
  truncatedTokens = 0;
  readonly seams: boolean[] = [];
  readonly forms: Partial<Record<Form, number>> = {};
  readonly failures: Partial<Record<FailureCode, number>> = {};
  readonly firstFailures: ReportedFailure[] = [];
  readonly rowsByFile: number[] = [];
  readonly #sketch = new QuantileSketch();
  #mean = 0;
  /** Sum of squared differences from the mean (Welford). */
  #squares = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  add(window: WindowAccount, file: number, path: string): void {
    this.rows += window.rows;
    this.rowsByFile[file] = (this.rowsByFile[file] ?? 0) + window.rows;
    this.failed += window.failed.length;
    this.tokens += window.tokens;
    this.computedTokens += window.computedTokens;
    this.truncatedRows += window.truncatedRows;
    this.truncatedTokens += window.truncatedTokens;
    this.seams.push(...window.seams.slice(0, SEAMS_TO_JUDGE - this.seams.length));
    for (const [form, count] of Object.entries(window.forms) as [Form, number][]) {
      this.forms[form] = (this.forms[form] ?? 0) + count;
    }
    for (const { line, byte, failure } of window.failed) {
      this.failures[failure.code] = (this.failures[failure.code] ?? 0) + 1;
      if (this.firstFailures.length < SHOWN_FAILURES) {
        this.firstFailures.push({ file: path, line, byte, code: failure.code, message: failure.message });
      }
    }
    for (const reward of window.rewards) {
      this.rewardsWritten++;
      const delta = reward - this.#mean;
      this.#mean += delta / this.rewardsWritten;
      this.#squares += delta * (reward - this.#mean);
      this.#min = Math.min(this.#min, reward);
      this.#max = Math.max(this.#max, reward);
    }
    this.#sketch.add(window.rewards);
  }

  /** null where there are too few rewards to say. */
  get rewards(): object {
    const some = this.rewardsWritten > 0;
    const values = this.#sketch.quantiles(Object.values(fractions));
    return {
      min: some ? this.#min : null,
      mean: some ? this.#mean : null,
      max: some ? this.#max : null,
      std: this.rewardsWritten > 1 ? Math.sqrt(this.#squares / (this.rewardsWritten - 1)) : null,
      quantiles: Object.fromEntries(Object.keys(fractions).map((name, i) => [name, some ? values[i] : null])),
    };
  }
}
