/** What happened in a run, window by window in file order: the numbers of the summary. */

import type { FailureCode } from '../rows/failure.js';
import type { RowKind } from '../rows/kinds/kinds.js';
import { BOUNDARIES_TO_CHECK } from '../rows/kinds/texts.js';
import type { HintCode, NoticeCode } from '../rows/notices.js';
import type { WindowStats } from '../scorer/protocol.js';
import { addChoices, type ChoiceCounts, noChoices } from '../selection/gains.js';
import { QuantileSketch, type SketchState } from './quantile-sketch.js';

interface ReportedFailure {
  readonly file: string;
  readonly line: number | null;
  readonly byte: number;
  readonly code: FailureCode;
  readonly message: string;
}

/** The most failures that are shown in full; the others are counted. */
const SHOWN_FAILURES = 5;

/** Statistics of rewards; null where there are too few to say. */
export interface RewardStatistics {
  readonly min: number | null;
  readonly mean: number | null;
  readonly max: number | null;
  readonly std: number | null;
  readonly quantiles: Readonly<Record<keyof typeof fractions, number | null>>;
}

const fractions = { p01: 0.01, p05: 0.05, p25: 0.25, p50: 0.5, p75: 0.75, p95: 0.95, p99: 0.99 };

/** The counts, as plain data with which a resumed run begins. */
interface Counts {
  rows: number;
  failed: number;
  rewardsWritten: number;
  /** Rows that are not left out. */
  kept: number;
  tokens: number;
  computedTokens: number;
  truncatedRows: number;
  truncatedTokens: number;
  boundarySpaces: boolean[];
  forms: Partial<Record<RowKind, number>>;
  failures: Partial<Record<FailureCode, number>>;
  notices: Partial<Record<NoticeCode, number>>;
  hints: Partial<Record<HintCode, number>>;
  firstFailures: ReportedFailure[];
  rowsByFile: number[];
  mean: number;
  /** Sum of squared differences from the mean (Welford). */
  squares: number;
  min: number | null;
  max: number | null;
  choices: ChoiceCounts;
}

export interface StatisticsState extends Counts {
  readonly sketch: SketchState;
}

export class RunStatistics {
  readonly #counts: Counts;
  readonly #sketch: QuantileSketch;
  #work = 0;

  constructor(state?: StatisticsState) {
    const { sketch, ...counts } = { ...nothing, sketch: undefined, ...state };
    this.#counts = structuredClone(counts);
    this.#sketch = new QuantileSketch(sketch);
  }

  get counts(): Readonly<Counts> {
    return this.#counts;
  }

  /** Of a dry run, how long the network would take, in units of one token that sees no others. */
  get work(): number {
    return this.#work;
  }

