/** How close rewards in integers are to those in float32. */

export interface Quality {
  readonly rows: number;
  /** Rank correlation. */
  readonly spearman: number | null;
  /** Share of groups whose best row is the same. */
  readonly sameWinner: number | null;
  /** Largest difference of a row, in standard deviations of the rewards. */
  readonly largestDifference: number | null;
}

/** The bounds that rewards in integers must meet. */
const bounds = { spearman: 0.998, sameWinner: 0.97, largestDifference: 0.25 } as const;

/**
 * The bounds that a mix of products is chosen by. They are closer, since it is used on other texts than those that it was
 * chosen on.
 */
const closerBounds = { spearman: 0.999, sameWinner: 0.98, largestDifference: 0.2 } as const;

/** Whether rewards are near enough for a mix of products to be taken. */
export const isNear = ({ spearman, sameWinner, largestDifference }: Quality): boolean =>
  (spearman ?? 0) >= closerBounds.spearman &&
  (sameWinner ?? 0) >= closerBounds.sameWinner &&
  (largestDifference ?? Infinity) <= closerBounds.largestDifference;

/** The shares of the error variance that may be left for a next trial, however far off the bounds are. */
const [LEAST_SHARE, MOST_SHARE] = [0.02, 0.8];

/**
 * The share of the error variance with which the bounds would be met: 1 less the rank correlation grows with the variance,
 * largest differences and the share of other winners with its root. Undefined where nothing could be measured.
 */
export function shareOfErrorAllowed({ spearman, sameWinner, largestDifference }: Quality): number | undefined {
  if (spearman === null || sameWinner === null || largestDifference === null) return undefined;
  const share = Math.min(
    (1 - closerBounds.spearman) / (1 - spearman),
    ((1 - closerBounds.sameWinner) / (1 - sameWinner)) ** 2,
    (closerBounds.largestDifference / largestDifference) ** 2,
  );
  return Math.max(LEAST_SHARE, Math.min(MOST_SHARE, share));
}

/** The error variance of rewards in variances of the rewards; of several labels the worst counts. Logits as for `measureQuality`. */
export function errorVariance(reference: Float32Array, logits: Float32Array, labels: number): number {
  const rows = Array.from({ length: reference.length / labels }, (_, row) => row);
  const finite = rows.filter((row) => reference.subarray(row * labels, (row + 1) * labels).every(Number.isFinite));
  const each = Array.from({ length: labels }, (_, label) => {
    const at = (values: Float32Array): number[] => finite.map((row) => values[row * labels + label] as number);
    const [expected, got] = [at(reference), at(logits)];
    const squares = expected.reduce((sum, reward, i) => sum + (reward - (got[i] as number)) ** 2, 0);
    return squares / finite.length / deviationOf(expected) ** 2;
  });
  return Math.max(...each);
}

/** Says which bounds are missed; undefined where none is. */
export function shortfallOf(quality: Quality | undefined): string | undefined {
  if (quality === undefined) return undefined;
  const { rows, spearman, sameWinner, largestDifference } = quality;
  const short = [
    [(spearman ?? 0) >= bounds.spearman, `rank correlation ${shown(spearman)}, at least ${bounds.spearman} wanted`],
    [
      (sameWinner ?? 0) >= bounds.sameWinner,
      `same winner of 8 ${shown(sameWinner)}, at least ${bounds.sameWinner} wanted`,
    ],
    [
      (largestDifference ?? Infinity) <= bounds.largestDifference,
      `a row off by ${shown(largestDifference)} standard deviations, at most ${bounds.largestDifference} wanted`,
    ],
  ] as const;
  const missed = short.filter(([reached]) => !reached).map(([, words]) => words);
  if (missed.length === 0) return undefined;
  return `int8 is not as near to fp32 as it should be (${rows} built-in texts: ${missed.join('; ')})`;
}

export const qualityInWords = ({ rows, spearman, sameWinner, largestDifference }: Quality): string =>
  `against fp32 on ${rows} texts: rank correlation ${shown(spearman)}, same winner of 8 ${shown(sameWinner)}, ` +
  `largest difference ${shown(largestDifference)} std`;

const shown = (value: number | null): string =>
  value === null ? 'not a number' : String(Number(value.toPrecision(5)));

/**
 * @param reference logits [rows, labels] in float32; of several labels the worst counts
 * @param logits the same in integers
 * @param groupSize rows of a group, which are consecutive
 */
export function measureQuality(
  reference: Float32Array,
  logits: Float32Array,
  labels: number,
  groupSize: number,
): Quality {
  const groups = Array.from({ length: reference.length / labels / groupSize }, (_, group) => group);
  const span = groupSize * labels;
  // Where float32 gives no reward, there is nothing to compare.
  const finite = groups.filter((group) => reference.subarray(group * span, (group + 1) * span).every(Number.isFinite));
  const rows = finite.flatMap((group) => Array.from({ length: groupSize }, (_, i) => group * groupSize + i));
  const column = (values: Float32Array, label: number): number[] =>
    rows.map((row) => values[row * labels + label] as number);
  const each = Array.from({ length: labels }, (_, label) => {
    const expected = column(reference, label);
    const got = column(logits, label);
    return [
      spearmanOf(expected, got),
      sameWinnerOf(expected, got, groupSize),
      Math.max(...expected.map((reward, i) => Math.abs(reward - (got[i] as number)))) / deviationOf(expected),
    ] as const;
  });
  const worst = (measure: number, pick: (...values: number[]) => number): number | null => {
    const value = pick(...each.map((measures) => measures[measure] as number));
    return Number.isFinite(value) ? value : null;
  };
  return {
    rows: rows.length,
    spearman: worst(0, Math.min),
    sameWinner: worst(1, Math.min),
    largestDifference: worst(2, Math.max),
  };
}

function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

function spearmanOf(a: readonly number[], b: readonly number[]): number {
  if (![...a, ...b].every(Number.isFinite)) return Number.NaN;
  const [ranksA, ranksB] = [ranksOf(a), ranksOf(b)];
  const middle = (a.length - 1) / 2;
  let [product, squaresA, squaresB] = [0, 0, 0];
  for (const [i, rank] of ranksA.entries()) {
    const other = (ranksB[i] as number) - middle;
    product += (rank - middle) * other;
    squaresA += (rank - middle) ** 2;
    squaresB += other ** 2;
  }
  return product / Math.sqrt(squaresA * squaresB);
}

/** Ranks from 0; equal values share the mean of their ranks. */
function ranksOf(values: readonly number[]): Float64Array {
  const order = values.map((_, i) => i).sort((i, j) => (values[i] as number) - (values[j] as number));
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to++;
    for (let i = from; i < to; i++) ranks[order[i] as number] = (from + to - 1) / 2;
    from = to;
  }
  return ranks;
}

function sameWinnerOf(a: readonly number[], b: readonly number[], size: number): number {
  const groups = a.length / size;
  let same = 0;
  for (let group = 0; group < groups; group++) {
    const winner = (values: readonly number[]): number => {
      const rewards = values.slice(group * size, (group + 1) * size);
      return rewards.indexOf(Math.max(...rewards));
    };
    if (winner(a) === winner(b)) same++;
  }
  return same / groups;
}
