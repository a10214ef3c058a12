/** What stands on the states of a causal network: the kinds of heads, and the names that config.json gives them. */

/**
 * The layers between a pooled state, [D], and its logits, [labels]:
 *
 * - `matrix`: `score.weight` [labels, D], as transformers' *ForSequenceClassification have it
 * - `linear`: the same with `score.bias` [labels]
 * - `two layers`: `score.0` [D, D] and `score.2` [labels, D] with biases, and ReLU between them
 */
export type HeadLayers = 'matrix' | 'linear' | 'two layers';

/** Whether a tensor of a network is one of its head's. */
export const isOfHead = (tensor: string): boolean => tensor.startsWith('score.');

/** A family's language model, whose logits are those of the next token. */
export interface LanguageModel {
  /** Its name in config.json's `architectures`. */
  readonly name: string;
  /** The layer whose rows give the tokens' logits: its name without `.weight`. */
  readonly output: string;
  /** Whether that layer is the input embeddings where config.json does not say it (`tie_word_embeddings`). */
  readonly tied: boolean;
}

interface HeadedNetwork {
  readonly name: string;
  readonly modelType: string;
  /** undefined: as config.json says. */
  readonly labels: number | undefined;
}

/**
 * Networks of a known family under a head of two layers, whose code comes with the model. Both pool as
 * *ForSequenceClassification did when they were written, which for a text without the pad token is the same.
 *
 * Source: huggingface.co/Qwen/Qwen2.5-Math-RM-72B, modeling_qwen2_rm.py; the card of huggingface.co/infly/INF-ORM-Llama3.1-70B
 */
export const twoLayerNetworks: readonly HeadedNetwork[] = [
  { name: 'Qwen2ForRewardModel', modelType: 'qwen2', labels: 1 },
  { name: 'INFORMForSequenceClassification', modelType: 'llama', labels: undefined },
];
