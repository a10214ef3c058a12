/**
 * Qwen2ForSequenceClassification as an ONNX graph: Llama with biases on queries, keys and values, and windows of
 * attention in later layers.
 *
 * Source: transformers 5.23.0, models/qwen2/configuration_qwen2.py and modeling_qwen2.py, with dtype float32.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import type { Architecture } from './architecture.js';
import { readWindows } from './layer-types.js';
import type { LayerBuilder } from './layers.js';
import { buildLlamaLike, llamaLikeFacts, readSizes } from './llama-like.js';
import type { RewardNetwork } from './network.js';

export const qwen2: Architecture = {
  names: ['Qwen2ForSequenceClassification'],
  modelType: 'qwen2',
  ...llamaLikeFacts,
  build,
};

function build(config: ConfigReader, net: LayerBuilder): RewardNetwork {
  const defaults = { vocabularySize: 151936, maxPositions: 32768, innerSize: 22016, keyValueHeads: 32 };
  const sizes = readSizes(config, defaults);
  return buildLlamaLike(qwen2, config, net, {
    ...sizes,
    biases: { queryKeyValue: true, attentionOutput: false, mlp: false },
    headNorms: false,
    windowOf: readWindows(config, sizes.layers),
  });
}
