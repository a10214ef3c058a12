/**
 * ElectraForSequenceClassification as an ONNX graph.
 *
 * Source: transformers 5.23.0, models/electra/modeling_electra.py, with dtype float32 and eager attention.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import { hiddenActivations } from '../graph/hidden-activations.js';
import type { Architecture } from './architecture.js';
import { encoderFacts, readBertSizes } from './encoder-config.js';
import { bertLayerNames, denseHead, embeddings, finishEncoder, postNormLayers } from './encoder-layers.js';
import type { LayerBuilder } from './layers.js';
import type { RewardNetwork } from './network.js';

export const electra: Architecture = {
  names: ['ElectraForSequenceClassification'],
  modelType: 'electra',
  ...encoderFacts,
  bufferNames: /^(electra\.)?embeddings\.position_ids$/,
  build,
};

const defaults = {
  vocab_size: 30522,
  hidden_size: 256,
  num_hidden_layers: 12,
  num_attention_heads: 4,
  intermediate_size: 1024,
  layer_norm_eps: 1e-12,
};

/** Its fields beside BERT's: embedding_size, and summary_*, which are those of another head. */
function build(reader: ConfigReader, net: LayerBuilder): RewardNetwork {
  const sizes = readBertSizes(reader, defaults);
  const { vocabularySize, maxPositions, hiddenSize, epsilon } = sizes;
  const tokenTypes = reader.positiveInteger(['type_vocab_size'], 2);
  const size = reader.positiveInteger(['embedding_size'], 128);
  const embedded = embeddings(net, {
    prefix: 'electra.embeddings',
    vocabularySize,
    positions: maxPositions,
    types: tokenTypes,
    size,
    epsilon,
  });
  const x =
    size === hiddenSize
      ? embedded
      : net.linear(embedded, 'electra.embeddings_project', size, hiddenSize, { bias: true });
  const states = postNormLayers(net, x, { prefix: 'electra.encoder.layer', names: bertLayerNames, ...sizes });
  const head = { dense: 'classifier.dense', activation: hiddenActivations.gelu, out: 'classifier.out_proj' };
  const logits = denseHead(net, states, sizes, head);
  return finishEncoder(net, electra, reader, sizes, { logits, tokenTypes });
}
