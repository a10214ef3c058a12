/**
 * Qwen3ForSequenceClassification as an ONNX graph: Llama whose heads of queries and keys are normalised before they are
 * turned, with windows of attention as in Qwen2.
 *
 * Source: transformers 5.23.0, models/qwen3/configuration_qwen3.py and modeling_qwen3.py, with dtype float32.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import type { Architecture } from './architecture.js';
import { readWindows } from './layer-types.js';
import type { LayerBuilder } from './layers.js';
import { buildLlamaLike, llamaLikeFacts, readSizes } from './llama-like.js';
import type { RewardNetwork } from './network.js';

export const qwen3: Architecture = {
  names: ['Qwen3ForSequenceClassification'],
  modelType: 'qwen3',
  ...llamaLikeFacts,
  build,
};

function build(config: ConfigReader, net: LayerBuilder): RewardNetwork {
  const heads = { keyValueHeads: 32, headSize: 128 };
  const sizes = readSizes(config, { vocabularySize: 151936, maxPositions: 32768, innerSize: 22016, ...heads });
  const bias = config.boolean('attention_bias', false);
  return buildLlamaLike(qwen3, config, net, {
    ...sizes,
    biases: { queryKeyValue: bias, attentionOutput: bias, mlp: false },
    headNorms: true,
    windowOf: readWindows(config, sizes.layers),
  });
}
