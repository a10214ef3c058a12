/** What a published suite is: the form of its rows, and the table that its authors print. */
import type { NotDefined, Statistic } from '../metric.js';
import { isDefined } from '../metric.js';

/** A row of a suite with its rewards. */
export interface SuiteRow {
  /** The value of the field that divides the suite. */
  readonly subset: string;
  readonly id: string | undefined;
  /** Those of the correct answers first. */
  readonly rewards: readonly number[];
  /** How many of the answers are correct. */
  readonly correct: number;
  /** Where it is, for messages: `file:12`. */
  readonly place: string;
}

/** A line of the table. */
export interface SuiteLine {
  readonly name: string;
  /** Subsets are put together to sections, and these to the whole. */
  readonly level: 'subset' | 'section' | 'whole';
  readonly statistic: Statistic | NotDefined;
}

interface ComputedSuite {
  readonly lines: readonly SuiteLine[];
  /** What a resample draws: so many prompts. */
  readonly clusters: number;
}

export interface Suite {
  readonly title: string;
  /** The repository and commit whose arithmetic this is. */
  readonly source: string;
  /** The field that divides it. */
  readonly by: string;
  /** How many answers `chosen` and `rejected` hold: one text each, a list each, or lists of one length. */
  readonly answers: 'one' | 'lists' | 3;
  /** @throws FatalError `usage` where a row is not of the suite */
  compute(rows: readonly SuiteRow[]): ComputedSuite;
}

/** A weighted mean of statistics; the reason of the first that is not defined. */
export function averageOf(
  parts: readonly { readonly statistic: Statistic | NotDefined; readonly weight: number }[],
): Statistic | NotDefined {
  const defined: { readonly statistic: Statistic; readonly weight: number }[] = [];
  for (const { statistic, weight } of parts) {
    if (!isDefined(statistic)) return statistic;
    defined.push({ statistic, weight });
  }
  const total = defined.reduce((sum, { weight }) => sum + weight, 0);
  if (defined.length === 0) return { reason: 'expected rows of the suite, got none' };
  return {
    n: defined.reduce((sum, { statistic }) => sum + statistic.n, 0),
    clusters: defined.reduce((sum, { statistic }) => sum + statistic.clusters, 0),
    at: (counts) => defined.reduce((sum, { statistic, weight }) => sum + weight * statistic.at(counts), 0) / total,
  };
}

/** The mean of all alike. */
export const meanOfAll = (statistics: readonly (Statistic | NotDefined)[]): Statistic | NotDefined =>
  averageOf(statistics.map((statistic) => ({ statistic, weight: 1 })));

/** The values of rows by a key, in the order of the keys' names. */
export function byKey<T>(
  rows: readonly SuiteRow[],
  keyOf: (row: SuiteRow) => string,
  of: (row: SuiteRow, index: number) => T,
) {
  const found = new Map<string, T[]>();
  for (const [index, row] of rows.entries()) {
    const key = keyOf(row);
    const values = found.get(key);
    if (values === undefined) found.set(key, [of(row, index)]);
    else values.push(of(row, index));
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
