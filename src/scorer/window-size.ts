/** The size of the runs of records that a worker scores at once. */
export interface WindowSize {
  /** Window k of a file holds the groups of records that begin in its bytes [k·bytes, (k + 1)·bytes) … */
  readonly bytes: number;
  /** … cut further after this many records, between groups. */
  readonly rows: number;
}

/** The size for rows that carry their rewards, where no model decides it. */
export const existingRewardsWindow: WindowSize = { bytes: 65_536, rows: 4096 };
