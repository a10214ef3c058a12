/** Metrics by the names that thresholds and --json have for them, in the order they are shown in. */
import type { RowMetric } from './statistics.js';

export const metricNames = [
  'auc',
  'ap',
  'accuracy',
  'brier',
  'log_loss',
  'ece',
  'pairwise',
  'top1',
  'lift',
  'spearman',
  'kendall',
  'mean',
  'std',
] as const satisfies readonly (RowMetric | 'pairwise')[];
export type MetricName = (typeof metricNames)[number];
