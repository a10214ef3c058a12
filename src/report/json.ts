/** What --json prints. */

import type { Evaluation, Worth } from '../evaluation/evaluation.js';
import { isDefined, type Metric } from '../evaluation/metric.js';
import type { Verdict } from '../evaluation/thresholds.js';

export interface RowCounts {
  readonly rows: number;
  readonly failed: number;
}

export function evaluationAsJson(evaluation: Evaluation, verdicts: readonly Verdict[], counts: RowCounts): string {
  const { slices, difference } = evaluation;
  const value = {
    ...worthAsJson(evaluation),
    ...(difference !== undefined && { difference }),
    slices: slices.map((slice) => ({ key: slice.key, ...countsOf(slice), ...worthAsJson(slice) })),
    thresholds: verdicts.map(({ side, metric, bound, missed, result }) => ({
      metric,
      [side === 'under' ? 'failUnder' : 'failOver']: bound,
      ...resultOf(result),
      missed,
    })),
    ...counts,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

const worthAsJson = ({ metrics, baselines }: Worth) => ({ metrics, baselines });

const countsOf = ({ rewards, pairs }: Worth) => ({ rewards, pairs });

const resultOf = (result: Metric): Metric => (isDefined(result) ? result : { reason: result.reason });
