/**
 * LlamaForSequenceClassification as an ONNX graph.
 *
 * Source: transformers 5.23.0, models/llama/configuration_llama.py and modeling_llama.py, with dtype float32.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import type { Architecture } from './architecture.js';
import type { LayerBuilder } from './layers.js';
import { buildLlamaLike, llamaLikeFacts, readSizes } from './llama-like.js';
import type { RewardNetwork } from './network.js';

export const llama: Architecture = {
  names: ['LlamaForSequenceClassification'],
  modelType: 'llama',
  ...llamaLikeFacts,
  build,
};

function build(config: ConfigReader, net: LayerBuilder): RewardNetwork {
  config.only('pretraining_tp', 1);
  const attention = config.boolean('attention_bias', false);
  return buildLlamaLike(llama, config, net, {
    ...readSizes(config, { vocabularySize: 32000, maxPositions: 2048, innerSize: 11008 }),
    biases: { queryKeyValue: attention, attentionOutput: attention, mlp: config.boolean('mlp_bias', false) },
    headNorms: false,
    windowOf: () => undefined,
  });
}
