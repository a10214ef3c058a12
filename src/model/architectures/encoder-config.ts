/** The fields of config.json that BERT and the encoders after it have in common. */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import { type HiddenActivation, hiddenActivationNames, hiddenActivations } from '../graph/hidden-activations.js';
import type { EncoderSizes } from './encoder-layers.js';
import { type ArchitectureFacts, encoderDefaults } from './family-facts.js';

/** What is true of every encoder that reads a row's first token. */
export const encoderFacts = {
  attention: 'bidirectional',
  pooling: 'first',
  /** A pad token in a row is a token like any other. */
  defaultPad: undefined,
  input: 'pair',
  defaults: encoderDefaults,
} as const satisfies Partial<ArchitectureFacts>;

/** Refuses what makes another network of an encoder. */
export function refuseVariants(config: ConfigReader): void {
  for (const name of ['is_decoder', 'add_cross_attention', 'is_encoder_decoder']) config.only(name, false);
  for (const name of ['quantization_config', 'pruned_heads', 'per_layer_config']) config.absent(name);
}

export const readActivation = (config: ConfigReader, name: string): HiddenActivation =>
  hiddenActivations[config.choice(name, hiddenActivationNames, 'gelu')];

/** Reads a number of heads, each of which has a part of the hidden size. */
export function readHeads(
  config: ConfigReader,
  names: readonly string[],
  fallback: number,
  hidden: HiddenSize,
): number {
  const heads = config.positiveInteger(names, fallback);
  if (hidden.size % heads !== 0) config.refuse(names, heads, `a divisor of ${hidden.name} (${hidden.size})`);
  return heads;
}

interface HiddenSize {
  readonly name: string;
  readonly size: number;
}

/** The fields whose defaults differ from one family to another. */
export interface BertDefaults {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly intermediate_size: number;
  readonly layer_norm_eps: number;
}

/**
 * Reads the sizes of a network that has BERT's names for them. Its other fields have no effect on a logit: dropouts,
 * initializer_range, use_cache, tie_word_embeddings (no language-model head), problem_type (the loss), and
 * chunk_size_feed_forward, which changes how much is computed at a time.
 *
 * `maxPositions` is the table's number of rows.
 */
export function readBertSizes(config: ConfigReader, defaults: BertDefaults): EncoderSizes {
  refuseVariants(config);
  // transformers 5 knows no others, and would load their tables beside this network without using them.
  config.choice('position_embedding_type', ['absolute'], 'absolute');
  const hiddenSize = config.positiveInteger(['hidden_size'], defaults.hidden_size);
  return {
    vocabularySize: config.positiveInteger(['vocab_size'], defaults.vocab_size),
    maxPositions: config.positiveInteger(['max_position_embeddings'], 512),
    hiddenSize,
    layers: config.layers(['num_hidden_layers'], defaults.num_hidden_layers),
    heads: readHeads(config, ['num_attention_heads'], defaults.num_attention_heads, {
      name: 'hidden_size',
      size: hiddenSize,
    }),
    innerSize: config.positiveInteger(['intermediate_size'], defaults.intermediate_size),
    activation: readActivation(config, 'hidden_act'),
    epsilon: config.positiveNumber('layer_norm_eps', defaults.layer_norm_eps),
    labels: config.labels(),
  };
}
