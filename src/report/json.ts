/** An evaluation as --json prints it. */

import type { Evaluation, ScorerReport } from '../evaluation/evaluation.js';
import { isDefined, type Metric } from '../evaluation/metric.js';
import type { Verdict } from '../evaluation/thresholds.js';

export interface RowCounts {
  readonly rows: number;
  readonly failed: number;
}

export function evaluationAsJson(evaluation: Evaluation, verdicts: readonly Verdict[], counts: RowCounts): string {
  const { slices, comparison } = evaluation;
  const value = {
    ...reportAsJson(evaluation),
    ...(comparison !== undefined && { difference: comparison.difference, comparison }),
    slices: slices.map((slice) => ({ key: slice.key, ...countsOf(slice), ...reportAsJson(slice) })),
    thresholds: verdicts.map(verdictAsJson),
    ...counts,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

const reportAsJson = ({ metrics, baselines }: ScorerReport) => ({ metrics, baselines });

const countsOf = ({ rewards, pairs }: ScorerReport) => ({ rewards, pairs });

const verdictAsJson = (verdict: Verdict) => {
  const { metric, missed, result } = verdict;
  const asked =
    verdict.kind === 'regression'
      ? { failOnRegression: true }
      : {
          ...(verdict.slice && { slice: verdict.slice }),
          [verdict.side === 'under' ? 'failUnder' : 'failOver']: verdict.bound,
        };
  return { metric, ...asked, ...resultOf(result), missed };
};

const resultOf = (result: Metric): Metric => (isDefined(result) ? result : { reason: result.reason });
