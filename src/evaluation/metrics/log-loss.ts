import { meanOf } from '../means.js';
import { isDefined } from '../metric.js';
import { probabilitiesOf, sigmoid } from '../probability.js';
import { rewardMetric } from './definition.js';

/** Probabilities are clipped to this distance from 0 and 1, where the loss would be infinite. */
const CLIP = 1e-12;

/** Source: scikit-learn 1.9 `log_loss` of the clipped probabilities */
export const logLoss = rewardMetric({
  title: 'log loss',
  explanation: 'mean surprise of the probability, in nats',
  better: 'lower',
  shown: {},
  needs: ['binary labels'],
  compute({ scores, labels, clusters, meaning }) {
    const probabilities = probabilitiesOf(scores, meaning);
    if (!isDefined(probabilities)) return probabilities;
    // The probability of what was observed: for a logit it is not 1 - p, which loses all digits where p is near 1.
    const observed = scores.map((score, row) => {
      if (meaning === 'logit') return sigmoid(labels[row] === 1 ? score : -score);
      return labels[row] === 1 ? score : 1 - score;
    });
    return meanOf(
      observed.map((probability) => -Math.log(Math.min(Math.max(probability, CLIP), 1 - CLIP))),
      clusters,
    );
  },
});
