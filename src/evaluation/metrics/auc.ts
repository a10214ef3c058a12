import { type Clusters, countClusters } from '../clusters.js';
import type { Statistic } from '../metric.js';
import { byScore } from '../score-order.js';
import { orderMetric } from './definition.js';

export const auc = orderMetric({
  title: 'AUC',
  explanation: 'chance that a positive row has a larger reward than a negative one',
  better: 'higher',
  shown: { overview: true, headline: 1, slices: 1 },
  needs: ['binary labels'],
  compute: ({ scores, labels, clusters }) => areaUnderRoc(scores, labels, clusters),
  random: 0.5,
});

/**
 * The area under the ROC curve: the chance that a positive has the larger score than a negative, where a tie counts
 * half.
 *
 * Source: Mann and Whitney, 1947; equal to scikit-learn 1.9 `roc_auc_score` with `sample_weight`
 *
 * @param scores [rows], finite
 * @param labels [rows], 0 and 1, at least one of each
 */
function areaUnderRoc(scores: Float64Array, labels: Float64Array, clusters: Clusters): Statistic {
  const order = byScore(scores, labels, clusters);
  return {
    n: scores.length,
    clusters: countClusters(clusters.ids),
    at: (counts) => {
      // Rows are in ascending order; in twice the number of pairs a tie is a whole number, so that all sums are exact.
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
