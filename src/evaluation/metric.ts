/** A metric of a sample, with its 95 % interval over resamples of clusters. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** The number of rows, pairs or groups from which the value was computed. */
  readonly n: number;
}

/** Why there is no value: what was expected, and what came. */
export interface NotDefined {
  readonly reason: string;
}

export type Metric = Estimate | NotDefined;

/** [clusters]; how many times each cluster is in a resample; all 1 for the sample itself. */
export type Counts = Uint32Array;

/**
 * A metric as a function of how often each cluster counts, so that one function computes the value and its resamples.
 * What can be computed once, above all sorting, is done when it is made; a call takes time in proportion to the rows at
 * most.
 */
export interface Statistic {
  /** The number of rows, pairs or groups from which it is computed. */
  readonly n: number;
  /** The number of clusters that these are in. */
  readonly clusters: number;
  /** NaN where the resample has nothing to compute it from: one class only, or no row. */
  readonly at: (counts: Counts) => number;
  /**
   * For a sum of absolute values, which noise can only increase: the sum of the distances of each of them in the
   * resample from its value in the sample, which is at least the distance of the two sums. See `estimate`.
   */
  readonly noise?: (counts: Counts) => number;
}

export type Metrics<Name extends string> = Readonly<Record<Name, Metric>>;
export type Statistics<Name extends string> = Readonly<Record<Name, Statistic | NotDefined>>;

export const isDefined = <T extends object>(value: T | NotDefined): value is T => !('reason' in value);

/** `1 row`, `2 rows`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** A statistic that is the same in each resample. */
export const always = (value: number, like: Statistic | NotDefined): Statistic | NotDefined =>
  isDefined(like) ? { ...like, at: () => value } : like;
