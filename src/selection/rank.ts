/** Which candidate of a group is best. */

export interface RankedCandidate {
  /** Number in its group, from 0. */
  readonly index: number;
  readonly reward: number;
  /** By how much its reward exceeds the next one; null for the last. */
  readonly margin: number | null;
}

/** The candidates that have a reward, best first; of equal ones the first comes first. */
export function rankCandidates(rewards: readonly (number | null)[]): RankedCandidate[] {
  const scored = rewards.flatMap((reward, index) => (reward === null ? [] : [{ index, reward }]));
  scored.sort((a, b) => b.reward - a.reward || a.index - b.index);
  return scored.map((candidate, i) => {
    const next = scored[i + 1];
    // Rewards that were read from a file are decimals of float32 numbers: the margin is that of the numbers.
    const margin = next === undefined ? null : Math.fround(Math.fround(candidate.reward) - Math.fround(next.reward));
    return { ...candidate, margin };
  });
}
