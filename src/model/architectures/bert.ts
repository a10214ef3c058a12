/**
 * BertForSequenceClassification as an ONNX graph.
 *
 * Source: transformers 5.23.0, models/bert/modeling_bert.py, with dtype float32 and eager attention.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import { hiddenActivations } from '../graph/hidden-activations.js';
import type { Architecture } from './architecture.js';
import { encoderFacts, readBertSizes } from './encoder-config.js';
import { bertLayerNames, denseHead, embeddings, finishEncoder, postNormLayers } from './encoder-layers.js';
import type { LayerBuilder } from './layers.js';
import type { RewardNetwork } from './network.js';

export const bert: Architecture = {
  names: ['BertForSequenceClassification'],
  modelType: 'bert',
  ...encoderFacts,
  bufferNames: /^(bert\.)?embeddings\.position_ids$/,
  build,
};

const defaults = {
  vocab_size: 30522,
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  layer_norm_eps: 1e-12,
};

function build(reader: ConfigReader, net: LayerBuilder): RewardNetwork {
  const sizes = readBertSizes(reader, defaults);
  const { vocabularySize, maxPositions, hiddenSize, epsilon } = sizes;
  const tokenTypes = reader.positiveInteger(['type_vocab_size'], 2);
  const embedded = embeddings(net, {
    prefix: 'bert.embeddings',
    vocabularySize,
    positions: maxPositions,
    types: tokenTypes,
    size: hiddenSize,
    epsilon,
  });
  const states = postNormLayers(net, embedded, { prefix: 'bert.encoder.layer', names: bertLayerNames, ...sizes });
  const head = { dense: 'bert.pooler.dense', activation: hiddenActivations.tanh, out: 'classifier' };
  const logits = denseHead(net, states, sizes, head);
  return finishEncoder(net, bert, reader, sizes, { logits, tokenTypes });
}
