import { type Clusters, countClusters } from '../clusters.js';
import type { Statistic } from '../metric.js';
import { byScore } from '../score-order.js';
import { orderMetric } from './definition.js';
import { randomAveragePrecision } from './random-average-precision.js';

export const averagePrecision = orderMetric({
  title: 'average precision',
  explanation: 'precision, averaged over all thresholds that find another positive row',
  better: 'higher',
  shown: { overview: true },
  needs: ['binary labels'],
  compute: ({ scores, labels, clusters }) => meanPrecision(scores, labels, clusters),
  random: ({ labels, clusters }) => randomAveragePrecision(labels, clusters),
});

/**
 * Average precision: the precision at each threshold, weighted by the recall that it adds. Tied scores are one
 * threshold.
 *
 * Source: scikit-learn 1.9 `average_precision_score` with `sample_weight`
 *
 * @param scores [rows], finite
 * @param labels [rows], 0 and 1, at least one of each
 */
function meanPrecision(scores: Float64Array, labels: Float64Array, clusters: Clusters): Statistic {
  const order = byScore(
    scores.map((score) => -score),
    labels,
    clusters,
  );
  return {
    n: scores.length,
    clusters: countClusters(clusters.ids),
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
