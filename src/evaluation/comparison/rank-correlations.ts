/** Rank correlations of two columns as functions of how often each cluster counts. */
import { type Clusters, countClusters } from '../clusters.js';
import type { NotDefined, Statistic } from '../metric.js';

/** The units of a correlation: what is missing where there are too few. */
const tooFew = (units: string, got: number): NotDefined => ({ reason: `expected 2 ${units} or more, got ${got}` });

const constant = (units: string): NotDefined => ({
  reason: `expected rewards that are not the same for all ${units}, on both sides`,
});

/**
 * Spearman's rank correlation. That of a resample is what ranks give in which a unit stands as often as its cluster was
 * drawn; a call takes time in proportion to the units.
 *
 * @param x [units], finite
 * @param y [units], finite
 * @param units what they are: `rewards`, `groups`
 */
export function spearmanStatistic(
  x: Float64Array,
  y: Float64Array,
  clusters: Clusters,
  units: string,
): Statistic | NotDefined {
  if (x.length < 2) return tooFew(units, x.length);
  if (isConstant(x) || isConstant(y)) return constant(units);
  const { ids } = clusters;
  const [orderX, orderY] = [ascending(x), ascending(y)];
  const [ranksX, ranksY] = [new Float64Array(x.length), new Float64Array(x.length)];
  return {
    n: x.length,
    clusters: countClusters(ids),
    at(counts) {
      const drawn = drawnUnits(ids, counts);
      setCentredRanks(ranksX, x, orderX, ids, counts, drawn);
      setCentredRanks(ranksY, y, orderY, ids, counts, drawn);
      let [xx, yy, xy] = [0, 0, 0];
      for (let i = 0; i < x.length; i++) {
        const count = counts[ids[i] as number] as number;
        const [rankX, rankY] = [ranksX[i] as number, ranksY[i] as number];
        xx += count * rankX * rankX;
        yy += count * rankY * rankY;
        xy += count * rankX * rankY;
      }
      // A resample in which one side is constant gives 0 / 0, which is NaN.
      return xy / Math.sqrt(xx * yy);
    },
  };
}

function drawnUnits(ids: Int32Array, counts: Uint32Array): number {
  let drawn = 0;
  for (let i = 0; i < ids.length; i++) drawn += counts[ids[i] as number] as number;
  return drawn;
}

/** Ranks less their mean; tied units have the mean of their ranks. */
function setCentredRanks(
  ranks: Float64Array,
  values: Float64Array,
  order: Int32Array,
  ids: Int32Array,
  counts: Uint32Array,
  drawn: number,
): void {
  let before = 0;
  for (let from = 0, to = 0; from < order.length; from = to) {
    const value = values[order[from] as number];
    let tied = 0;
    for (; to < order.length && values[order[to] as number] === value; to++) {
      tied += counts[ids[order[to] as number] as number] as number;
    }
    const rank = before + (tied - drawn) / 2;
    for (let i = from; i < to; i++) ranks[order[i] as number] = rank;
    before += tied;
  }
}

/** Up to so many units the pairs of every resample are counted, which takes n log n: a second for 2,000 resamples of these. */
const MOST_COUNTED = 5000;

/**
 * Kendall's tau-b. For the sample it is exact, and so it is for each resample of up to `MOST_COUNTED` units. Of more, the
 * three counts of pairs of a resample (concordant less discordant, not tied in x, not tied in y) are expanded to first
 * order in how often each unit was drawn. What that leaves out shrinks as 1/n.
 *
 * Source: scipy 1.17 `kendalltau`; Hájek's projection of a U-statistic (van der Vaart, Asymptotic Statistics, 1998,
 * chapter 12)
 *
 * @param x [units], finite
 * @param y [units], finite
 * @param units what they are: `rewards`, `groups`
 */
export function kendallStatistic(
  x: Float64Array,
  y: Float64Array,
  clusters: Clusters,
  units: string,
): Statistic | NotDefined {
  if (x.length < 2) return tooFew(units, x.length);
  if (isConstant(x) || isConstant(y)) return constant(units);
  const { ids } = clusters;
  return {
    n: x.length,
    clusters: countClusters(ids),
    at: x.length <= MOST_COUNTED ? countedTau(x, y, ids) : expandedTau(x, y, clusters),
  };
}

function countedTau(x: Float64Array, y: Float64Array, ids: Int32Array): Statistic['at'] {
  const order = ascending(x);
  const levels = levelsOf(y);
  const sizes = new Float64Array(y.length);
  return (counts) => {
    const seen = new CountTree(y.length);
    sizes.fill(0);
    let [difference, before, tiedX] = [0, 0, 0];
    for (let from = 0, to = 0; from < order.length; from = to) {
      const value = x[order[from] as number];
      let tied = 0;
      for (; to < order.length && x[order[to] as number] === value; to++) {
        const unit = order[to] as number;
        const [count, level] = [counts[ids[unit] as number] as number, levels[unit] as number];
        if (count === 0) continue;
        difference += count * (seen.below(level) + seen.below(level + 1) - before);
        sizes[level] = (sizes[level] as number) + count;
        tied += count;
      }
      for (let i = from; i < to; i++) {
        const unit = order[i] as number;
        seen.add(levels[unit] as number, counts[ids[unit] as number] as number);
      }
      tiedX += tied * tied;
      before += tied;
    }
    const tiedY = sizes.reduce((sum, size) => sum + size * size, 0);
    const [untiedX, untiedY] = [before * before - tiedX, before * before - tiedY];
    // A resample in which one side is constant gives 0 / 0, which is NaN.
    return (2 * difference) / Math.sqrt(untiedX * untiedY);
  };
}

