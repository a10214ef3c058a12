/**
 * The body of Llama and of the decoders that are built like it: RMSNorm before each branch, rotary positions, heads of
 * keys and values that several heads of queries share, and a gated MLP.
 *
 * Source: transformers 5.23.0, models/{llama,qwen2,qwen3,mistral}/modeling_*.py, with dtype float32.
 * Shapes: L nodes of a pack, P pooled nodes, D = hidden_size, d = head_dim, H heads of queries, K of keys and values.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import { type HiddenActivation, hiddenActivationNames, hiddenActivations } from '../graph/hidden-activations.js';
import type { Architecture } from './architecture.js';
import { type ArchitectureFacts, decoderDefaults } from './family-facts.js';
import type { LayerBuilder } from './layers.js';
import type { RewardNetwork } from './network.js';
import { type Rope, readRope } from './rope.js';
import { pooledTurns, rotate, turnsOf } from './rotation.js';
import { slidingWindowBias } from './sliding-window.js';

export const llamaLikeFacts: ArchitectureFacts = {
  attention: 'causal',
  pooling: 'last',
  /** As in their config classes. Chat templates end with tokens that a tokenizer calls its eos, or its pad. */
  defaultPad: undefined,
  input: 'text',
  /** The rotary frequencies; the head of the language model that the network was made from, where it was saved too. */
  bufferNames: /^(lm_head\.weight|(model\.)?layers\.\d+\.self_attn\.rotary_emb\.inv_freq)$/,
  defaults: decoderDefaults,
};

/** What config.json says of every such network. */
interface LlamaLikeSizes {
  readonly vocabularySize: number;
  readonly maxPositions: number;
  readonly hiddenSize: number;
  readonly innerSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly activation: HiddenActivation;
  readonly epsilon: number;
  readonly rope: Rope;
  readonly labels: readonly string[];
}

/** What tells the families apart, as far as config.json decides it. */
interface Traits {
  /** Which linear layers have a bias. */
  readonly biases: { readonly queryKeyValue: boolean; readonly attentionOutput: boolean; readonly mlp: boolean };
  /** Whether each head of queries and keys is normalised before it is turned. */
  readonly headNorms: boolean;
  /** The positions that a layer's nodes see, themselves included; undefined where they see all before them. */
  readonly windowOf: (layer: number) => number | undefined;
}

/** Values of the fields that a config.json may leave out, as in the family's config class. */
interface Defaults {
  readonly vocabularySize: number;
  readonly maxPositions: number;
  readonly innerSize: number;
  /** Left out where keys and values have as many heads as queries. */
  readonly keyValueHeads?: number;
  /** Left out where the heads share hidden_size. */
  readonly headSize?: number;
}

/**
 * Reads the fields that these families share. Every field of their config classes is read here or in the family's file,
 * or has no effect on a logit: attention_dropout, initializer_range, use_cache, tie_word_embeddings (no language-model
 * head), bos_token_id (the tokenizer uses it), problem_type (the loss).
 */
export function readSizes(config: ConfigReader, defaults: Defaults): LlamaLikeSizes {
  config.only('is_causal', true);
  for (const name of ['quantization_config', 'per_layer_config']) config.absent(name);
  const hiddenSize = config.positiveInteger(['hidden_size'], 4096);
  const heads = config.positiveInteger(['num_attention_heads'], 32);
  const headSize = readHeadSize(config, hiddenSize, heads, defaults.headSize);
  const keyValueHeads = config.positiveIntegerOrNull('num_key_value_heads', defaults.keyValueHeads ?? heads) ?? heads;
  if (heads % keyValueHeads !== 0) {
    config.refuse(['num_key_value_heads'], keyValueHeads, `a divisor of num_attention_heads (${heads})`);
  }
  const maxPositions = config.positiveInteger(['max_position_embeddings'], defaults.maxPositions);
  const theta = config.positiveNumber('rope_theta', 10000);
  return {
    vocabularySize: config.positiveInteger(['vocab_size'], defaults.vocabularySize),
    maxPositions,
    hiddenSize,
    innerSize: config.positiveInteger(['intermediate_size'], defaults.innerSize),
    layers: config.layers(['num_hidden_layers'], 32),
    heads,
    keyValueHeads,
    headSize,
    activation: hiddenActivations[config.choice('hidden_act', hiddenActivationNames, 'silu')],
    epsilon: config.positiveNumber('rms_norm_eps', 1e-6),
    rope: readRope(config, { headSize, maxPositions, theta }),
    labels: config.labels(),
  };
}

function readHeadSize(config: ConfigReader, hiddenSize: number, heads: number, fallback?: number): number {
  const stated = config.read('head_dim') ?? fallback;
  if (stated === undefined && hiddenSize % heads !== 0) {
    config.refuse(['num_attention_heads'], heads, `a divisor of hidden_size (${hiddenSize})`);
  }
  const headSize = config.axis(['head_dim'], config.positiveInteger(['head_dim'], fallback ?? hiddenSize / heads));
  if (headSize % 2 !== 0) config.refuse(['head_dim'], headSize, 'even: its dimensions are turned in pairs');
  return headSize;
}

