import { BINS, binOf } from '../calibration.js';
import { type Clusters, countClusters } from '../clusters.js';
import { type Counts, isDefined, type Statistic } from '../metric.js';
import { probabilitiesOf } from '../probability.js';
import { withoutResidue } from '../residue.js';
import { rewardMetric } from './definition.js';

export const calibrationError = rewardMetric({
  title: 'calibration error',
  explanation: 'mean distance of probability and rate, 15 bins',
  better: 'lower',
  shown: {},
  needs: ['binary labels'],
  compute({ scores, labels, clusters, meaning }) {
    const probabilities = probabilitiesOf(scores, meaning);
    return isDefined(probabilities) ? expectedError(probabilities, labels, clusters) : probabilities;
  },
});

/**
 * The expected calibration error: the distance between mean probability and share of positives in each of 15 bins of
 * equal width, weighted by the rows in each.
 *
 * Source: Guo and others, On Calibration of Modern Neural Networks, ICML 2017
 *
 * @param probabilities [rows]
 * @param labels [rows], 0 or 1
 */
function expectedError(probabilities: Float64Array, labels: Float64Array, clusters: Clusters): Statistic {
  const bins = Uint8Array.from(probabilities, binOf);
  const errors = probabilities.map((probability, row) => probability - (labels[row] as number));
  // [bins], the share of each in the mean of (probability - label).
  const shares = (counts: Counts): Float64Array => {
    const sums = new Float64Array(BINS);
    const magnitudes = new Float64Array(BINS);
    let rows = 0;
    for (let row = 0; row < errors.length; row++) {
      const count = counts[clusters.ids[row] as number] as number;
      const bin = bins[row] as number;
      const error = errors[row] as number;
      sums[bin] = (sums[bin] as number) + count * error;
      magnitudes[bin] = (magnitudes[bin] as number) + count * Math.abs(error);
      rows += count;
    }
    return sums.map((sum, bin) => withoutResidue(sum, magnitudes[bin] as number, rows) / rows);
  };
  const ofSample = shares(new Uint32Array(clusters.count).fill(1));
  return {
    n: probabilities.length,
    clusters: countClusters(clusters.ids),
    at: (counts) => sumOfMagnitudes(shares(counts)),
    noise: (counts) => sumOfMagnitudes(shares(counts).map((share, bin) => share - (ofSample[bin] as number))),
  };
}

const sumOfMagnitudes = (values: Float64Array): number => values.reduce((sum, value) => sum + Math.abs(value), 0);
