import { spearman } from '../../evaluation/correlation.js';

/** How rewards depend on the lengths of texts, in as many values for a million rows as for a thousand. */
export interface LengthCurve {
  /** Spearman's rank correlation; NaN where all rewards or all lengths are equal. */
  readonly correlation: number;
  /** Bins of about as many rows each, from the shortest up; rows of one length are in one bin. */
  readonly bins: readonly LengthBin[];
  /** Every k-th row by length. */
  readonly sample: readonly { readonly length: number; readonly reward: number }[];
}

interface LengthBin {
  readonly rows: number;
  readonly meanLength: number;
  readonly meanReward: number;
  /** The 10 % and the 90 % quantile of the rewards in it. */
  readonly low: number;
  readonly high: number;
}

const BINS = 12;
const POINTS = 300;

/**
 * @param lengths [rows]
 * @param rewards [rows], finite
 */
export function lengthCurve(lengths: Float64Array, rewards: Float64Array): LengthCurve {
  const order = Int32Array.from({ length: lengths.length }, (_, i) => i);
  order.sort(
    (a, b) => (lengths[a] as number) - (lengths[b] as number) || (rewards[a] as number) - (rewards[b] as number),
  );
  const bins: LengthBin[] = [];
  for (let from = 0, to = 0; from < order.length; from = to) {
    to = Math.min(order.length, Math.max(from + 1, Math.round(((bins.length + 1) * order.length) / BINS)));
    while (to < order.length && lengths[order[to] as number] === lengths[order[to - 1] as number]) to++;
    bins.push(binOf(order.subarray(from, to), lengths, rewards));
  }
  const step = Math.max(1, order.length / POINTS);
  const sample = Array.from({ length: Math.min(POINTS, order.length) }, (_, i) => {
    const row = order[Math.floor((i + 0.5) * step)] as number;
    return { length: lengths[row] as number, reward: rewards[row] as number };
  });
  return { correlation: spearman(lengths, rewards), bins, sample };
}

function binOf(rows: Int32Array, lengths: Float64Array, rewards: Float64Array): LengthBin {
  const own = Float64Array.from(rows, (row) => rewards[row] as number).sort();
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    rows: rows.length,
    meanLength: mean(Float64Array.from(rows, (row) => lengths[row] as number)),
    meanReward: mean(own),
    low: own[Math.floor(0.1 * (own.length - 1))] as number,
    high: own[Math.ceil(0.9 * (own.length - 1))] as number,
  };
}