export function buildLlamaLike(
  architecture: Architecture,
  reader: ConfigReader,
  net: LayerBuilder,
  { biases, headNorms, windowOf, ...sizes }: LlamaLikeSizes & Traits,
): RewardNetwork {
  const { hiddenSize, innerSize, heads, keyValueHeads, headSize, layers, epsilon } = sizes;
  const querySize = heads * headSize;
  const keyValueSize = keyValueHeads * headSize;
  const { graph } = net;
  const addAndNorm = (residual: string, branch: string, name: string): [normed: string, sum: string] =>
    net.addThenRmsNorm(residual, branch, name, hiddenSize, epsilon);
  /** Heads [N, n·d], each normalised by itself. */
  const normHeads = (x: string, name: string): string =>
    headNorms ? net.rmsNorm(net.reshape(x, -1, headSize), name, headSize, epsilon) : x;
  const biasOf = biasesByWindow(net, sizes.maxPositions);

  const turns = turnsOf(net, sizes.rope);
  const turnsOfPooled = pooledTurns(net, turns);
  const embedded = net.embedding('model.embed_tokens', sizes.vocabularySize, hiddenSize, 'input_ids');
  let residual = net.reshape(embedded, -1, hiddenSize); // [L, D]
  let normed = net.rmsNorm(residual, 'model.layers.0.input_layernorm', hiddenSize, epsilon);

  for (let layer = 0; layer < layers; layer++) {
    const prefix = `model.layers.${layer}`;
    const last = layer === layers - 1;
    const intoAttention = { bias: biases.queryKeyValue };
    const key = net.linear(normed, `${prefix}.self_attn.k_proj`, hiddenSize, keyValueSize, intoAttention);
    const value = net.linear(normed, `${prefix}.self_attn.v_proj`, hiddenSize, keyValueSize, intoAttention);
    let attentionBias = biasOf(windowOf(layer));
    if (last) {
      normed = net.pooledNodes(normed, 0);
      residual = net.pooledNodes(residual, 0);
      attentionBias = net.pooledNodes(attentionBias, 2); // [1, 1, P, L]
    }
    const query = net.linear(normed, `${prefix}.self_attn.q_proj`, hiddenSize, querySize, intoAttention);
    const queryTurns = last ? turnsOfPooled : turns;
    const normedQuery = normHeads(query, `${prefix}.self_attn.q_norm`);
    const normedKey = normHeads(key, `${prefix}.self_attn.k_norm`);
    const attended = net.attention({
      query: rotate(net, normedQuery, queryTurns, { heads, headSize }),
      key: rotate(net, normedKey, turns, { heads: keyValueHeads, headSize }),
      value: net.reshape(value, 1, -1, keyValueSize),
      attentionBias,
      heads,
      keyValueHeads,
      headSize,
      scale: headSize ** -0.5,
    });
    const together = net.reshape(attended, -1, querySize);
    const outOfAttention = { bias: biases.attentionOutput };
    const attentionOut = net.linear(together, `${prefix}.self_attn.o_proj`, querySize, hiddenSize, outOfAttention);
    [normed, residual] = addAndNorm(residual, attentionOut, `${prefix}.post_attention_layernorm`);
    const intoMlp = { bias: biases.mlp, innerAxis: 0 } as const;
    const gate = net.linear(normed, `${prefix}.mlp.gate_proj`, hiddenSize, innerSize, intoMlp);
    const up = net.linear(normed, `${prefix}.mlp.up_proj`, hiddenSize, innerSize, intoMlp);
    const inner = graph.add('Mul', [sizes.activation(graph, gate, ''), up]);
    const outOfMlp = { bias: biases.mlp, innerAxis: 1 } as const;
    const mlpOut = net.linear(inner, `${prefix}.mlp.down_proj`, innerSize, hiddenSize, outOfMlp);
    const nextNorm = last ? 'model.norm' : `model.layers.${layer + 1}.input_layernorm`;
    [normed, residual] = addAndNorm(residual, mlpOut, nextNorm);
  }

  return net.finish(architecture, reader, sizes, net.head(normed, hiddenSize, sizes.labels.length));
}

/** Attention biases by the windows of layers. A window that no row reaches is none. */
function biasesByWindow(net: LayerBuilder, maxPositions: number): (window: number | undefined) => string {
  const biases = new Map<number, string>();
  return (window) => {
    if (window === undefined || window >= maxPositions) return 'attention_bias';
    const bias = biases.get(window) ?? slidingWindowBias(net, window);
    biases.set(window, bias);
    return bias;
  };
}
