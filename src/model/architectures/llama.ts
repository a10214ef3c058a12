/**
 * LlamaForSequenceClassification as an ONNX graph.
 *
 * Source: transformers 5.23.0, models/llama/modeling_llama.py and modeling_rope_utils.py, with dtype float32.
 * Shapes: L nodes of a pack, P pooled nodes, D = hidden_size, d = head_dim, H heads of queries, K of keys and values.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import { ElementType, MICROSOFT } from '../graph/graph.js';
import { type HiddenActivation, hiddenActivationNames, hiddenActivations } from '../graph/hidden-activations.js';
import type { Architecture } from './architecture.js';
import { decoderDefaults } from './family-facts.js';
import type { LayerBuilder } from './layers.js';
import type { RewardNetwork } from './network.js';

export const llama: Architecture = {
  names: ['LlamaForSequenceClassification'],
  modelType: 'llama',
  attention: 'causal',
  pooling: 'last',
  /** As in LlamaConfig. Chat templates end with tokens that a tokenizer calls its eos, or its pad. */
  defaultPad: undefined,
  input: 'text',
  /** The rotary frequencies. */
  bufferNames: /^model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq$/,
  defaults: decoderDefaults,
  build,
};

interface LlamaConfig {
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
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  /** Angle by which a position turns each pair of a head's dimensions, [d / 2]. */
  readonly inverseFrequencies: Float32Array;
  readonly labels: readonly string[];
}

/** How far nodes' positions turn their heads, [L, d / 2] each. */
interface Turn {
  readonly cos: string;
  readonly sin: string;
}

/**
 * Every field of LlamaConfig is read here or has no effect on a logit: attention_dropout, initializer_range, use_cache,
 * tie_word_embeddings (no language-model head), bos_token_id (the tokenizer uses it), problem_type (the loss).
 */
function readConfig(config: ConfigReader): LlamaConfig {
  config.only('is_causal', true);
  config.only('pretraining_tp', 1);
  for (const name of ['quantization_config', 'per_layer_config']) config.absent(name);
  const hiddenSize = config.positiveInteger(['hidden_size'], 4096);
  const heads = config.positiveInteger(['num_attention_heads'], 32);
  if (hiddenSize % heads !== 0) {
    config.refuse(['num_attention_heads'], heads, `a divisor of hidden_size (${hiddenSize})`);
  }
  const keyValueHeads = config.positiveInteger(['num_key_value_heads'], heads);
  if (heads % keyValueHeads !== 0) {
    config.refuse(['num_key_value_heads'], keyValueHeads, `a divisor of num_attention_heads (${heads})`);
  }
  const headSize = config.axis(['head_dim'], config.positiveInteger(['head_dim'], hiddenSize / heads));
  if (headSize % 2 !== 0) config.refuse(['head_dim'], headSize, 'even: its dimensions are turned in pairs');
  const maxPositions = config.positiveInteger(['max_position_embeddings'], 2048);
  return {
    vocabularySize: config.positiveInteger(['vocab_size'], 32000),
    maxPositions,
    hiddenSize,
    innerSize: config.positiveInteger(['intermediate_size'], 11008),
    layers: config.layers(['num_hidden_layers'], 32),
    heads,
    keyValueHeads,
    headSize,
    activation: hiddenActivations[config.choice('hidden_act', hiddenActivationNames, 'silu')],
    epsilon: config.positiveNumber('rms_norm_eps', 1e-6),
    attentionBias: config.boolean('attention_bias', false),
    mlpBias: config.boolean('mlp_bias', false),
    inverseFrequencies: readRope(config, headSize, maxPositions),
    labels: config.labels(),
  };
}

/**
 * Rotary frequencies, rounded to float32 wherever the reference rounds: a late position multiplies their error.
 *
 * rope_scaling is rope_parameters' older name and takes precedence, as in transformers. The types that are refused
 * depend on the length of the row (dynamic, longrope) or scale the attention too (yarn, longrope).
 */
function readRope(config: ConfigReader, headSize: number, maxPositions: number): Float32Array {
  const rope = config.section('rope_scaling', 'rope_parameters');
  for (const fields of [config, rope]) fields.only('partial_rotary_factor', 1);
  const typeField = rope.read('rope_type') === undefined ? 'type' : 'rope_type';
  const type = rope.choice(typeField, ['default', 'linear', 'llama3'], 'default');
  const theta = rope.positiveNumber('rope_theta', config.positiveNumber('rope_theta', 10000));
  const f32 = Math.fround;
  const plain = Float32Array.from({ length: headSize / 2 }, (_, i) => 1 / f32(f32(theta) ** f32((2 * i) / headSize)));
  if (type === 'default') return plain;

  const factor = rope.positiveNumber('factor');
  if (type === 'linear') return plain.map((frequency) => frequency / f32(factor));

  const low = rope.positiveNumber('low_freq_factor');
  const high = rope.positiveNumber('high_freq_factor');
  if (high <= low) rope.refuse(['high_freq_factor'], high, `more than low_freq_factor (${low})`);
  const original = 'original_max_position_embeddings';
  const trainedPositions = config.positiveInteger([original], rope.positiveInteger([original], maxPositions));
  return plain.map((frequency) => {
    const wavelength = f32(f32(1 / frequency) * f32(2 * Math.PI));
    if (wavelength < f32(trainedPositions / high)) return frequency;
    const slowed = f32(frequency / f32(factor));
    if (wavelength > f32(trainedPositions / low)) return slowed;
    const turns = f32(f32(1 / wavelength) * f32(trainedPositions));
    const smooth = f32(f32(turns - f32(low)) / f32(high - low));
    return f32(f32(f32(1 - smooth) * frequency) / f32(factor)) + f32(smooth * frequency);
  });
}

