/** An evaluation as --json prints it. */

import type { Evaluation, ScorerReport } from '../evaluation/evaluation.js';
import { isDefined, type Metric } from '../evaluation/metric.js';
import type { Verdict } from '../evaluation/thresholds.js';

export interface RowCounts {
  readonly rows: number;
  readonly failed: number;
}

export function evaluationAsJson(evaluation: Evaluation, verdicts: readonly Verdict[], counts: RowCounts): string {
  const { slices, difference } = evaluation;
  const value = {
    ...reportAsJson(evaluation),
    ...(difference !== undefined && { difference }),
    slices: slices.map((slice) => ({ key: slice.key, ...countsOf(slice), ...reportAsJson(slice) })),
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

const reportAsJson = ({ metrics, baselines }: ScorerReport) => ({ metrics, baselines });

const countsOf = ({ rewards, pairs }: ScorerReport) => ({ rewards, pairs });

const resultOf = (result: Metric): Metric => (isDefined(result) ? result : { reason: result.reason });
