/** Rewards of texts that were cut to the model's length beside those that were not. */

export interface CutPart {
  readonly texts: number;
  /** null where there are none. */
  readonly mean: number | null;
  readonly median: number | null;
}

export interface CutRewards {
  readonly cut: CutPart;
  readonly whole: CutPart;
}

/**
 * @param cut [rewards], tokens that each text lost; NaN where that is not known
 * @returns undefined where it is known of none
 */
export function rewardsByCut(rewards: Float64Array, cut: Float64Array): CutRewards | undefined {
  if (cut.every((tokens) => Number.isNaN(tokens))) return undefined;
  return {
    cut: partOf(rewards.filter((_, i) => (cut[i] as number) > 0)),
    whole: partOf(rewards.filter((_, i) => cut[i] === 0)),
  };
}

function partOf(rewards: Float64Array): CutPart {
  const sorted = rewards.toSorted();
  const { length } = sorted;
  if (length === 0) return { texts: 0, mean: null, median: null };
  const middle =
    ((sorted[Math.floor((length - 1) / 2)] as number) + (sorted[Math.ceil((length - 1) / 2)] as number)) / 2;
  return { texts: length, mean: sorted.reduce((sum, reward) => sum + reward, 0) / length, median: middle };
}
