export const activations = ['none', 'sigmoid', 'softmax'] as const;
export type Activation = (typeof activations)[number];

/**
 * Computes the reward of one row: its label's logit, or the activation of that, in double precision and rounded to
 * float32.
 *
 * @param logits [labels]
 * @param label index of the label that is the reward
 */
export function rewardOf(logits: Float32Array, label: number, activation: Activation): number {
  const logit = logits[label] as number;
  if (activation === 'none') return logit;
  if (activation === 'sigmoid') return Math.fround(1 / (1 + Math.exp(-logit)));
  return Math.fround(1 / logits.reduce((sum, other) => sum + Math.exp(other - logit), 0));
}
