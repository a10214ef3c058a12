/**
 * MistralForSequenceClassification as an ONNX graph: Llama without biases, with one window of attention for all layers.
 *
 * Source: transformers 5.23.0, models/mistral/configuration_mistral.py and modeling_mistral.py, with dtype float32.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import type { Architecture } from './architecture.js';
import type { LayerBuilder } from './layers.js';
import { buildLlamaLike, llamaLikeFacts, readSizes } from './llama-like.js';
import type { RewardNetwork } from './network.js';

export const mistral: Architecture = {
  names: ['MistralForSequenceClassification'],
  modelType: 'mistral',
  ...llamaLikeFacts,
  build,
};

function build(config: ConfigReader, net: LayerBuilder): RewardNetwork {
  // Other classes of transformers (Ministral) obey it, and this one warns.
  config.absent('layer_types');
  const window = config.positiveIntegerOrNull('sliding_window', 4096);
  return buildLlamaLike(mistral, config, net, {
    ...readSizes(config, { vocabularySize: 32000, maxPositions: 131072, innerSize: 14336, keyValueHeads: 8 }),
    biases: { queryKeyValue: false, attentionOutput: false, mlp: false },
    headNorms: false,
    windowOf: () => window,
  });
}
