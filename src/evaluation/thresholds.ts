/** The bounds that an evaluation must meet: --fail-under and --fail-over. */

import { type Estimate, isDefined, type Metric, type Metrics } from './metric.js';
import { type MetricName, metricNames } from './metrics.js';

export type Side = 'under' | 'over';

export interface Threshold {
  /** The metric fails when it is on this side of the bound. */
  readonly side: Side;
  readonly metric: MetricName;
  readonly bound: number;
}

export interface Verdict extends Threshold {
  readonly missed: boolean;
  readonly result: Metric;
  /** Whether the interval's worse end was compared with the bound, and not the value. */
  readonly onInterval: boolean;
}

/** @returns a message on what is wrong with the text, where it is not a threshold */
export function parseThreshold(side: Side, text: string): Threshold | string {
  const [, name, number = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) return 'Expected NAME=NUMBER, as auc=0.8.';
  const metric = metricNames.find((each) => each === name);
  if (metric === undefined) return `Expected one of ${metricNames.join(', ')} before the =.`;
  if (number.trim() === '' || !Number.isFinite(Number(number))) return 'Expected a number after the =.';
  return { side, metric, bound: Number(number) };
}

/** Compares metrics with their bounds. A metric that cannot be computed misses its threshold. */
export const checkThresholds = (
  thresholds: readonly Threshold[],
  metrics: Metrics<MetricName>,
  onInterval: boolean,
): Verdict[] =>
  thresholds.map((threshold) => {
    const { side, metric, bound } = threshold;
    const result = metrics[metric];
    const missed = !isDefined(result) || isBeyond(compared(result, side, onInterval), side, bound);
    return { ...threshold, missed, result, onInterval };
  });

const compared = ({ value, low, high }: Estimate, side: Side, onInterval: boolean): number =>
  onInterval ? (side === 'under' ? low : high) : value;

export const isBeyond = (value: number, side: Side, bound: number): boolean =>
  side === 'under' ? value < bound : value > bound;
