/**
 * What is computed of two scorers' rewards of the same texts, by the names in JSON and in the order in which it is shown.
 * Terminal, JSON and documentation go through this table.
 */

import type { Clusters } from '../clusters.js';
import { correlationInGroups, kendall, spearman } from '../correlation.js';
import { eachGroup, type Groups } from '../groups.js';
import { deviationOf, meanOf } from '../means.js';
import type { NotDefined, Statistic } from '../metric.js';
import { kendallStatistic, spearmanStatistic } from './rank-correlations.js';

/** Each column is [rows], the rows of a group one after the other. */
export interface ComparedSample {
  readonly a: Float64Array;
  readonly b: Float64Array;
  /** 1 for the candidate that either scorer chooses in its group. */
  readonly winnerA: Float64Array;
  readonly winnerB: Float64Array;
  /** Undefined where the rows are in no groups. */
  readonly groups: Groups | undefined;
  readonly clusters: Clusters;
}

interface ComparisonMetric {
  /** The end of a sentence. */
  readonly explanation: string;
  readonly compute: (sample: ComparedSample) => Statistic | NotDefined;
}

const noGroups: NotDefined = { reason: 'expected groups of candidates, got none' };

type Correlation = (x: Float64Array, y: Float64Array) => number;
type CorrelationStatistic = typeof spearmanStatistic;

const overall =
  (statistic: CorrelationStatistic) =>
  ({ a, b, clusters }: ComparedSample): Statistic | NotDefined =>
    statistic(a, b, clusters, 'rewards');

const within =
  (correlation: Correlation) =>
  ({ a, b, groups }: ComparedSample): Statistic | NotDefined =>
    groups === undefined
      ? noGroups
      : correlationInGroups(correlation, a, b, groups, 'groups in which neither side has one reward for all');

const across =
  (statistic: CorrelationStatistic) =>
  ({ a, b, groups }: ComparedSample): Statistic | NotDefined =>
    groups === undefined
      ? noGroups
      : statistic(groupMeans(a, groups), groupMeans(b, groups), groups.clusters, 'groups');

function groupMeans(values: Float64Array, groups: Groups): Float64Array {
  return Float64Array.from(
    eachGroup(groups, (from, to) => values.subarray(from, to).reduce((sum, value) => sum + value, 0) / (to - from)),
  );
}

/** The share of groups of two candidates or more whose winner is another one. */
function changedWinners({ winnerA, winnerB, groups }: ComparedSample): Statistic | NotDefined {
  if (groups === undefined) return noGroups;
  const changed = eachGroup(groups, (from, to) => {
    if (to - from < 2) return Number.NaN;
    return Number(winnerA.subarray(from, to).indexOf(1) !== winnerB.subarray(from, to).indexOf(1));
  });
  return meanOf(Float64Array.from(changed), groups.clusters, 'groups of two candidates or more');
}

const shifts = ({ a, b }: ComparedSample): Float64Array => b.map((reward, i) => reward - (a[i] as number));

export const comparisonMetrics = {
  spearman: { explanation: 'rank correlation of all rewards', compute: overall(spearmanStatistic) },
  kendall: { explanation: 'the same by pairs in the same order (tau-b)', compute: overall(kendallStatistic) },
  spearman_within: { explanation: 'mean rank correlation within a group', compute: within(spearman) },
  kendall_within: { explanation: 'the same by pairs in the same order (tau-b)', compute: within(kendall) },
  spearman_across: { explanation: "rank correlation of the groups' mean rewards", compute: across(spearmanStatistic) },
  kendall_across: { explanation: 'the same by pairs in the same order (tau-b)', compute: across(kendallStatistic) },
  winner_changed: { explanation: 'share of groups in which B chooses another candidate', compute: changedWinners },
  shift: { explanation: 'mean of B less A', compute: (sample) => meanOf(shifts(sample), sample.clusters) },
  spread: {
    explanation: 'standard deviation of B less A',
    compute: (sample) => deviationOf(shifts(sample), sample.clusters),
  },
  mean_a: { explanation: 'mean reward of A', compute: ({ a, clusters }) => meanOf(a, clusters) },
  mean_b: { explanation: 'mean reward of B', compute: ({ b, clusters }) => meanOf(b, clusters) },
  std_a: { explanation: 'standard deviation of A', compute: ({ a, clusters }) => deviationOf(a, clusters) },
  std_b: { explanation: 'standard deviation of B', compute: ({ b, clusters }) => deviationOf(b, clusters) },
} as const satisfies Record<string, ComparisonMetric>;

export type ComparisonMetricName = keyof typeof comparisonMetrics;

export const comparisonMetricNames = Object.keys(comparisonMetrics) as readonly ComparisonMetricName[];
