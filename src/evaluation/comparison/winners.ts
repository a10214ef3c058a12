/** Which candidate of each group `best` would choose, by either scorer. */

export interface Winners {
  /** [rows], 1 for the first candidate of its group with the largest reward, 0 for others. */
  readonly first: Float64Array;
  /** Groups of two candidates or more in which another candidate has the largest reward too. */
  readonly ties: number;
}

/**
 * @param rewards [rows], in the order of the file, which decides ties as in `best`: the first one wins
 * @param groups [rows], a number for each group
 */
export function winnersOf(rewards: Float64Array, groups: Int32Array): Winners {
  const best = new Map<number, { row: number; tied: boolean }>();
  for (const [row, reward] of rewards.entries()) {
    const group = groups[row] as number;
    const found = best.get(group);
    if (found === undefined || reward > (rewards[found.row] as number)) best.set(group, { row, tied: false });
    else if (reward === rewards[found.row]) found.tied = true;
  }
  const first = new Float64Array(rewards.length);
  let ties = 0;
  for (const { row, tied } of best.values()) {
    first[row] = 1;
    ties += Number(tied);
  }
  return { first, ties };
}
