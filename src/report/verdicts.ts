/** Describes thresholds in words. */
import { type Estimate, isDefined } from '../evaluation/metric.js';
import { metrics } from '../evaluation/metrics.js';
import {
  type BoundVerdict,
  isBeyond,
  type RegressionVerdict,
  thresholdAsGiven,
  type Verdict,
} from '../evaluation/thresholds.js';
import { optionName } from '../option-name.js';
import { ends, exact, short } from './numbers.js';

/** `auc >= 0.8`, `auc[source=web] >= 0.7`, `auc no worse than the baseline` */
export function demand(verdict: Verdict): string {
  if (verdict.kind === 'regression') return `${verdict.metric} no worse than the baseline`;
  const { side, bound } = verdict;
  return `${judgedName(verdict)} ${side === 'under' ? '>=' : '<='} ${bound}`;
}

/** `auc`, or with its slice `auc[source=web]`. */
export const judgedName = (verdict: Verdict): string =>
  verdict.kind === 'bound' && verdict.slice !== undefined
    ? `${verdict.metric}[${verdict.slice.field}=${verdict.slice.key}]`
    : verdict.metric;

/** A missed threshold in one sentence: value, interval and bound. */
export const missInWords = (verdict: Verdict): string =>
  verdict.kind === 'bound' ? boundInWords(verdict) : regressionInWords(verdict);

function boundInWords(verdict: BoundVerdict): string {
  const { side, bound, result, onInterval } = verdict;
  const name = judgedName(verdict);
  const flags = `(${flagOf(verdict)}${onInterval ? ` ${optionName('failOnInterval')}` : ''})`;
  if (!isDefined(result)) return `${name} cannot be computed: ${result.reason} ${flags}`;
  const value = exact(result.value, bound);
  const interval = ends(result, (end) => exact(end, bound));
  const is = isBeyond(result.value, side, bound) ? 'is' : 'may be';
  return `${name} ${value}, 95 % interval ${interval}, ${is} ${side} ${bound} ${flags}`;
}

function regressionInWords({ metric, result }: RegressionVerdict): string {
  const flag = `(${optionName('failOnRegression')} ${metric})`;
  if (!isDefined(result)) return `${metric} cannot be compared with the baseline: ${result.reason} ${flag}`;
  const { value, low, high } = result;
  const direction = metrics[metric].better === 'higher' ? 'lower' : 'higher';
  return (
    `${metric} is worse than the baseline's: ${short(Math.abs(value))} ${direction}, ` +
    `95 % interval of the difference ${ends({ low, high } satisfies Pick<Estimate, 'low' | 'high'>)} ${flag}`
  );
}

const flagOf = ({ side, metric, bound, slice }: BoundVerdict): string =>
  `${optionName(side === 'under' ? 'failUnder' : 'failOver')} ${thresholdAsGiven({ metric, bound, slice })}`;
