/** Computes everything that is shown of the collected rows. */
import { type BaselineName, type Baselines, baselineNames } from './baselines.js';
import type { BootstrapOptions } from './bootstrap.js';
import type { CollectedRows } from './columns.js';
import { evaluatePairs, type PairEvaluation } from './evaluate-pairs.js';
import { evaluateRows, type RowEvaluation, type RowOptions } from './evaluate-rows.js';
import { isDefined, type Metric, type Metrics, type NotDefined } from './metric.js';
import { type MetricName, metricNames, metrics, type OrderMetric, type PairMetric } from './metrics.js';
import { type Columns, type Pairs, type Rows, select } from './rows.js';
import { evaluateSlices } from './slices.js';

/** The evaluations of rows and of pairs; undefined where there are none. */
interface Parts {
  readonly rows: RowEvaluation | NotDefined | undefined;
  readonly pairs: PairEvaluation | NotDefined | undefined;
}

/** The metrics of one scorer on some rows and pairs. */
export interface ScorerReport {
  readonly parts: Parts;
  /** The number of rewards of rows; each candidate counts. */
  readonly rewards: number;
  readonly pairs: number;
  readonly groups: number;
  /** The number of clusters that a resample draws. */
  readonly clusters: number;
  readonly metrics: Metrics<MetricName>;
  readonly baselines: Baselines<Partial<Metrics<OrderMetric | PairMetric>>>;
  readonly bestOf: RowEvaluation['bestOf'];
}

interface Slice extends ScorerReport {
  readonly key: string;
}

export interface Evaluation extends ScorerReport {
  readonly slices: readonly Slice[];
  /** The number of slices beyond the most that are evaluated, the smallest ones. */
  readonly slicesLeftOut: number;
  /** The comparison with the baseline file, on the rows that both have. */
  readonly comparison: BaselineComparison | undefined;
}

export interface BaselineComparison {
  readonly own: Metrics<MetricName>;
  readonly baseline: Metrics<MetricName>;
  /** The first less the second, with an interval of its own. */
  readonly difference: Metrics<MetricName>;
}

export interface EvaluationOptions extends BootstrapOptions, RowOptions {
  /** Slices that are evaluated however small they are. */
  readonly slicesToKeep?: readonly string[];
}

/** A field with more values than this is probably not suitable for slices. */
const MOST_SLICES = 100;

const noPairs: NotDefined = { reason: 'expected pairs (chosen and rejected), got none' };
const noRewards: NotDefined = { reason: 'expected rewards, got none' };

export function evaluate({ rows, pairs }: CollectedRows, options: EvaluationOptions): Evaluation {
  const { baselineRewards, ...ownRows } = rows.columns;
  const { baselineChosen, baselineRejected, ...ownPairs } = pairs.columns;
  const compared = baselineRewards !== undefined || baselineChosen !== undefined;
  const keys = largestFirst([...(rows.slices ?? []), ...(pairs.slices ?? [])]);
  const slices = keys.filter((key, i) => i < MOST_SLICES || options.slicesToKeep?.includes(key)).sort();
  const rowsOf = slicesOf(ownRows, rows.slices);
  const pairsOf = slicesOf(ownPairs, pairs.slices);
  const report = reportOf(ownRows, ownPairs, options);
  const difference = compared ? differenceOf(rows.columns, pairs.columns, options) : undefined;
  return {
    ...report,
    parts: difference === undefined ? report.parts : withDifference(report.parts, difference.parts),
    slices: slices.map((key) => ({ key, ...reportOf(rowsOf(key), pairsOf(key), options) })),
    slicesLeftOut: keys.length - slices.length,
    comparison: difference?.comparison,
  };
}

function reportOf(rows: Rows, pairs: Pairs, options: EvaluationOptions): ScorerReport {
  const ofPairs = pairs.chosen.length === 0 ? noPairs : evaluatePairs(pairs, options);
  // Where all are pairs, mean and deviation are those of their texts.
  const ofRows = evaluateRows(rows.rewards.length === 0 ? textsOf(pairs) : rows, options);
  const counts = isDefined(ofRows) ? ofRows : { groups: 0, clusters: 0, bestOf: [] };
  return {
    parts: {
      rows: rows.rewards.length === 0 ? undefined : ofRows,
      pairs: pairs.chosen.length === 0 ? undefined : ofPairs,
    },
    rewards: rows.rewards.length,
    pairs: pairs.chosen.length,
    groups: counts.groups,
    clusters: counts.clusters,
    metrics: metricsOf(ofRows, ofPairs, 'metrics'),
    baselines: Object.fromEntries(baselineNames.map((name) => [name, baselineOf(name, ofRows, ofPairs)])),
    bestOf: counts.bestOf,
  };
}

