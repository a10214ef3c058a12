import { type Clusters, countClusters } from './clusters.js';
import { notBinary } from './labels.js';
import type { NotDefined, Statistic } from './metric.js';

/**
 * The area under the ROC curve: the chance that a positive has the larger score than a negative, where a tie counts
 * half.
 *
 * Source: Mann and Whitney, 1947; equal to scikit-learn 1.9 `roc_auc_score` with `sample_weight`
 *
 * @param scores [rows], finite
 * @param labels [rows], 0 or 1
 */
export function auc(scores: Float64Array, labels: Float64Array, clusters: Clusters): Statistic | NotDefined {
  const refused = notBinary(labels);
  if (refused) return refused;
  const order = byScore(scores, labels, clusters);
  return {
    n: scores.length,
    clusters: countClusters(clusters.of),
    at: (counts) => {
      // Rows go up; in twice the number of pairs a tie is a whole number, so all sums are exact.
      let [twicePairs, positives, negatives, tiedPositives, tied] = [0, 0, 0, 0, 0];
      for (let i = 0; i < order.cluster.length; i++) {
        const count = counts[order.cluster[i] as number] as number;
        tied += count;
        tiedPositives += count * (order.positive[i] as number);
        if (order.lastOfTie[i] === 0) continue;
        const tiedNegatives = tied - tiedPositives;
        twicePairs += tiedPositives * (2 * negatives + tiedNegatives);
        positives += tiedPositives;
        negatives += tiedNegatives;
        tied = tiedPositives = 0;
      }
      return twicePairs / (2 * positives * negatives);
    },
  };
}

/**
 * Average precision: the precision at each threshold, weighted by the recall that it adds. Tied scores are one
 * threshold.
 *
 * Source: scikit-learn 1.9 `average_precision_score` with `sample_weight`; parameters as for `auc`
 */
export function averagePrecision(
  scores: Float64Array,
  labels: Float64Array,
  clusters: Clusters,
): Statistic | NotDefined {
  const refused = notBinary(labels);
  if (refused) return refused;
  const order = byScore(
    scores.map((score) => -score),
    labels,
    clusters,
  );
  return {
    n: scores.length,
    clusters: countClusters(clusters.of),
    at: (counts) => {
      let [sum, positives, all, tiedPositives] = [0, 0, 0, 0];
      for (let i = 0; i < order.cluster.length; i++) {
        const count = counts[order.cluster[i] as number] as number;
        all += count;
        tiedPositives += count * (order.positive[i] as number);
        if (order.lastOfTie[i] === 0 || tiedPositives === 0) continue;
        positives += tiedPositives;
        sum += tiedPositives * (positives / all);
        tiedPositives = 0;
      }
      return positives === all ? Number.NaN : sum / positives;
    },
  };
}

interface ScoreOrder {
  /** [rows], the cluster of each row, from the least score up. */
  readonly cluster: Int32Array;
  /** [rows], 1 for a positive row. */
  readonly positive: Uint8Array;
  /** [rows], 1 where the next row has another score. */
  readonly lastOfTie: Uint8Array;
}

function byScore(scores: Float64Array, labels: Float64Array, clusters: Clusters): ScoreOrder {
  const rows = Int32Array.from({ length: scores.length }, (_, i) => i);
  rows.sort((a, b) => (scores[a] as number) - (scores[b] as number));
  return {
    cluster: rows.map((row) => clusters.of[row] as number),
    positive: Uint8Array.from(rows, (row) => labels[row] as number),
    lastOfTie: Uint8Array.from(rows, (row, i) => (scores[row] === scores[rows[i + 1] as number] ? 0 : 1)),
  };
}
