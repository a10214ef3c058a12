/**
 * Which cluster each unit (a row, a pair, a group) is in. A resample draws clusters: a whole conversation or group, or
 * a single row.
 */
export interface Clusters {
  /** [units], the number of each unit's cluster, from 0 to count - 1. */
  readonly ids: Int32Array;
  readonly count: number;
}

/** Clusters of one unit each. */
export const alone = (units: number): Clusters => ({
  ids: Int32Array.from({ length: units }, (_, i) => i),
  count: units,
});

/** The number of clusters that units are in. */
export const countClusters = (ids: Int32Array): number => new Set(ids).size;
