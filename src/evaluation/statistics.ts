/** The table of metrics, applied to rows and pairs. */
import type { Statistics } from './metric.js';
import type { Computed, PairSample, RowSample } from './metrics/definition.js';
import {
  metrics,
  type OrderMetric,
  orderMetricNames,
  type PairMetric,
  pairMetricNames,
  type RowMetric,
  rowMetricNames,
} from './metrics.js';

export const rowStatistics = (sample: RowSample): Statistics<RowMetric> =>
  record(rowMetricNames, (name) => metrics[name].compute(sample));

/** The statistics of scores that only have an order. */
export const orderStatistics = (sample: RowSample): Statistics<OrderMetric> =>
  record(orderMetricNames, (name) => metrics[name].compute(sample));

/** The averages of the statistics for random scores, over all orders of the rows. */
export const randomStatistics = (sample: RowSample): Statistics<OrderMetric> =>
  record(orderMetricNames, (name) => metrics[name].random(sample));

export const pairStatistics = (sample: PairSample): Statistics<PairMetric> =>
  record(pairMetricNames, (name) => metrics[name].compute(sample));

/** The averages of the statistics for random scores. */
export const randomPairStatistics = (sample: PairSample): Statistics<PairMetric> =>
  record(pairMetricNames, (name) => metrics[name].random(sample));

const record = <Name extends string>(names: readonly Name[], compute: (name: Name) => Computed): Statistics<Name> =>
  Object.fromEntries(names.map((name) => [name, compute(name)])) as Statistics<Name>;
