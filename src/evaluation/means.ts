import { type Clusters, countClusters } from './clusters.js';
import type { NotDefined, Statistic } from './metric.js';
import { withoutResidue } from './residue.js';

/**
 * The mean of one value for each unit, that is for each row, pair or group. A resample takes time in proportion to the
 * clusters.
 *
 * @param values [units]; NaN for a unit that the mean leaves out
 * @param expected what the units are, for the reason when there is none: `rows`, `groups of two candidates or more`
 */
export function meanOf(values: Float64Array, clusters: Clusters, expected = 'rows'): Statistic | NotDefined {
  const { sums, magnitudes, sizes, n } = sumsOf(values, clusters);
  if (n === 0) return { reason: `expected ${expected}, got none in ${values.length}` };
  return {
    n,
    clusters: sizes.reduce((found, size) => found + Math.min(size, 1), 0),
    at: (counts) => {
      let [sum, magnitude, size] = [0, 0, 0];
      for (let c = 0; c < counts.length; c++) {
        const count = counts[c] as number;
        sum += count * (sums[c] as number);
        magnitude += count * (magnitudes[c] as number);
        size += count * (sizes[c] as number);
      }
      return withoutResidue(sum, magnitude, size) / size;
    },
  };
}

/** The sample's standard deviation (n - 1) of one value for each row. */
export function deviationOf(values: Float64Array, clusters: Clusters): Statistic | NotDefined {
  if (values.length < 2) return { reason: `expected 2 rows or more, got ${values.length}` };
  // With deviations from the mean of all, what is subtracted below is small beside the sum of squares.
  const middle = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviations = values.map((value) => value - middle);
  const { sums, sizes } = sumsOf(deviations, clusters);
  const { sums: squares } = sumsOf(
    deviations.map((deviation) => deviation * deviation),
    clusters,
  );
  return {
    n: values.length,
    clusters: countClusters(clusters.ids),
    at: (counts) => {
      let [sum, square, size] = [0, 0, 0];
      for (let c = 0; c < counts.length; c++) {
        const count = counts[c] as number;
        sum += count * (sums[c] as number);
        square += count * (squares[c] as number);
        size += count * (sizes[c] as number);
      }
      // No less than 0 but for rounding. One row gives 0 / 0, which is NaN.
      return Math.sqrt(withoutResidue(square - (sum * sum) / size, 2 * square, size) / (size - 1));
    },
  };
}

/** The sum of the values of each cluster, that of their absolute values, and their number; NaN is ignored. */
function sumsOf(values: Float64Array, clusters: Clusters) {
  const sums = new Float64Array(clusters.count);
  const magnitudes = new Float64Array(clusters.count);
  const sizes = new Uint32Array(clusters.count);
  let n = 0;
  for (const [i, value] of values.entries()) {
    if (Number.isNaN(value)) continue;
    const cluster = clusters.ids[i] as number;
    sums[cluster] = (sums[cluster] as number) + value;
    magnitudes[cluster] = (magnitudes[cluster] as number) + Math.abs(value);
    sizes[cluster] = (sizes[cluster] as number) + 1;
    n++;
  }
  return { sums, magnitudes, sizes, n };
}