function expandedTau(x: Float64Array, y: Float64Array, { ids, count }: Clusters): Statistic['at'] {
  const agreements = agreementsOf(x, y);
  const [difference, untiedX, untiedY] = [agreements, untiedWith(x), untiedWith(y)].map((column) =>
    projected(column, ids, count),
  ) as [Projected, Projected, Projected];
  return (counts) => {
    const tau = at(difference, counts) / Math.sqrt(at(untiedX, counts) * at(untiedY, counts));
    // Where a few clusters hold most units, the expansion may leave the range; without untied pairs there is no value.
    return Number.isFinite(tau) ? Math.max(-1, Math.min(1, tau)) : Number.NaN;
  };
}

/** A sum over ordered pairs of units, and its parts: over the pairs whose first unit is in each cluster. */
interface Projected {
  readonly sum: number;
  readonly parts: Float64Array;
}

function projected(column: Float64Array, ids: Int32Array, clusters: number): Projected {
  const parts = new Float64Array(clusters);
  for (const [i, value] of column.entries()) {
    const cluster = ids[i] as number;
    parts[cluster] = (parts[cluster] as number) + value;
  }
  return { sum: column.reduce((sum, value) => sum + value, 0), parts };
}

/** Sum of w(i) w(j) s(i, j) for w = 1 + d, without the terms in d(i) d(j). */
function at({ sum, parts }: Projected, counts: Uint32Array): number {
  let drawn = 0;
  for (let c = 0; c < counts.length; c++) drawn += (counts[c] as number) * (parts[c] as number);
  return 2 * drawn - sum;
}

/** [units], with how many others each is in the same order in x and y, less those in the opposite order. */
function agreementsOf(x: Float64Array, y: Float64Array): Float64Array {
  const order = ascending(x);
  const found = new Float64Array(x.length);
  addAgreements(found, x, y, order);
  // What was below is above from the other end, so that both signs turn.
  addAgreements(found, negated(x), negated(y), order.toReversed());
  return found;
}

const negated = (values: Float64Array): Float64Array => values.map((value) => -value);

/** Counts the pairs of each unit with those that have less x: concordant where they have less y too. */
function addAgreements(found: Float64Array, x: Float64Array, y: Float64Array, order: Int32Array): void {
  const levels = levelsOf(y);
  const seen = new CountTree(y.length);
  for (let from = 0, to = 0; from < order.length; from = to) {
    const value = x[order[from] as number];
    for (; to < order.length && x[order[to] as number] === value; to++) {
      const unit = order[to] as number;
      const level = levels[unit] as number;
      const [less, notMore] = [seen.below(level), seen.below(level + 1)];
      found[unit] = (found[unit] as number) + less - (from - notMore);
    }
    for (let i = from; i < to; i++) seen.add(levels[order[i] as number] as number, 1);
  }
}

/** [units], equal numbers for equal values, from 0 for the least. */
function levelsOf(values: Float64Array): Int32Array {
  const levels = new Int32Array(values.length);
  let level = -1;
  let before = Number.NaN;
  for (const unit of ascending(values)) {
    if (values[unit] !== before) level++;
    before = values[unit] as number;
    levels[unit] = level;
  }
  return levels;
}

/** [units], how many others have another value. */
function untiedWith(values: Float64Array): Float64Array {
  const sizes = new Map<number, number>();
  for (const value of values) sizes.set(value, (sizes.get(value) ?? 0) + 1);
  return values.map((value) => values.length - (sizes.get(value) as number));
}

/**
 * How many numbers were added below each level.
 *
 * Source: Fenwick, A New Data Structure for Cumulative Frequency Tables, Software: Practice and Experience 1994
 */
class CountTree {
  readonly #sums: Uint32Array;

  constructor(levels: number) {
    this.#sums = new Uint32Array(levels + 1);
  }

  add(level: number, count: number): void {
    for (let i = level + 1; i < this.#sums.length; i += i & -i) this.#sums[i] = (this.#sums[i] as number) + count;
  }

  below(level: number): number {
    let sum = 0;
    for (let i = level; i > 0; i -= i & -i) sum += this.#sums[i] as number;
    return sum;
  }
}

const isConstant = (values: Float64Array): boolean => values.every((value) => value === values[0]);

function ascending(values: Float64Array): Int32Array {
  const order = Int32Array.from(values.keys());
  return order.sort((a, b) => (values[a] as number) - (values[b] as number));
}
