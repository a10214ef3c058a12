/** What an evaluation must meet: bounds (--fail-under, --fail-over), and no loss against the baseline (--fail-on-regression). */

import { type Estimate, isDefined, type Metric, type Metrics, type NotDefined } from './metric.js';
import { metrics as definitions, type MetricName, metricNames } from './metrics.js';

export type Side = 'under' | 'over';

export interface Threshold {
  /** The metric fails when it is on this side of the bound. */
  readonly side: Side;
  readonly metric: MetricName;
  readonly bound: number;
  /** The rows that the bound is for; undefined: all of them. */
  readonly slice?: SliceOfThreshold | undefined;
}

/** The rows with one value of a field, or with each value of it. */
interface SliceOfThreshold {
  readonly field: string;
  /** Undefined: the bound is for each slice. */
  readonly key: string | undefined;
}

interface Judgement {
  readonly metric: MetricName;
  readonly missed: boolean;
  /** The metric that was held against the bound; for a regression, the difference to the baseline. */
  readonly result: Metric;
}

export interface BoundVerdict extends Judgement {
  readonly kind: 'bound';
  readonly side: Side;
  readonly bound: number;
  readonly slice: { readonly field: string; readonly key: string } | undefined;
  /** Whether the interval's worse end was compared with the bound, and not the value. */
  readonly onInterval: boolean;
}

/** Missed where the whole interval of the difference is on the worse side of zero. */
export interface RegressionVerdict extends Judgement {
  readonly kind: 'regression';
}

export type Verdict = BoundVerdict | RegressionVerdict;

/** The word for all metrics that can be better or worse. */
export const ALL_METRICS = 'all';

const form = /^(?<name>[^=[]*)(?:\[(?<field>[^=\]]*)(?:=(?<key>.*))?\])?=(?<number>[^=\]]*)$/s;

/** @returns a message on what is wrong with the text, where it is not a threshold */
export function parseThreshold(side: Side, text: string): Threshold | string {
  const { name, field, key, number = '' } = form.exec(text)?.groups ?? {};
  if (name === undefined) {
    return 'Expected NAME=NUMBER, as auc=0.8, or for a slice auc[source=web]=0.8.';
  }
  const metric = metricNames.find((each) => each === name);
  if (metric === undefined)
    return `Expected one of ${metricNames.join(', ')} before the ${field === undefined ? '=' : '['}.`;
  if (field?.trim() === '') return 'Expected the name of a field after the [.';
  if (number.trim() === '' || !Number.isFinite(Number(number))) return 'Expected a number after the =.';
  return { side, metric, bound: Number(number), ...(field !== undefined && { slice: { field, key } }) };
}

/** `auc=0.8`, `auc[source=web]=0.7`: as it was given. */
export const thresholdAsGiven = ({ metric, bound, slice }: Omit<Threshold, 'side'>): string =>
  `${metric}${slice === undefined ? '' : `[${slice.field}${slice.key === undefined ? '' : `=${slice.key}`}]`}=${bound}`;

/** @returns a message on what is wrong with the name, where no metric of that name can be better or worse */
export function parseRegression(text: string): MetricName | typeof ALL_METRICS | { readonly problem: string } {
  const names = metricNames.filter(hasBetterSide);
  const found = [ALL_METRICS, ...names].find((each) => each === text);
  return (found as MetricName | undefined) ?? { problem: `Expected one of ${names.join(', ')}, or ${ALL_METRICS}.` };
}

const hasBetterSide = (name: MetricName): boolean => definitions[name].better !== 'neither';

/** What is held against the thresholds. */
interface Judged {
  readonly metrics: Metrics<MetricName>;
  readonly slices: readonly { readonly key: string; readonly metrics: Metrics<MetricName> }[];
  /** The number of slices that were not evaluated. */
  readonly slicesLeftOut: number;
}

/** Compares metrics with their bounds. A metric that cannot be computed misses its threshold, and so does a slice without rows. */
export const checkThresholds = (
  thresholds: readonly Threshold[],
  judged: Judged,
  onInterval: boolean,
): readonly BoundVerdict[] =>
  thresholds.flatMap(({ side, metric, bound, slice }) =>
    resultsOf(metric, slice, judged).map(({ result, slice }) => {
      const missed = !isDefined(result) || isBeyond(compared(result, side, onInterval), side, bound);
      return { kind: 'bound' as const, side, metric, bound, slice, missed, result, onInterval };
    }),
  );

function resultsOf(
  metric: MetricName,
  slice: Threshold['slice'],
  { metrics, slices, slicesLeftOut }: Judged,
): readonly Pick<BoundVerdict, 'result' | 'slice'>[] {
  if (slice === undefined) return [{ slice, result: metrics[metric] }];
  const { field, key } = slice;
  if (key !== undefined) {
    const found = slices.find((each) => each.key === key);
    const none: NotDefined = { reason: `expected rows whose ${field} is ${key}, got none` };
    return [{ slice: { field, key }, result: found?.metrics[metric] ?? none }];
  }
  const each = slices.map(({ key, metrics }) => ({ slice: { field, key }, result: metrics[metric] }));
  const most = slices.length;
  if (most > 0 && slicesLeftOut === 0) return each;
  const reason =
    most === 0
      ? `expected rows with a field ${field}, got none`
      : `expected at most ${most} values of ${field}, got ${most + slicesLeftOut}: the others were not evaluated`;
  return [...each, { slice: { field, key: 'each value' }, result: { reason } }];
}

/**
 * Holds the differences to the baseline against zero.
 *
 * @param names `all`: every metric whose difference can be computed, and where there is none, nothing was compared
 * @param difference undefined where nothing is compared
 */
export function checkRegressions(
  names: readonly (MetricName | typeof ALL_METRICS)[],
  difference: Metrics<MetricName> | undefined,
): readonly RegressionVerdict[] {
  if (difference === undefined || names.length === 0) return [];
  const named = metricNames.filter((name) => names.includes(name));
  const comparable = metricNames.filter((name) => hasBetterSide(name) && isDefined(difference[name]));
  const all = names.includes(ALL_METRICS) ? comparable : [];
  const checked = metricNames.filter((name) => named.includes(name) || all.includes(name));
  // A gate that checks nothing is not met.
  const first = metricNames.find(hasBetterSide) as MetricName;
  return (checked.length === 0 ? [first] : checked).map((metric) => {
    const result = difference[metric];
    return { kind: 'regression', metric, result, missed: !isDefined(result) || isWorse(metric, result) };
  });
}

const isWorse = (metric: MetricName, { low, high }: Estimate): boolean =>
  definitions[metric].better === 'higher' ? high < 0 : low > 0;

const compared = ({ value, low, high }: Estimate, side: Side, onInterval: boolean): number =>
  onInterval ? (side === 'under' ? low : high) : value;

export const isBeyond = (value: number, side: Side, bound: number): boolean =>
  side === 'under' ? value < bound : value > bound;
