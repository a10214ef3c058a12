/** The published suites, by the names of --suite, and what is computed of one. */
import { type BootstrapOptions, bootstrap, estimate } from '../bootstrap.js';
import type { Metric } from '../metric.js';
import type { SuiteName } from './names.js';
import { preferenceSets, rewardBench } from './reward-bench.js';
import { rewardBench2 } from './reward-bench-2.js';
import { rmBench } from './rm-bench.js';
import type { Suite, SuiteLine, SuiteRow } from './suite.js';

export const suites = {
  'reward-bench': rewardBench,
  'reward-bench-2': rewardBench2,
  'rm-bench': rmBench,
  'preference-sets': preferenceSets,
} as const satisfies Record<SuiteName, Suite>;

export interface SuiteResult {
  readonly suite: SuiteName;
  readonly title: string;
  readonly source: string;
  readonly rows: number;
  /** What a resample draws: so many prompts. */
  readonly clusters: number;
  readonly lines: readonly (Pick<SuiteLine, 'name' | 'level'> & { readonly result: Metric })[];
}

/** @throws FatalError `usage` where a row is not of the suite */
export function evaluateSuite(name: SuiteName, rows: readonly SuiteRow[], options: BootstrapOptions): SuiteResult {
  const { title, source, compute } = suites[name];
  const { lines, clusters } = compute(rows);
  const replicates = bootstrap(
    lines.map(({ statistic }) => statistic),
    clusters,
    options,
  );
  return {
    suite: name,
    title,
    source,
    rows: rows.length,
    clusters,
    lines: lines.map(({ name, level, statistic }) => ({ name, level, result: estimate(replicates, statistic) })),
  };
}
