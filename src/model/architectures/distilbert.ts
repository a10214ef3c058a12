/**
 * DistilBertForSequenceClassification as an ONNX graph.
 *
 * Source: transformers 5.23.0, models/distilbert/modeling_distilbert.py, with dtype float32 and eager attention.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import { hiddenActivations } from '../graph/hidden-activations.js';
import type { Architecture } from './architecture.js';
import { encoderFacts, readActivation, readHeads, refuseVariants } from './encoder-config.js';
import {
  denseHead,
  type EncoderSizes,
  embeddings,
  finishEncoder,
  type LayerNames,
  postNormLayers,
} from './encoder-layers.js';
import type { LayerBuilder } from './layers.js';
import type { RewardNetwork } from './network.js';

export const distilbert: Architecture = {
  names: ['DistilBertForSequenceClassification'],
  modelType: 'distilbert',
  ...encoderFacts,
  bufferNames: /^(distilbert\.)?embeddings\.position_ids$/,
  build,
};

const names: LayerNames = {
  query: 'attention.q_lin',
  key: 'attention.k_lin',
  value: 'attention.v_lin',
  attentionOut: 'attention.out_lin',
  attentionNorm: 'sa_layer_norm',
  inner: 'ffn.lin1',
  outer: 'ffn.lin2',
  outerNorm: 'output_layer_norm',
};

/** Its norms' epsilon is not in its config. */
const EPSILON = 1e-12;

/**
 * Fields that are not read have no effect on a logit: dropouts, initializer_range, tie_word_embeddings, problem_type,
 * and sinusoidal_pos_embds, by which a table is filled that the checkpoint holds.
 */
function readSizes(config: ConfigReader): EncoderSizes {
  refuseVariants(config);
  const hiddenSize = config.positiveInteger(['dim', 'hidden_size'], 768);
  return {
    vocabularySize: config.positiveInteger(['vocab_size'], 30522),
    maxPositions: config.positiveInteger(['max_position_embeddings'], 512),
    hiddenSize,
    layers: config.layers(['n_layers', 'num_hidden_layers'], 6),
    heads: readHeads(config, ['n_heads', 'num_attention_heads'], 12, { name: 'dim', size: hiddenSize }),
    innerSize: config.positiveInteger(['hidden_dim'], 3072),
    activation: readActivation(config, 'activation'),
    epsilon: EPSILON,
    labels: config.labels(),
  };
}

function build(reader: ConfigReader, net: LayerBuilder): RewardNetwork {
  const sizes = readSizes(reader);
  const { vocabularySize, maxPositions, hiddenSize, epsilon } = sizes;
  const embedded = embeddings(net, {
    prefix: 'distilbert.embeddings',
    vocabularySize,
    positions: maxPositions,
    types: 0,
    size: hiddenSize,
    epsilon,
  });
  const states = postNormLayers(net, embedded, { prefix: 'distilbert.transformer.layer', names, ...sizes });
  const head = { dense: 'pre_classifier', activation: hiddenActivations.relu, out: 'classifier' };
  return finishEncoder(net, distilbert, reader, sizes, { logits: denseHead(net, states, sizes, head) });
}
