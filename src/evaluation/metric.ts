/** A metric of a sample, with its 95 % interval over resamples of clusters. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** The number of rows, pairs or groups that the value was computed of. */
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
 * A metric as a function of how often each cluster counts, so that the value and its resamples share one code. What can
 * be computed once, above all sorting, is done when it is made; a call takes time in proportion to the rows at most.
 */
export interface Statistic {
  /** The number of rows, pairs or groups that it is computed of. */
  readonly n: number;
  /** The number of clusters that these are in. */
  readonly clusters: number;
  /** NaN where the resample leaves nothing to compute it of: one class only, no row. */
  readonly at: (counts: Counts) => number;
  /**
   * For a sum of absolute values, which noise can only add to: the sum of how far each of them is in the resample from
   * what it is in the sample, so at least how far the two sums are apart. See `estimate`.
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
