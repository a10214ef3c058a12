import type { Baselines } from './baselines.js';
import { bestOfCurve } from './best-of-n.js';
import { type BootstrapOptions, bootstrap, difference, estimate } from './bootstrap.js';
import { canonicalOrder } from './canonical.js';
import { type Choice, choiceStatistics } from './groups.js';
import type { Metrics, NotDefined, Statistic, Statistics } from './metric.js';
import type { RowSample } from './metrics/definition.js';
import type { OrderMetric, RowMetric } from './metrics.js';
import type { ScoreMeaning } from './probability.js';
import { mapValues } from './record.js';
import { type Rows, select, whyNot } from './rows.js';
import { orderStatistics, randomStatistics, rowStatistics } from './statistics.js';

export interface RowOptions extends BootstrapOptions {
  /** What a reward means. */
  readonly meaning: ScoreMeaning;
  /** What a reward of the baseline means; the same by default. */
  readonly baselineMeaning?: ScoreMeaning;
}

/** All metrics of one scorer on a set of rows. */
export interface RowEvaluation {
  readonly rows: number;
  /** Number of groups; 0 without groups. A metric's `n` counts those for which it is defined. */
  readonly groups: number;
  readonly clusters: number;
  readonly metrics: Metrics<RowMetric>;
  readonly baselines: Baselines<Metrics<OrderMetric>>;
  /**
   * The mean values from which `lift` is computed. A candidate's value is its label, or its reward where there are no
   * labels.
   */
  readonly choiceValues?: Metrics<Choice>;
  /** The best-of-N curve: the same for N drawn candidates. */
  readonly bestOf: readonly { readonly draws: number; readonly choiceValues: Metrics<Choice> }[];
  /** The metrics of the baseline's rewards, and this scorer's less those, paired. */
  readonly other?: Metrics<RowMetric>;
  readonly difference?: Metrics<RowMetric>;
}

/**
 * All metrics of scored rows, with intervals. Shuffled rows give the same to the last bit.
 *
 * @returns a reason where there is no row or a value is not finite
 */
export function evaluateRows(given: Rows, options: RowOptions): RowEvaluation | NotDefined {
  const problem = whyNot(given);
  if (problem) return problem;
  const { order, clusters, groups } = canonicalOrder(
    [given.rewards, given.labels, given.lengths, given.baselineRewards],
    given.groups,
    given.conversations,
  );
  const { rewards, labels, lengths, baselineRewards } = select<Rows>(given, order);
  const { meaning, baselineMeaning = meaning } = options;
  const sampleOf = (rewards: Float64Array, meaning: ScoreMeaning): RowSample => ({
    scores: rewards,
    values: labels ?? rewards,
    labels,
    groups: given.groups && groups,
    clusters,
    meaning,
  });

  const sample = sampleOf(rewards, meaning);
  const own = rowStatistics(sample);
  const other = baselineRewards && rowStatistics(sampleOf(baselineRewards, baselineMeaning));
  const baselines = {
    ...(lengths && { longest: orderStatistics({ ...sample, scores: lengths }) }),
    ...(lengths && { shortest: orderStatistics({ ...sample, scores: lengths.map(negated) }) }),
    random: randomStatistics(sample),
  };
  const choiceValues = sample.groups && choiceStatistics(rewards, sample.values, sample.groups).choiceValues;
  const curve = sample.groups ? bestOfCurve(rewards, sample.values, sample.groups) : [];

  const tables = [own, other, ...Object.values(baselines), choiceValues, ...curve.map((point) => point.choiceValues)];
  const replicates = bootstrap(
    tables.flatMap((table) => Object.values<Statistic | NotDefined>(table ?? {})),
    clusters.count,
    options,
  );
  const estimates = <Name extends string>(table: Statistics<Name>) =>
    mapValues(table, (statistic) => estimate(replicates, statistic));
  return {
    rows: rewards.length,
    groups: sample.groups ? groups.starts.length - 1 : 0,
    clusters: clusters.count,
    metrics: estimates(own),
    baselines: mapValues(baselines, estimates),
    ...(choiceValues && { choiceValues: estimates(choiceValues) }),
    bestOf: curve.map(({ draws, choiceValues }) => ({ draws, choiceValues: estimates(choiceValues) })),
    ...(other && {
      other: estimates(other),
      difference: mapValues(own, (statistic, name) => difference(replicates, statistic, other[name])),
    }),
  };
}

const negated = (length: number): number => -length;
