/**
 * All metrics, by their names in thresholds and --json, in the order in which they are shown. A new one is a file in
 * metrics/ and a line here: all code that computes, compares, prints or draws metrics iterates this table.
 */
import { accuracy } from './metrics/accuracy.js';
import { auc } from './metrics/auc.js';
import { averagePrecision } from './metrics/average-precision.js';
import { brier } from './metrics/brier.js';
import { calibrationError } from './metrics/calibration-error.js';
import type { MetricDefinition } from './metrics/definition.js';
import { deviation } from './metrics/deviation.js';
import { kendall } from './metrics/kendall.js';
import { lift } from './metrics/lift.js';
import { logLoss } from './metrics/log-loss.js';
import { mean } from './metrics/mean.js';
import { pairwise } from './metrics/pairwise.js';
import { spearman } from './metrics/spearman.js';
import { top1 } from './metrics/top1.js';

export const metrics = {
  auc,
  ap: averagePrecision,
  accuracy,
  brier,
  log_loss: logLoss,
  ece: calibrationError,
  pairwise,
  top1,
  lift,
  spearman,
  kendall,
  mean,
  std: deviation,
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof metrics;

type Takes = MetricDefinition['takes'];
type NameOf<T extends Takes> = {
  [Name in MetricName]: (typeof metrics)[Name]['takes'] extends T ? Name : never;
}[MetricName];

/** Metrics that need only an order of the rows, so that a text's length has them too. */
export type OrderMetric = NameOf<'order'>;
export type RowMetric = NameOf<'order' | 'rewards'>;
export type PairMetric = NameOf<'pairs'>;

export const metricNames = Object.keys(metrics) as readonly MetricName[];
export const orderMetricNames = namesOf('order');
export const rowMetricNames = namesOf('order', 'rewards');
export const pairMetricNames = namesOf('pairs');

function namesOf<T extends Takes>(...takes: readonly T[]): readonly NameOf<T>[] {
  return metricNames.filter((name): name is NameOf<T> => takes.some((each) => each === metrics[name].takes));
}
