import { type Choice, eachGroup, type Groups } from './groups.js';
import { meanOf } from './means.js';
import type { Statistics } from './metric.js';
import { mapValues } from './record.js';
import { withoutResidue } from './residue.js';

/** One point of the best-of-N curve. */
export interface BestOfPoint {
  /** N, the number of candidates that are drawn. */
  readonly draws: number;
  readonly choiceValues: Statistics<Choice>;
}

/**
 * The value of the best-scored of N candidates, for N = 1, 2, 4, 8 … and the size of the largest group. It is the mean
 * over the groups with at least N candidates, so that the values of a random candidate and of the best one in the same
 * groups can be compared with it. In each group it is the exact expectation over all draws of N candidates without
 * replacement, and over the choice among tied ones.
 *
 * @param scores [rows], finite
 * @param values [rows], a candidate's value: its label, or without labels its score
 */
export function bestOfCurve(scores: Float64Array, values: Float64Array, groups: Groups): BestOfPoint[] {
  const sizes = eachGroup(groups, (from, to) => to - from);
  const largest = sizes.reduce((most, size) => Math.max(most, size), 0);
  const unknown = () => new Float64Array(sizes.length).fill(Number.NaN);
  const points = drawSizes(largest).map((draws) => ({
    draws,
    random: unknown(),
    chosen: unknown(),
    oracle: unknown(),
  }));
  for (const [g, size] of sizes.entries()) {
    const from = groups.starts[g] as number;
    const valuesOf = values.subarray(from, from + size);
    const byScore = tieMeans(scores.subarray(from, from + size), valuesOf);
    const byValue = tieMeans(valuesOf, valuesOf);
    for (const { draws, random, chosen, oracle } of points) {
      if (size < draws) break;
      random[g] = expectedBest(byScore, size, 1);
      chosen[g] = expectedBest(byScore, size, draws);
      oracle[g] = expectedBest(byValue, size, draws);
    }
  }
  return points.map(({ draws, ...values }) => ({
    draws,
    choiceValues: mapValues(values, (ofGroups) =>
      meanOf(ofGroups, groups.clusters, `groups of ${draws} candidates or more`),
    ),
  }));
}

function drawSizes(largest: number): number[] {
  const sizes: number[] = [];
  for (let n = 1; n < largest; n *= 2) sizes.push(n);
  return largest > 0 ? [...sizes, largest] : [];
}

interface Tie {
  readonly size: number;
  readonly mean: number;
}

/** Candidates with the same score, from the best down, and their mean value. */
function tieMeans(scores: Float64Array, values: Float64Array): Tie[] {
  const candidates = Int32Array.from({ length: scores.length }, (_, i) => i);
  candidates.sort(
    (a, b) => (scores[b] as number) - (scores[a] as number) || (values[b] as number) - (values[a] as number),
  );
  const ties: Tie[] = [];
  let [size, sum] = [0, 0];
  for (const [i, candidate] of candidates.entries()) {
    size++;
    sum += values[candidate] as number;
    if (scores[candidate] === scores[candidates[i + 1] as number]) continue;
    ties.push({ size, mean: sum / size });
    size = sum = 0;
  }
  return ties;
}

/**
 * The expected value of the best of `draws` out of `size` candidates. The best belongs to a tie if one of the tie is
 * drawn and none of the better ones is; the chance that none of the k best is drawn is hypergeometric, C(size - k,
 * draws) / C(size, draws).
 */
function expectedBest(ties: readonly Tie[], size: number, draws: number): number {
  let [expected, magnitude, better, noneDrawn] = [0, 0, 0, 1];
  for (const tie of ties) {
    const before = noneDrawn;
    for (const end = better + tie.size; better < end; better++)
      noneDrawn *= Math.max(0, size - better - draws) / (size - better);
    expected += (before - noneDrawn) * tie.mean;
    magnitude += Math.abs(tie.mean);
  }
  return withoutResidue(expected, magnitude, size);
}
