import { type Clusters, countClusters } from '../clusters.js';
import type { Statistic } from '../metric.js';

/**
 * The mean of the average precision of random scores, without ties, over all orders of the rows: with P
 * positives of N rows, (H + (P - 1)(N - H) / (N - 1)) / N, where H = 1 + 1/2 + … + 1/N. It is more than the share of
 * positives. A row that is in a resample twice counts as two rows with scores of their own.
 *
 * Source: Bestgen, Exact Expected Average Precision of the Random Baseline for System Evaluation, PBML 103, 2015
 *
 * @param labels [rows], 0 and 1, at least one of each
 */
export function randomAveragePrecision(labels: Float64Array, clusters: Clusters): Statistic {
  const positivesOf = new Uint32Array(clusters.count);
  const rowsOf = new Uint32Array(clusters.count);
  for (const [row, cluster] of clusters.ids.entries()) {
    positivesOf[cluster] = (positivesOf[cluster] as number) + (labels[row] as number);
    rowsOf[cluster] = (rowsOf[cluster] as number) + 1;
  }
  return {
    n: labels.length,
    clusters: countClusters(clusters.ids),
    at: (counts) => {
      let [positives, rows] = [0, 0];
      for (let c = 0; c < counts.length; c++) {
        positives += (counts[c] as number) * (positivesOf[c] as number);
        rows += (counts[c] as number) * (rowsOf[c] as number);
      }
      if (positives === 0 || positives === rows) return Number.NaN;
      const harmonic = harmonicNumber(rows);
      return (harmonic + ((positives - 1) * (rows - harmonic)) / (rows - 1)) / rows;
    },
  };
}

/** 1 + 1/2 + … + 1/n; beyond 64 by the asymptotic series (Euler, Maclaurin), off by less than 1e-15 of it. */
function harmonicNumber(n: number): number {
  if (n <= 64) {
    let sum = 0;
    for (let i = n; i > 0; i--) sum += 1 / i;
    return sum;
  }
  const euler = 0.5772156649015329;
  return Math.log(n) + euler + 1 / (2 * n) - 1 / (12 * n ** 2) + 1 / (120 * n ** 4) - 1 / (252 * n ** 6);
}
