/**
 * GPTNeoXForSequenceClassification as an ONNX graph.
 *
 * Source: transformers 5.23.0, models/gpt_neox/configuration_gpt_neox.py and modeling_gpt_neox.py, with dtype float32.
 * Shapes: L nodes of a pack, P pooled nodes, D = hidden_size, H heads of d dimensions each, F = intermediate_size.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import { type HiddenActivation, hiddenActivationNames, hiddenActivations } from '../graph/hidden-activations.js';
import type { Architecture } from './architecture.js';
import { decoderDefaults } from './family-facts.js';
import type { LayerBuilder } from './layers.js';
import type { RewardNetwork } from './network.js';
import { type Rope, readRope } from './rope.js';
import { pooledTurns, rotate, turnsOf } from './rotation.js';

export const gptNeoX: Architecture = {
  names: ['GPTNeoXForSequenceClassification'],
  modelType: 'gpt_neox',
  attention: 'causal',
  pooling: 'last',
  /** As in GPTNeoXConfig. */
  defaultPad: undefined,
  input: 'text',
  /** The causal mask, its value and the rotary frequencies; the language model's head, where it was saved too. */
  bufferNames: /^(embed_out\.weight|(gpt_neox\.)?layers\.\d+\.attention\.(bias|masked_bias|rotary_emb\.inv_freq))$/,
  defaults: decoderDefaults,
  build,
};

interface GptNeoXConfig {
  readonly vocabularySize: number;
  readonly maxPositions: number;
  readonly hiddenSize: number;
  readonly innerSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly headSize: number;
  readonly activation: HiddenActivation;
  readonly epsilon: number;
  readonly attentionBias: boolean;
  /** Whether the MLP reads what attention reads, and not what attention has added to it. */
  readonly parallelResidual: boolean;
  readonly rope: Rope;
  readonly labels: readonly string[];
}

/**
 * Every field of GPTNeoXConfig is read here or has no effect on a logit: attention_dropout, hidden_dropout,
 * classifier_dropout, initializer_range, use_cache, is_decoder, tie_word_embeddings (no language-model head),
 * bos_token_id (the tokenizer uses it), problem_type (the loss).
 */
function readConfig(config: ConfigReader): GptNeoXConfig {
  config.only('is_causal', true);
  for (const name of ['quantization_config', 'per_layer_config']) config.absent(name);
  const hiddenSize = config.positiveInteger(['hidden_size'], 6144);
  const heads = config.positiveInteger(['num_attention_heads'], 64);
  if (hiddenSize % heads !== 0) {
    config.refuse(['num_attention_heads'], heads, `a divisor of hidden_size (${hiddenSize})`);
  }
  const headSize = config.axis(['hidden_size'], hiddenSize) / heads;
  config.only('head_dim', headSize);
  const maxPositions = config.positiveInteger(['max_position_embeddings'], 2048);
  const theta = config.positiveNumber('rotary_emb_base', 10000);
  const share = config.positiveNumber('rotary_pct', 0.25);
  // Later releases of version 4 wrote these names too; the reference reads the older ones.
  config.only('rope_theta', theta);
  config.only('partial_rotary_factor', share);
  return {
    vocabularySize: config.positiveInteger(['vocab_size'], 50432),
    maxPositions,
    hiddenSize,
    innerSize: config.positiveInteger(['intermediate_size'], 24576),
    layers: config.layers(['num_hidden_layers'], 44),
    heads,
    headSize,
    activation: hiddenActivations[config.choice('hidden_act', hiddenActivationNames, 'gelu')],
    epsilon: config.positiveNumber('layer_norm_eps', 1e-5),
    attentionBias: config.boolean('attention_bias', true),
    parallelResidual: config.boolean('use_parallel_residual', true),
    rope: readRope(config, { headSize, maxPositions, theta, turnedShare: { name: 'rotary_pct', share } }),
    labels: config.labels(),
  };
}

function build(reader: ConfigReader, net: LayerBuilder): RewardNetwork {
  const config = readConfig(reader);
  const { hiddenSize, innerSize, layers, heads, headSize, epsilon, rope } = config;
  const turned = 2 * rope.inverseFrequencies.length;
  const attentionBiases = { bias: config.attentionBias };

  const turns = turnsOf(net, rope);
  const turnsOfPooled = pooledTurns(net, turns);
  const embedded = net.embedding('gpt_neox.embed_in', config.vocabularySize, hiddenSize, 'input_ids');
  let residual = net.reshape(embedded, -1, hiddenSize); // [L, D]
  let normed = net.layerNorm(residual, 'gpt_neox.layers.0.input_layernorm', hiddenSize, epsilon);
  let attentionBias = 'attention_bias';
  let queryTurns = turns;

  for (let layer = 0; layer < layers; layer++) {
    const prefix = `gpt_neox.layers.${layer}`;
    const last = layer === layers - 1;
    const qkv = net.linear(normed, `${prefix}.attention.query_key_value`, hiddenSize, 3 * hiddenSize, attentionBiases);
    // Each head's query stands before its key and its value.
    const [queries, key, value] = net.split(net.reshape(qkv, -1, heads, 3 * headSize), headSize, headSize, headSize);
    let query = queries; // [L, H, d]
    if (last) {
      query = net.pooledNodes(query, 0);
      residual = net.pooledNodes(residual, 0);
      queryTurns = turnsOfPooled;
      attentionBias = net.pooledNodes(attentionBias, 2); // [1, 1, P, L]
    }
    const attended = net.attention({
      query: rotate(net, query, queryTurns, { heads, headSize, turned }),
      key: rotate(net, key, turns, { heads, headSize, turned }),
      value: net.reshape(value, 1, -1, hiddenSize),
      attentionBias,
      heads,
      headSize,
      scale: headSize ** -0.5,
    });
    const together = net.reshape(attended, -1, hiddenSize);
    const attentionOut = net.linear(together, `${prefix}.attention.dense`, hiddenSize, hiddenSize, attentionBiases);
    const before = residual;
    residual = net.graph.add('Add', [attentionOut, before]);
    const intoMlp = net.layerNorm(
      config.parallelResidual ? before : residual,
      `${prefix}.post_attention_layernorm`,
      hiddenSize,
      epsilon,
    );
    const inner = net.linear(intoMlp, `${prefix}.mlp.dense_h_to_4h`, hiddenSize, innerSize, {
      bias: true,
      innerAxis: 0,
    });
    const activated = config.activation(net.graph, inner, '');
    const mlpOut = net.linear(activated, `${prefix}.mlp.dense_4h_to_h`, innerSize, hiddenSize, {
      bias: true,
      innerAxis: 1,
    });
    const nextNorm = last ? 'gpt_neox.final_layer_norm' : `gpt_neox.layers.${layer + 1}.input_layernorm`;
    [normed, residual] = net.addThenLayerNorm(residual, mlpOut, nextNorm, hiddenSize, epsilon);
  }

  return net.finish(gptNeoX, reader, config, net.head(normed, hiddenSize, config.labels.length));
}