  get state(): StatisticsState {
    return { ...this.#counts, sketch: this.#sketch.state };
  }

  add(window: WindowStats, file: number, path: string): void {
    const { rewards, failed, work = 0, ...counted } = window;
    this.#work += work;
    let mean = 0;
    let squares = 0;
    let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const [i, reward] of rewards.entries()) {
      const delta = reward - mean;
      mean += delta / (i + 1);
      squares += delta * (reward - mean);
      min = Math.min(min, reward);
      max = Math.max(max, reward);
    }
    const failures: Counts['failures'] = {};
    for (const { failure } of failed) failures[failure.code] = (failures[failure.code] ?? 0) + 1;
    const firstFailures = failed.slice(0, SHOWN_FAILURES).map(({ path: own = path, byte, line, failure }) => ({
      file: own,
      line,
      byte,
      code: failure.code,
      message: failure.message,
    }));
    const rowsByFile: number[] = Array.from({ length: file + 1 }, () => 0);
    rowsByFile[file] = window.rows;
    const some = rewards.length > 0;
    addCounts(this.#counts, {
      ...counted,
      boundarySpaces: [...window.boundarySpaces],
      failed: failed.length,
      kept: window.kept ?? window.rows,
      failures,
      firstFailures,
      rowsByFile: [...(window.rowsByFile ?? rowsByFile)],
      mean,
      squares,
      min: some ? min : null,
      max: some ? max : null,
      choices: window.choices ?? noChoices(),
    });
    this.#sketch.add(rewards);
  }

  /** Sets how many rows were kept, where only the whole run says which. */
  keepOnly(rows: number): void {
    this.#counts.kept = rows;
  }

  /**
   * Adds the counts of a run of one input, whose rows come after this one's.
   *
   * @param file the number of that input among those of this run
   */
  addFile(other: RunStatistics, file: number): void {
    const { state } = other;
    this.merge({ ...state, rowsByFile: [...Array.from({ length: file }, () => 0), ...state.rowsByFile] });
    this.#work += other.work;
  }

  /** Adds the counts of another run, whose rows come after this one's. */
  merge({ sketch, ...counts }: StatisticsState): void {
    addCounts(this.#counts, { ...nothing, ...counts });
    this.#sketch.merge(sketch);
  }

  /** Whether the first rows of prompt and response, if there are any, have no white space where the two meet. */
  get seesNoSpace(): boolean {
    const { boundarySpaces } = this.#counts;
    return boundarySpaces.length > 0 && !boundarySpaces.includes(true);
  }

  /** How many rewards are in each of `bins` equal parts from one end to the other; those beyond are in the outer ones. */
  histogram(from: number, to: number, bins: number): number[] {
    return this.#sketch.histogram(from, to, bins);
  }

  /** Undefined where they are not numbers, but numbers for each label. */
  get rewards(): RewardStatistics | undefined {
    const { rewardsWritten, mean, squares, min, max } = this.#counts;
    if (rewardsWritten > 0 && min === null) return undefined;
    const some = rewardsWritten > 0;
    const values = this.#sketch.quantiles(Object.values(fractions));
    return {
      min,
      mean: some ? mean : null,
      max,
      std: rewardsWritten > 1 ? Math.sqrt(squares / (rewardsWritten - 1)) : null,
      quantiles: Object.fromEntries(
        Object.keys(fractions).map((name, i) => [name, some ? (values[i] as number) : null]),
      ) as RewardStatistics['quantiles'],
    };
  }
}

const nothing: Counts = {
  rows: 0,
  failed: 0,
  rewardsWritten: 0,
  kept: 0,
  tokens: 0,
  computedTokens: 0,
  truncatedRows: 0,
  truncatedTokens: 0,
  boundarySpaces: [],
  forms: {},
  failures: {},
  notices: {},
  hints: {},
  firstFailures: [],
  rowsByFile: [],
  mean: 0,
  squares: 0,
  min: null,
  max: null,
  choices: noChoices(),
};

/**
 * Adds the counts of later rows.
 *
 * Source for mean and squares: Chan, Golub and LeVeque, Updating Formulae and a Pairwise Algorithm for Computing
 * Sample Variances, 1979
 */
function addCounts(counts: Counts, later: Readonly<Counts>): void {
  const both = counts.rewardsWritten + later.rewardsWritten;
  const delta = later.mean - counts.mean;
  if (both > 0) {
    counts.squares += later.squares + (delta * delta * counts.rewardsWritten * later.rewardsWritten) / both;
    counts.mean += (delta * later.rewardsWritten) / both;
  }
  counts.rows += later.rows;
  counts.failed += later.failed;
  counts.rewardsWritten = both;
  counts.kept += later.kept;
  counts.tokens += later.tokens;
  counts.computedTokens += later.computedTokens;
  counts.truncatedRows += later.truncatedRows;
  counts.truncatedTokens += later.truncatedTokens;
  counts.boundarySpaces.push(...later.boundarySpaces.slice(0, BOUNDARIES_TO_CHECK - counts.boundarySpaces.length));
  counts.firstFailures.push(...later.firstFailures.slice(0, SHOWN_FAILURES - counts.firstFailures.length));
  addChoices(counts.choices, later.choices);
  addEach(counts.forms, later.forms);
  addEach(counts.failures, later.failures);
  addEach(counts.notices, later.notices);
  addEach(counts.hints, later.hints);
  for (const [file, rows] of later.rowsByFile.entries())
    counts.rowsByFile[file] = (counts.rowsByFile[file] ?? 0) + rows;
  counts.min = extreme(counts.min, later.min, Math.min);
  counts.max = extreme(counts.max, later.max, Math.max);
}

function addEach<K extends string>(sums: Partial<Record<K, number>>, more: Readonly<Partial<Record<K, number>>>): void {
  for (const [key, count] of Object.entries(more) as [K, number][]) sums[key] = (sums[key] ?? 0) + count;
}

const extreme = (a: number | null, b: number | null, choose: (a: number, b: number) => number): number | null =>
  a === null ? b : b === null ? a : choose(a, b);