function build(reader: ConfigReader, net: LayerBuilder): RewardNetwork {
  const config = readConfig(reader);
  const { hiddenSize, innerSize, heads, keyValueHeads, headSize, layers, epsilon } = config;
  const querySize = heads * headSize;
  const keyValueSize = keyValueHeads * headSize;
  const { graph } = net;
  const addAndNorm = (residual: string, branch: string, name: string): [normed: string, sum: string] =>
    net.addThenRmsNorm(residual, branch, name, hiddenSize, epsilon);
  const attentionBiases = { bias: config.attentionBias };

  const angles = graph.add('Mul', [
    net.reshape(graph.add('Cast', ['position_ids'], { to: { int: ElementType.float32 } }), -1, 1),
    graph.floats(config.inverseFrequencies),
  ]);
  const turn: Turn = { cos: graph.add('Cos', [angles]), sin: graph.add('Sin', [angles]) };
  const pooledTurn: Turn = { cos: net.pooledNodes(turn.cos, 0), sin: net.pooledNodes(turn.sin, 0) };
  const firstRow = graph.int64s([0]);
  /** Heads [N, n·d] to [1, N, n·d], turned by their nodes' positions. */
  const rotate = (heads: string, size: number, { cos, sin }: Turn): string =>
    // The operator reads row i for node i, from what is meant as a table by position: here row i belongs to node i.
    graph.add('RotaryEmbedding', [net.reshape(heads, 1, -1, size), firstRow, cos, sin], {}, MICROSOFT);

  const embedded = net.embedding('model.embed_tokens', config.vocabularySize, hiddenSize, 'input_ids');
  let residual = net.reshape(embedded, -1, hiddenSize); // [L, D]
  let normed = net.rmsNorm(residual, 'model.layers.0.input_layernorm', hiddenSize, epsilon);
  let attentionBias = 'attention_bias';
  let queryTurn = turn;

  for (let layer = 0; layer < layers; layer++) {
    const prefix = `model.layers.${layer}`;
    const last = layer === layers - 1;
    const key = net.linear(normed, `${prefix}.self_attn.k_proj`, hiddenSize, keyValueSize, attentionBiases);
    const value = net.linear(normed, `${prefix}.self_attn.v_proj`, hiddenSize, keyValueSize, attentionBiases);
    if (last) {
      normed = net.pooledNodes(normed, 0);
      residual = net.pooledNodes(residual, 0);
      queryTurn = pooledTurn;
      attentionBias = net.pooledNodes(attentionBias, 2); // [1, 1, P, L]
    }
    const query = net.linear(normed, `${prefix}.self_attn.q_proj`, hiddenSize, querySize, attentionBiases);
    const attended = net.attention({
      query: rotate(query, querySize, queryTurn),
      key: rotate(key, keyValueSize, turn),
      value: net.reshape(value, 1, -1, keyValueSize),
      attentionBias,
      heads,
      keyValueHeads,
      headSize,
      scale: headSize ** -0.5,
    });
    const together = net.reshape(attended, -1, querySize);
    const attentionOut = net.linear(together, `${prefix}.self_attn.o_proj`, querySize, hiddenSize, attentionBiases);
    [normed, residual] = addAndNorm(residual, attentionOut, `${prefix}.post_attention_layernorm`);
    const intoMlp = { bias: config.mlpBias, innerAxis: 0 } as const;
    const gate = net.linear(normed, `${prefix}.mlp.gate_proj`, hiddenSize, innerSize, intoMlp);
    const up = net.linear(normed, `${prefix}.mlp.up_proj`, hiddenSize, innerSize, intoMlp);
    const inner = graph.add('Mul', [config.activation(graph, gate, ''), up]);
    const outOfMlp = { bias: config.mlpBias, innerAxis: 1 } as const;
    const mlpOut = net.linear(inner, `${prefix}.mlp.down_proj`, innerSize, hiddenSize, outOfMlp);
    const nextNorm = last ? 'model.norm' : `model.layers.${layer + 1}.input_layernorm`;
    [normed, residual] = addAndNorm(residual, mlpOut, nextNorm);
  }

  return net.finish(llama, reader, config, net.head(normed, hiddenSize, config.labels.length));
}
