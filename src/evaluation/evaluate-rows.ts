import { bestOfCurve } from './best-of-n.js';
import { type BootstrapOptions, bootstrap, difference, estimate } from './bootstrap.js';
import { canonicalOrder } from './canonical.js';
import { type Choice, choiceStatistics } from './groups.js';
import type { Metrics, NotDefined, Statistic, Statistics } from './metric.js';
import type { ScoreMeaning } from './probability.js';
import { mapValues } from './record.js';
import { type Rows, select, whyNot } from './rows.js';
import {
  type Judgement,
  type OrderMetric,
  orderStatistics,
  type RowMetric,
  randomStatistics,
  rowStatistics,
} from './statistics.js';

export interface RowOptions extends BootstrapOptions {
  /** What a reward means. */
  readonly meaning: ScoreMeaning;
  /** What a reward of the baseline means; the same by default. */
  readonly baselineMeaning?: ScoreMeaning;
}

/** What a scorer is worth on a set of rows. */
export interface RowEvaluation {
  readonly rows: number;
  /** 0 without groups. A metric's `n` says how many of them it is of. */
  readonly groups: number;
  readonly clusters: number;
  readonly metrics: Metrics<RowMetric>;
  /** Metrics that take a probability, or the reward itself, are not theirs; `longest` and `shortest` take lengths. */
  readonly baselines: Readonly<Partial<Record<'longest' | 'shortest' | 'random', Metrics<OrderMetric>>>>;
  /** What `lift` is made of. A candidate's value is its label, or its reward where there are no labels. */
  readonly worth?: Metrics<Choice>;
  /** The best-of-N curve: the same for N drawn candidates. */
  readonly bestOf: readonly { readonly draws: number; readonly worth: Metrics<Choice> }[];
  /** The metrics less those of the baseline's rewards, paired. */
  readonly difference?: Metrics<RowMetric>;
}

/**
 * All metrics of scored rows, with intervals. Shuffled rows give the same to the last bit.
 *
 * @returns a reason where there is no row or a value is not finite
 */
export function evaluateRows(given: Rows, options: RowOptions): RowEvaluation | NotDefined {
  const refused = whyNot(given);
  if (refused) return refused;
  const { order, clusters, groups } = canonicalOrder(
    [given.rewards, given.labels, given.lengths, given.baselineRewards],
    given.groups,
    given.conversations,
  );
  const { rewards, labels, lengths, baselineRewards } = select<Rows>(given, order);
  const by: Judgement = { labels, groups: given.groups && groups, clusters };

  const own = rowStatistics(rewards, options.meaning, by);
  const other = baselineRewards && rowStatistics(baselineRewards, options.baselineMeaning ?? options.meaning, by);
  const baselines = {
    ...(lengths && { longest: orderStatistics(lengths, rewards, by) }),
    ...(lengths && { shortest: orderStatistics(lengths.map(negated), rewards, by) }),
    random: randomStatistics(rewards, by),
  };
  const worth = by.groups && choiceStatistics(rewards, labels ?? rewards, by.groups).worth;
  const curve = by.groups ? bestOfCurve(rewards, labels ?? rewards, by.groups) : [];

  const tables = [own, other, ...Object.values(baselines), worth, ...curve.map((point) => point.worth)];
  const replicates = bootstrap(
    tables.flatMap((table) => Object.values<Statistic | NotDefined>(table ?? {})),
    clusters.count,
    options,
  );
  const estimates = <Name extends string>(table: Statistics<Name>) =>
    mapValues(table, (statistic) => estimate(replicates, statistic));
  return {
    rows: rewards.length,
    groups: by.groups ? groups.starts.length - 1 : 0,
    clusters: clusters.count,
    metrics: estimates(own),
    baselines: mapValues(baselines, estimates),
    ...(worth && { worth: estimates(worth) }),
    bestOf: curve.map(({ draws, worth }) => ({ draws, worth: estimates(worth) })),
    ...(other && { difference: mapValues(own, (statistic, name) => difference(replicates, statistic, other[name])) }),
  };
}

const negated = (length: number): number => -length;
