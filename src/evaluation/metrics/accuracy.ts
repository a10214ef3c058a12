import { meanOf } from '../means.js';
import { isDefined } from '../metric.js';
import { probabilitiesOf } from '../probability.js';
import { rewardMetric } from './definition.js';

/** A row is right where it is positive just when its probability is above 0.5, or its logit above 0. */
export const accuracy = rewardMetric({
  title: 'accuracy',
  explanation: 'share of rows on the right side of probability 0.5',
  better: 'higher',
  shown: {},
  needs: ['binary labels'],
  compute({ scores, labels, clusters, meaning }) {
    const probabilities = probabilitiesOf(scores, meaning);
    if (!isDefined(probabilities)) return probabilities;
    const threshold = meaning === 'logit' ? 0 : 0.5;
    return meanOf(
      scores.map((score, row) => Number(score > threshold === (labels[row] === 1))),
      clusters,
    );
  },
});
