import type { Clusters } from './clusters.js';
import { notBinary } from './labels.js';
import { meanOf } from './means.js';
import { isDefined, type NotDefined, type Statistic } from './metric.js';

/** What a score says of its row: the logit of the chance that it is positive, or that chance. */
export type ScoreMeaning = 'logit' | 'probability';

/** Probabilities are held at this distance from 0 and 1 in the log loss. */
const CLIP = 1e-12;

/** [rows], the chance that each row is positive. */
export function probabilitiesOf(scores: Float64Array, meaning: ScoreMeaning): Float64Array | NotDefined {
  if (meaning === 'logit') return scores.map(sigmoid);
  const outside = scores.find((score) => score < 0 || score > 1);
  return outside === undefined ? scores : { reason: `expected probabilities from 0 to 1, got ${outside}` };
}

/** Accuracy, Brier score and log loss of scores [rows], held against labels [rows] of 0 and 1. */
export interface ProbabilityStatistics {
  /**
   * The share of rows whose probability is above 0.5 just when they are positive; for a logit: whose score is above 0.
   */
  readonly accuracy: Statistic | NotDefined;
  /** The mean squared error of the probability: scikit-learn 1.9 `brier_score_loss`. */
  readonly brier: Statistic | NotDefined;
  /** In nats, of probabilities clipped to 1e-12 and 1 - 1e-12: scikit-learn 1.9 `log_loss` of clipped probabilities. */
  readonly log_loss: Statistic | NotDefined;
}

export function probabilityStatistics(
  scores: Float64Array,
  labels: Float64Array,
  clusters: Clusters,
  meaning: ScoreMeaning,
): ProbabilityStatistics {
  const probabilities = probabilitiesOf(scores, meaning);
  const refused = notBinary(labels);
  if (refused) return { accuracy: refused, brier: refused, log_loss: refused };
  if (!isDefined(probabilities)) return { accuracy: probabilities, brier: probabilities, log_loss: probabilities };
  const threshold = meaning === 'logit' ? 0 : 0.5;
  // The probability of what was observed: of a logit not as 1 - p, which loses all digits where p is near 1.
  const ofObserved = scores.map((score, row) => {
    if (meaning === 'logit') return sigmoid(labels[row] === 1 ? score : -score);
    return labels[row] === 1 ? score : 1 - score;
  });
  return {
    accuracy: meanOf(
      scores.map((score, row) => Number(score > threshold === (labels[row] === 1))),
      clusters,
    ),
    brier: meanOf(
      probabilities.map((probability, row) => (probability - (labels[row] as number)) ** 2),
      clusters,
    ),
    log_loss: meanOf(
      ofObserved.map((probability) => -Math.log(Math.min(Math.max(probability, CLIP), 1 - CLIP))),
      clusters,
    ),
  };
}

const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));
