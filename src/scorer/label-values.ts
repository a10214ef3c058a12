/** What a model says of each label, for those who ask for more than the reward. */
import { type Activation, rewardOf } from '../model/activation.js';

export type { Activation };

/**
 * @param logits [labels]
 * @returns [labels], their activations in float32
 */
export const labelValues = (logits: Float32Array, activation: Activation): number[] =>
  Array.from(logits, (_, label) => rewardOf(logits, label, activation));

/** The labels' activation that vLLM applies where neither a request nor its server names one. */
export function classifierActivation(labels: number, problemType: string | undefined): Activation {
  if (problemType === 'regression') return 'none';
  if (problemType === 'multi_label_classification' || labels === 1) return 'sigmoid';
  return 'softmax';
}
