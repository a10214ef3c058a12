/** Describes thresholds in words. */
import { isDefined } from '../evaluation/metric.js';
import { isBeyond, type Threshold, type Verdict } from '../evaluation/thresholds.js';
import { optionName } from '../option-name.js';
import { ends, exact } from './numbers.js';

/** `auc >= 0.8` */
export const demand = ({ side, metric, bound }: Threshold): string =>
  `${metric} ${side === 'under' ? '>=' : '<='} ${bound}`;

/** A missed threshold in one sentence: value, interval and bound. */
export function missInWords(verdict: Verdict): string {
  const { side, metric, bound, result, onInterval } = verdict;
  const flags = `(${flagOf(verdict)}${onInterval ? ` ${optionName('failOnInterval')}` : ''})`;
  if (!isDefined(result)) return `${metric} cannot be computed: ${result.reason} ${flags}`;
  const value = exact(result.value, bound);
  const interval = ends(result, (end) => exact(end, bound));
  const is = isBeyond(result.value, side, bound) ? 'is' : 'may be';
  return `${metric} ${value}, 95 % interval ${interval}, ${is} ${side} ${bound} ${flags}`;
}

const flagOf = ({ side, metric, bound }: Threshold): string =>
  `${optionName(side === 'under' ? 'failUnder' : 'failOver')} ${metric}=${bound}`;
