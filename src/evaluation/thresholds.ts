/** What an evaluation must reach: --fail-under and --fail-over. */

import { ends, exact } from '../report/numbers.js';
import { type Estimate, isDefined, type Metric, type Metrics } from './metric.js';
import { type MetricName, metricNames } from './metric-names.js';

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
  /** The interval's worse end is what was compared. */
  readonly onInterval: boolean;
}

/** @returns what is wrong with the text, where it is no threshold */
export function parseThreshold(side: Side, text: string): Threshold | string {
  const [, name, number = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) return 'Expected NAME=NUMBER, as auc=0.8.';
  const metric = metricNames.find((each) => each === name);
  if (metric === undefined) return `Expected one of ${metricNames.join(', ')} before the =.`;
  if (number.trim() === '' || !Number.isFinite(Number(number))) return 'Expected a number after the =.';
  return { side, metric, bound: Number(number) };
}

/** A metric that cannot be computed misses. */
export const judge = (thresholds: readonly Threshold[], metrics: Metrics<MetricName>, onInterval: boolean): Verdict[] =>
  thresholds.map((threshold) => {
    const { side, metric, bound } = threshold;
    const result = metrics[metric];
    const missed = !isDefined(result) || isBeyond(compared(result, side, onInterval), side, bound);
    return { ...threshold, missed, result, onInterval };
  });

const compared = ({ value, low, high }: Estimate, side: Side, onInterval: boolean): number =>
  onInterval ? (side === 'under' ? low : high) : value;

const isBeyond = (value: number, side: Side, bound: number): boolean =>
  side === 'under' ? value < bound : value > bound;

/** `auc >= 0.8` */
export const demand = ({ side, metric, bound }: Threshold): string =>
  `${metric} ${side === 'under' ? '>=' : '<='} ${bound}`;

const flagOf = ({ side, metric, bound }: Threshold): string => `--fail-${side} ${metric}=${bound}`;

/** Of a missed one, in one sentence: value, interval and bound. */
export function missInWords(verdict: Verdict): string {
  const { side, metric, bound, result, onInterval } = verdict;
  const flags = `(${flagOf(verdict)}${onInterval ? ' --fail-on-interval' : ''})`;
  if (!isDefined(result)) return `${metric} cannot be computed: ${result.reason} ${flags}`;
  const value = exact(result.value, bound);
  const interval = ends(result, (end) => exact(end, bound));
  const is = isBeyond(result.value, side, bound) ? 'is' : 'may be';
  return `${metric} ${value}, 95 % interval ${interval}, ${is} ${side} ${bound} ${flags}`;
}
