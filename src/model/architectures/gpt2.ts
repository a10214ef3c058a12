/**
 * GPT2ForSequenceClassification as an ONNX graph.
 *
 * Source: transformers 5.23.0, models/gpt2/modeling_gpt2.py, with dtype float32.
 * Shapes: L nodes of a pack, P pooled nodes, D = n_embd, F = n_inner.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import { type HiddenActivation, hiddenActivationNames, hiddenActivations } from '../graph/hidden-activations.js';
import type { Architecture } from './architecture.js';
import { gpt2Defaults } from './family-facts.js';
import type { LayerBuilder } from './layers.js';
import type { RewardNetwork } from './network.js';

export const gpt2: Architecture = {
  names: ['GPT2ForSequenceClassification'],
  modelType: 'gpt2',
  languageModel: { name: 'GPT2LMHeadModel', tied: true },
  attention: 'causal',
  pooling: 'last',
  defaultPad: 'of the tokenizer',
  input: 'text',
  /** The causal mask, and the value that it masks with. */
  bufferNames: /^(transformer\.)?h\.\d+\.attn\.(bias|masked_bias)$/,
  defaults: gpt2Defaults,
  build,
};

interface Gpt2Config {
  readonly vocabularySize: number;
  readonly maxPositions: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly innerSize: number;
  readonly activation: HiddenActivation;
  readonly epsilon: number;
  readonly scaleByHeadSize: boolean;
  readonly scaleByLayer: boolean;
  readonly labels: readonly string[];
}

/**
 * Every field of GPT2Config is read here or has no effect on a logit: dropouts (*_pdrop), initializer_range,
 * use_cache, summary_* (another head), tie_word_embeddings (no language-model head), problem_type (the loss),
 * and reorder_and_upcast_attn, which in float32 changes nothing but the order of one multiplication.
 */
function readConfig(config: ConfigReader): Gpt2Config {
  config.only('is_causal', true);
  config.only('add_cross_attention', false);
  config.only('is_encoder_decoder', false);
  for (const name of ['quantization_config', 'pruned_heads', 'per_layer_config']) config.absent(name);
  const hiddenSize = config.positiveInteger(['n_embd', 'hidden_size'], 768);
  const heads = config.positiveInteger(['n_head', 'num_attention_heads'], 12);
  if (hiddenSize % heads !== 0) config.refuse(['n_head'], heads, `a divisor of n_embd (${hiddenSize})`);
  return {
    vocabularySize: config.positiveInteger(['vocab_size'], 50257),
    maxPositions: config.positiveInteger(['n_positions', 'max_position_embeddings'], 1024),
    hiddenSize,
    layers: config.layers(['n_layer', 'num_hidden_layers'], 12),
    heads,
    innerSize: config.positiveInteger(['n_inner'], 4 * hiddenSize),
    activation: hiddenActivations[config.choice('activation_function', hiddenActivationNames, 'gelu_new')],
    epsilon: config.positiveNumber('layer_norm_epsilon', 1e-5),
    scaleByHeadSize: config.boolean('scale_attn_weights', true),
    scaleByLayer: config.boolean('scale_attn_by_inverse_layer_idx', false),
    labels: config.labels(),
  };
}

function build(reader: ConfigReader, net: LayerBuilder): RewardNetwork {
  const config = readConfig(reader);
  const { hiddenSize, innerSize, layers, heads, epsilon } = config;
  const headSize = hiddenSize / heads;
  const addAndNorm = (residual: string, branch: string, name: string): [normed: string, sum: string] =>
    net.addThenLayerNorm(residual, branch, name, hiddenSize, epsilon);

  const token = net.embedding('transformer.wte', config.vocabularySize, hiddenSize, 'input_ids');
  const position = net.embedding('transformer.wpe', config.maxPositions, hiddenSize, 'position_ids');
  let [normed, residual] = addAndNorm(position, token, 'transformer.h.0.ln_1');
  let attentionBias = 'attention_bias';

  for (let layer = 0; layer < layers; layer++) {
    const prefix = `transformer.h.${layer}`;
    const last = layer === layers - 1;
    const qkv = net.conv1d(normed, `${prefix}.attn.c_attn`, hiddenSize, 3 * hiddenSize);
    const bias = net.weight(`${prefix}.attn.c_attn.bias`, [3 * hiddenSize]);
    const [queries, key, value] = net.split(qkv, hiddenSize, hiddenSize, hiddenSize);
    let query = queries;
    if (last) {
      query = net.pooledNodes(query, 1); // [1, P, D]
      residual = net.pooledNodes(residual, 1);
      attentionBias = net.pooledNodes(attentionBias, 2); // [1, 1, P, L]
    }
    const scale = (config.scaleByHeadSize ? headSize ** -0.5 : 1) / (config.scaleByLayer ? layer + 1 : 1);
    const attended = net.attention({ query, key, value, bias, attentionBias, heads, headSize, scale });
    const attentionOut = net.conv1d(attended, `${prefix}.attn.c_proj`, hiddenSize, hiddenSize);
    const attentionBranch = net.addBias(attentionOut, `${prefix}.attn.c_proj`, hiddenSize);
    [normed, residual] = addAndNorm(residual, attentionBranch, `${prefix}.ln_2`);
    const inner = net.conv1d(normed, `${prefix}.mlp.c_fc`, hiddenSize, innerSize, { innerAxis: 1 });
    const activated = config.activation(net.graph, inner, net.weight(`${prefix}.mlp.c_fc.bias`, [innerSize], 0));
    const mlpOut = net.conv1d(activated, `${prefix}.mlp.c_proj`, innerSize, hiddenSize, { innerAxis: 0 });
    const mlpBranch = net.addBias(mlpOut, `${prefix}.mlp.c_proj`, hiddenSize);
    const nextNorm = last ? 'transformer.ln_f' : `transformer.h.${layer + 1}.ln_1`;
    [normed, residual] = addAndNorm(residual, mlpBranch, nextNorm);
  }

  const pooledStates = net.reshape(normed, -1, hiddenSize); // [P, D]
  return net.finish(gpt2, reader, config, net.head(pooledStates, hiddenSize, config.labels.length));
}
