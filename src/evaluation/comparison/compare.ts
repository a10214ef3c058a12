/** Two scorers' rewards of the same texts, compared. */
import { type BootstrapOptions, bootstrap, estimate } from '../bootstrap.js';
import { canonicalOrder } from '../canonical.js';
import { mostDisagreeing, places } from '../disagreements.js';
import type { Metrics } from '../metric.js';
import { mapValues } from '../record.js';
import { select } from '../rows.js';
import { type ComparisonMetricName, comparisonMetrics } from './metrics.js';
import { winnersOf } from './winners.js';

/** The rewards of texts that both scorers have, in the order of the first one's file; each column is [rewards]. */
export interface ComparedRewards {
  /** Finite. */
  readonly a: Float64Array;
  readonly b: Float64Array;
  /** A number for each group of candidates; undefined where there are none. */
  readonly groups: Int32Array | undefined;
  /** A number for each conversation, which a resample draws whole; undefined: groups, else single rewards. */
  readonly conversations: Int32Array | undefined;
}

/** A text that the two scorers rank differently. */
export interface DisagreeingReward {
  /** Its place in the columns. */
  readonly index: number;
  readonly a: number;
  readonly b: number;
  /** The share of all rewards of A, and of B, that are below it; of equal ones it has the middle. */
  readonly placeA: number;
  readonly placeB: number;
}

export interface Comparison {
  readonly rewards: number;
  /** 0 without groups. */
  readonly groups: number;
  /** What a resample draws: so many clusters. */
  readonly clusters: number;
  readonly metrics: Metrics<ComparisonMetricName>;
  /** Groups of two candidates or more in which several have the largest reward, by either scorer: the first one is its winner. */
  readonly ties: { readonly a: number; readonly b: number };
  /** The texts that B ranks higher than A does, those farthest apart first, and those that it ranks lower. */
  readonly higher: readonly DisagreeingReward[];
  readonly lower: readonly DisagreeingReward[];
}

export interface ComparisonOptions extends BootstrapOptions {
  /** How many texts that the two disagree on are listed, of each kind. */
  readonly shown: number;
}

/** Shuffled groups give the same figures and intervals to the last bit; within a group the order decides ties. */
export function compareRewards(given: ComparedRewards, options: ComparisonOptions): Comparison {
  const { a, b, groups: groupOf, conversations } = given;
  const alone = groupOf ?? Int32Array.from(a.keys());
  const [winnersA, winnersB] = [winnersOf(a, alone), winnersOf(b, alone)];
  const columns = { a, b, winnerA: winnersA.first, winnerB: winnersB.first };
  const { order, clusters, groups } = canonicalOrder(Object.values(columns), groupOf, conversations);
  const sample = { ...select<typeof columns>(columns, order), groups: groupOf && groups, clusters };
  const statistics = mapValues(comparisonMetrics, ({ compute }) => compute(sample));
  const replicates = bootstrap(Object.values(statistics), clusters.count, options);
  const disagreeing = mostDisagreeing(b, a, options.shown);
  const [placesA, placesB] = [places(a), places(b)];
  const listed = (index: number): DisagreeingReward => ({
    index,
    a: a[index] as number,
    b: b[index] as number,
    placeA: placesA[index] as number,
    placeB: placesB[index] as number,
  });
  return {
    rewards: a.length,
    groups: groupOf === undefined ? 0 : groups.starts.length - 1,
    clusters: clusters.count,
    metrics: mapValues(statistics, (statistic) => estimate(replicates, statistic)),
    ties: { a: winnersA.ties, b: winnersB.ties },
    higher: Array.from(disagreeing.overrated, listed),
    lower: Array.from(disagreeing.underrated, listed),
  };
}