function metricsOf(
  ofRows: RowEvaluation | NotDefined,
  ofPairs: PairEvaluation | NotDefined,
  which: 'metrics' | 'other' | 'difference',
): Metrics<MetricName> {
  const metricOf = (name: MetricName): Metric => {
    const [part, nothing] = metrics[name].takes === 'pairs' ? [ofPairs, noPairs] : [ofRows, noRewards];
    if (!isDefined(part)) return part;
    const found: Readonly<Partial<Record<MetricName, Metric>>> = part[which] ?? {};
    return found[name] ?? nothing;
  };
  return Object.fromEntries(metricNames.map((name) => [name, metricOf(name)])) as Metrics<MetricName>;
}

const baselineOf = (name: BaselineName, ofRows: RowEvaluation | NotDefined, ofPairs: PairEvaluation | NotDefined) => ({
  ...(isDefined(ofRows) && ofRows.baselines[name]),
  ...(isDefined(ofPairs) && ofPairs.baselines[name]),
});

/** The difference on the rows that the other file has too. */
function differenceOf(
  rows: Rows,
  pairs: Pairs,
  options: EvaluationOptions,
): { readonly comparison: BaselineComparison; readonly parts: Parts } {
  const both = select(rows, finite(rows.baselineRewards));
  const bothPairs = select(pairs, finite(pairs.baselineChosen));
  const ofPairs = bothPairs.chosen.length === 0 ? noPairs : evaluatePairs(bothPairs, options);
  const ofRows = evaluateRows(both.rewards.length === 0 ? textsOf(bothPairs) : both, options);
  const [own, baseline, difference] = (['metrics', 'other', 'difference'] as const).map((which) =>
    metricsOf(ofRows, ofPairs, which),
  ) as [Metrics<MetricName>, Metrics<MetricName>, Metrics<MetricName>];
  return { comparison: { own, baseline, difference }, parts: { rows: ofRows, pairs: ofPairs } };
}

/** The parts of all rows with the difference of those that both scorers have. */
const withDifference = ({ rows, pairs }: Parts, compared: Parts): Parts => ({
  rows: joinedTo(rows, compared.rows),
  pairs: joinedTo(pairs, compared.pairs),
});

function joinedTo<T extends { readonly other?: unknown; readonly difference?: unknown }>(
  part: T | NotDefined | undefined,
  compared: T | NotDefined | undefined,
): T | NotDefined | undefined {
  if (part === undefined || compared === undefined || !isDefined(part) || !isDefined(compared)) return part;
  const { other, difference } = compared;
  return difference === undefined ? part : { ...part, other, difference };
}

const finite = (column: Float64Array = new Float64Array()): Int32Array =>
  Int32Array.from(column.keys()).filter((i) => !Number.isNaN(column[i]));

function textsOf(pairs: Pairs): Rows {
  const { chosen, rejected, baselineChosen, baselineRejected, conversations } = pairs;
  const ofPair = conversations ?? Int32Array.from(chosen.keys());
  const { length } = chosen;
  const join = (a: Float64Array, b: Float64Array): Float64Array =>
    Float64Array.from({ length: 2 * length }, (_, i) => (i < length ? a[i] : b[i - length]) as number);
  return {
    rewards: join(chosen, rejected),
    baselineRewards: baselineChosen && baselineRejected && join(baselineChosen, baselineRejected),
    conversations: Int32Array.from({ length: 2 * length }, (_, i) => ofPair[i % length] as number),
  };
}

function slicesOf<T extends Columns<T>>(columns: T, keys: readonly string[] = []): (key: string) => T {
  const slices = new Map(
    evaluateSlices(columns, keys, (slice) => slice).map(({ key, evaluation }) => [key, evaluation]),
  );
  return (key) => slices.get(key) ?? select(columns, new Int32Array());
}

/** Each name once, the most frequent first; equally frequent names are sorted. */
function largestFirst(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([name]) => name);
}
