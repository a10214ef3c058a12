import { calibrationError } from './calibration.js';
import type { Clusters } from './clusters.js';
import { correlationInGroups, kendall, spearman } from './correlation.js';
import { choiceStatistics, type Groups } from './groups.js';
import { deviationOf, meanOf } from './means.js';
import { always, type NotDefined, type Statistics } from './metric.js';
import { probabilityStatistics, type ScoreMeaning } from './probability.js';
import { randomAveragePrecision } from './random-order.js';
import { auc, averagePrecision } from './ranking.js';

/** Metrics that take only an order of the rows: a text's length has them too. */
export type OrderMetric = 'auc' | 'ap' | 'top1' | 'lift' | 'spearman' | 'kendall';

/** All metrics of rows. */
export type RowMetric = OrderMetric | 'accuracy' | 'brier' | 'log_loss' | 'ece' | 'mean' | 'std';

/** What scorers are judged by. */
export interface Judgement {
  /** [rows] */
  readonly labels: Float64Array | undefined;
  readonly groups: Groups | undefined;
  /** The cluster of each row. */
  readonly clusters: Clusters;
}

const noLabels: NotDefined = { reason: 'expected labels, got none' };
const noGroups: NotDefined = { reason: 'expected groups of candidates, got none' };

/** @param scores [rows] */
export function rowStatistics(scores: Float64Array, meaning: ScoreMeaning, by: Judgement): Statistics<RowMetric> {
  const { labels, clusters } = by;
  const unlabelled = { accuracy: noLabels, brier: noLabels, log_loss: noLabels };
  return {
    ...orderStatistics(scores, scores, by),
    ...(labels ? probabilityStatistics(scores, labels, clusters, meaning) : unlabelled),
    ece: labels ? calibrationError(scores, labels, clusters, meaning) : noLabels,
    mean: meanOf(scores, clusters),
    std: deviationOf(scores, clusters),
  };
}

/**
 * @param scores [rows]
 * @param rewards [rows], what a candidate is worth where there are no labels, for the lift
 */
export function orderStatistics(scores: Float64Array, rewards: Float64Array, by: Judgement): Statistics<OrderMetric> {
  const { labels, groups, clusters } = by;
  return {
    auc: labels ? auc(scores, labels, clusters) : noLabels,
    ap: labels ? averagePrecision(scores, labels, clusters) : noLabels,
    top1: groups && labels ? choiceStatistics(scores, labels, groups).top1 : groups ? noLabels : noGroups,
    lift: groups ? choiceStatistics(scores, labels ?? rewards, groups).lift : noGroups,
    spearman: correlation(spearman, scores, by),
    kendall: correlation(kendall, scores, by),
  };
}

/** What scores drawn at random have on average over all orders of the rows. */
export function randomStatistics(rewards: Float64Array, by: Judgement): Statistics<OrderMetric> {
  const { labels, groups, clusters } = by;
  // It has a metric where a scorer that knows the labels has it.
  const like = orderStatistics(labels ?? rewards, rewards, by);
  return {
    auc: always(0.5, like.auc),
    ap: labels ? randomAveragePrecision(labels, clusters) : noLabels,
    top1: groups && labels ? choiceStatistics(labels, labels, groups).randomTop1 : like.top1,
    lift: always(0, like.lift),
    spearman: always(0, like.spearman),
    kendall: always(0, like.kendall),
  };
}

function correlation(of: typeof spearman, scores: Float64Array, { labels, groups }: Judgement) {
  if (!groups) return noGroups;
  return labels ? correlationInGroups(of, scores, labels, groups) : noLabels;
}
