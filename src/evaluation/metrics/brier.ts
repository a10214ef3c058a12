import { meanOf } from '../means.js';
import { isDefined } from '../metric.js';
import { probabilitiesOf } from '../probability.js';
import { rewardMetric } from './definition.js';

/** Source: scikit-learn 1.9 `brier_score_loss` */
export const brier = rewardMetric({
  title: 'Brier score',
  explanation: 'mean squared error of the probability',
  better: 'lower',
  shown: {},
  needs: ['binary labels'],
  compute({ scores, labels, clusters, meaning }) {
    const probabilities = probabilitiesOf(scores, meaning);
    if (!isDefined(probabilities)) return probabilities;
    return meanOf(
      probabilities.map((probability, row) => (probability - (labels[row] as number)) ** 2),
      clusters,
    );
  },
});
