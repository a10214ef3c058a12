import type { NotDefined } from './metric.js';

/** What a score means: the logit of the probability that its row is positive, or that probability. */
export type ScoreMeaning = 'logit' | 'probability';

/** [rows], the probability that each row is positive. */
export function probabilitiesOf(scores: Float64Array, meaning: ScoreMeaning): Float64Array | NotDefined {
  if (meaning === 'logit') return scores.map(sigmoid);
  const outside = scores.find((score) => score < 0 || score > 1);
  return outside === undefined ? scores : { reason: `expected probabilities from 0 to 1, got ${outside}` };
}

export const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));
