/** An evaluation as --json prints it. */

import type { Evaluation, ScorerReport } from '../evaluation/evaluation.js';
import { isDefined, type Metric } from '../evaluation/metric.js';
import type { Provenance } from '../evaluation/provenance.js';
import type { Verdict } from '../evaluation/thresholds.js';

export interface RowCounts {
  readonly rows: number;
  readonly failed: number;
}

/** What a page draws and lists besides: with `--report`, JSON has all its numbers. */
export interface PageData {
  readonly plots: unknown;
  readonly disagreements: unknown;
}

export function evaluationAsJson(
  evaluation: Evaluation,
  verdicts: readonly Verdict[],
  counts: RowCounts,
  provenance: Provenance,
  page: PageData | undefined,
): string {
  const { slices, comparison } = evaluation;
  const value = {
    ...reportAsJson(evaluation),
    ...(comparison !== undefined && { difference: comparison.difference, comparison }),
    slices: slices.map((slice) => ({ key: slice.key, ...countsOf(slice), ...reportAsJson(slice) })),
    thresholds: verdicts.map(verdictAsJson),
    ...counts,
    groups: evaluation.groups,
    clusters: evaluation.clusters,
    ...choicesOf(evaluation),
    ...(page && { page }),
    provenance,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** What choosing by reward is worth, in whole groups and among N drawn candidates. */
const choicesOf = ({ bestOf, parts: { rows } }: Evaluation) =>
  bestOf.length === 0 || rows === undefined || !isDefined(rows) ? {} : { choices: rows.choiceValues, bestOf };

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
