import { eachGroup, type Groups } from './groups.js';
import { meanOf } from './means.js';
import type { NotDefined, Statistic } from './metric.js';

/**
 * The mean over groups of a rank correlation between scores and labels. It takes the groups in which neither is
 * constant, whose number is the `n` of the statistic.
 *
 * @param correlation `spearman` or `kendall`
 * @param scores [rows], finite
 * @param labels [rows], finite
 * @param expected what the groups are, for the reason when there is none
 */
export function correlationInGroups(
  correlation: (x: Float64Array, y: Float64Array) => number,
  scores: Float64Array,
  labels: Float64Array,
  groups: Groups,
  expected = 'groups in which neither score nor label is the same for all',
): Statistic | NotDefined {
  return meanOf(
    Float64Array.from(
      eachGroup(groups, (from, to) => correlation(scores.subarray(from, to), labels.subarray(from, to))),
    ),
    groups.clusters,
    expected,
  );
}

/**
 * Spearman's rank correlation: Pearson's of the ranks, where tied values have the mean of theirs. NaN if x or y is
 * constant.
 *
 * Source: scipy 1.17 `spearmanr`
 */
export function spearman(x: Float64Array, y: Float64Array): number {
  const [ranksX, ranksY] = [centredRanks(x), centredRanks(y)];
  const product = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
  return product(ranksX, ranksY) / Math.sqrt(product(ranksX, ranksX)) / Math.sqrt(product(ranksY, ranksY));
}

/** Ranks less their mean; multiples of a half, so sums of their products are exact. */
function centredRanks(values: Float64Array): Float64Array {
  const order = ascending(values);
  const ranks = new Float64Array(values.length);
  for (let from = 0, to = 1; from < order.length; to++) {
    if (values[order[to] as number] === values[order[from] as number]) continue;
    for (const rank = (from + to - values.length) / 2; from < to; from++) ranks[order[from] as number] = rank;
  }
  return ranks;
}

/**
 * Kendall's tau-b: concordant less discordant pairs, over the geometric mean of the pairs not tied in x and those not
 * tied in y. NaN if x or y is constant.
 *
 * Source: Knight, A Computer Method for Calculating Kendall's Tau with Ungrouped Data, JASA 1966 (n log n); scipy 1.17
 * `kendalltau`
 */
export function kendall(x: Float64Array, y: Float64Array): number {
  const order = ascending(x, y);
  const sortedX = x.map((_, i) => x[order[i] as number] as number);
  const sortedY = y.map((_, i) => y[order[i] as number] as number);
  const tiedInBoth = tiedPairs(order.length, (i) => sortedX[i] === sortedX[i - 1] && sortedY[i] === sortedY[i - 1]);
  const tiedInX = tiedPairs(order.length, (i) => sortedX[i] === sortedX[i - 1]);
  const discordant = sortCountingSwaps(sortedY);
  const tiedInY = tiedPairs(order.length, (i) => sortedY[i] === sortedY[i - 1]);
  const pairs = (order.length * (order.length - 1)) / 2;
  const difference = pairs - tiedInX - tiedInY + tiedInBoth - 2 * discordant;
  return difference / Math.sqrt(pairs - tiedInX) / Math.sqrt(pairs - tiedInY);
}

/** Counts pairs within runs of sorted elements; `same(i)` says whether i belongs to the run of i - 1. */
function tiedPairs(length: number, same: (i: number) => boolean): number {
  let [pairs, before] = [0, 0];
  for (let i = 1; i < length; i++) {
    before = same(i) ? before + 1 : 0;
    pairs += before;
  }
  return pairs;
}

/** Sorts by merging, in place, and counts the pairs i < j with values[i] > values[j]. */
function sortCountingSwaps(values: Float64Array): number {
  let swaps = 0;
  const merged = new Float64Array(values.length);
  for (let width = 1; width < values.length; width *= 2) {
    for (let from = 0; from < values.length; from += 2 * width) {
      const middle = Math.min(from + width, values.length);
      const end = Math.min(middle + width, values.length);
      for (let left = from, right = middle, to = from; to < end; to++) {
        const takeLeft = left < middle && (right === end || (values[left] as number) <= (values[right] as number));
        if (!takeLeft) swaps += middle - left;
        merged[to] = values[takeLeft ? left++ : right++] as number;
      }
    }
    values.set(merged);
  }
  return swaps;
}

/** The indices of values from the least up; of equal ones, by the second values. */
function ascending(values: Float64Array, second: Float64Array = values): Int32Array {
  const order = Int32Array.from({ length: values.length }, (_, i) => i);
  return order.sort(
    (a, b) => (values[a] as number) - (values[b] as number) || (second[a] as number) - (second[b] as number),
  );
}
