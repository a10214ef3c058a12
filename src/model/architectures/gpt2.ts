/**
 * GPT2ForSequenceClassification as an ONNX graph.
 *
 * Source: transformers 5.23.0, models/gpt2/modeling_gpt2.py, with dtype float32.
 * Shapes: L nodes of a pack, P pooled nodes, D = n_embd, F = n_inner.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import { ElementType, GraphBuilder, MICROSOFT } from '../graph/graph.js';
import { type HiddenActivation, hiddenActivationNames, hiddenActivations } from '../graph/hidden-activations.js';
import { packInputs, type RewardNetwork, type TensorShape } from './network.js';

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
    layers: config.positiveInteger(['n_layer', 'num_hidden_layers'], 12),
    heads,
    innerSize: config.positiveInteger(['n_inner'], 4 * hiddenSize),
    activation: hiddenActivations[config.choice('activation_function', hiddenActivationNames, 'gelu_new')],
    epsilon: config.positiveNumber('layer_norm_epsilon', 1e-5),
    scaleByHeadSize: config.boolean('scale_attn_weights', true),
    scaleByLayer: config.boolean('scale_attn_by_inverse_layer_idx', false),
    labels: config.labels(),
  };
}

export function gpt2ForSequenceClassification(reader: ConfigReader): RewardNetwork {
  const config = readConfig(reader);
  const { hiddenSize, innerSize, layers } = config;
  const graph = new GraphBuilder();
  const tensors: TensorShape[] = [];

  const weight = (name: string, shape: readonly number[], innerAxis?: 0 | 1): string => {
    tensors.push({ name, shape, ...(innerAxis !== undefined && { innerAxis }) });
    return name;
  };
  const norm = (name: string): [gain: string, bias: string] => [
    weight(`${name}.weight`, [hiddenSize]),
    weight(`${name}.bias`, [hiddenSize]),
  ];
  /**
   * Adds the branch to the residual stream, then normalises. `SkipLayerNormalization` does both in one operator, with a
   * loop that is not vectorised: three times as slow in onnxruntime 1.30.
   */
  const addAndNorm = (residual: string, branch: string, ln: string): [normed: string, sum: string] => {
    const sum = graph.add('Add', [branch, residual]);
    const normed = graph.add('LayerNormalization', [sum, ...norm(ln)], { epsilon: { float: config.epsilon } });
    return [normed, sum];
  };
  const addBias = (x: string, name: string): string => graph.add('Add', [x, weight(name, [hiddenSize])]);

  /** Cuts the last axis into parts of these sizes. */
  function split<Sizes extends number[]>(x: string, ...sizes: Sizes): { [I in keyof Sizes]: string } {
    const parts = graph.addMany('Split', [x, graph.int64s(sizes)], sizes.length, { axis: { int: -1 } });
    return parts as { [I in keyof Sizes]: string };
  }

  const embedding = graph.add('Gather', [
    weight('transformer.wte.weight', [config.vocabularySize, hiddenSize]),
    'input_ids',
  ]);
  const position = graph.add('Gather', [
    weight('transformer.wpe.weight', [config.maxPositions, hiddenSize]),
    'position_ids',
  ]);
  let [normed, residual] = addAndNorm(position, embedding, 'transformer.h.0.ln_1');
  let attentionBias = 'attention_bias';

  for (let layer = 0; layer < layers; layer++) {
    const prefix = `transformer.h.${layer}`;
    const last = layer === layers - 1;
    const qkv = graph.add('MatMul', [normed, weight(`${prefix}.attn.c_attn.weight`, [hiddenSize, 3 * hiddenSize])]);
    const qkvBias = weight(`${prefix}.attn.c_attn.bias`, [3 * hiddenSize]);
    const [queries, key, value] = split(qkv, hiddenSize, hiddenSize, hiddenSize);
    let query = queries;
    if (last) {
      // Past the last layer's keys and values, only the pooled nodes are still looked at.
      query = graph.add('Gather', [query, 'pooled_nodes'], { axis: { int: 1 } }); // [1, P, D]
      residual = graph.add('Gather', [residual, 'pooled_nodes'], { axis: { int: 1 } });
      attentionBias = graph.add('Gather', [attentionBias, 'pooled_nodes'], { axis: { int: 2 } }); // [1, 1, P, L]
    }
    const scale =
      (config.scaleByHeadSize ? (hiddenSize / config.heads) ** -0.5 : 1) / (config.scaleByLayer ? layer + 1 : 1);
    const attended = graph.add(
      'MultiHeadAttention',
      [query, key, value, qkvBias, '', attentionBias],
      { num_heads: { int: config.heads }, scale: { float: scale } },
      MICROSOFT,
    );
    const attentionOut = graph.add('MatMul', [
      attended,
      weight(`${prefix}.attn.c_proj.weight`, [hiddenSize, hiddenSize]),
    ]);
    [normed, residual] = addAndNorm(residual, addBias(attentionOut, `${prefix}.attn.c_proj.bias`), `${prefix}.ln_2`);
    const inner = graph.add('MatMul', [normed, weight(`${prefix}.mlp.c_fc.weight`, [hiddenSize, innerSize], 1)]);
    const activated = config.activation(graph, inner, weight(`${prefix}.mlp.c_fc.bias`, [innerSize], 0));
    const mlpOut = graph.add('MatMul', [activated, weight(`${prefix}.mlp.c_proj.weight`, [innerSize, hiddenSize], 0)]);
    [normed, residual] = addAndNorm(
      residual,
      addBias(mlpOut, `${prefix}.mlp.c_proj.bias`),
      last ? 'transformer.ln_f' : `transformer.h.${layer + 1}.ln_1`,
    );
  }

  const pooledStates = graph.add('Reshape', [normed, graph.int64s([-1, hiddenSize])]); // [P, D]
  const head = weight('score.weight', [config.labels.length, hiddenSize]);
  const logits = graph.add('Gemm', [pooledStates, head], { transB: { int: 1 } });

  return {
    architecture: 'GPT2ForSequenceClassification',
    labels: config.labels,
    vocabularySize: config.vocabularySize,
    maxPositions: config.maxPositions,
    hiddenSize,
    padTokenId: reader.tokenId('pad_token_id'),
    eosTokenId: reader.tokenId('eos_token_id'),
    tensors,
    graph: {
      inputs: packInputs,
      outputs: [{ name: logits, type: ElementType.float32, shape: ['pooled', config.labels.length] }],
      nodes: graph.nodes,
      constants: graph.constants,
    },
  };
}
