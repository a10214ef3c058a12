/**
 * ModernBertForSequenceClassification as an ONNX graph.
 *
 * Source: transformers 5.23.0, models/modernbert/modeling_modernbert.py and configuration_modernbert.py, with dtype
 * float32 and eager attention. Shapes: L nodes of a pack, P pooled nodes, D = hidden_size, F = intermediate_size.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import { ElementType } from '../graph/graph.js';
import type { HiddenActivation } from '../graph/hidden-activations.js';
import type { Architecture } from './architecture.js';
import { encoderFacts, readActivation, readHeads, refuseVariants } from './encoder-config.js';
import { type EncoderSizes, finishEncoder, layerNorm } from './encoder-layers.js';
import type { LayerBuilder } from './layers.js';
import { type RewardNetwork, UNSEEN } from './network.js';
import { type Rope, readRopeSection } from './rope.js';
import { pooledTurns, rotate, type Turn, turnsOf } from './rotation.js';
import { attendInRows, type BatchRows, batchRows } from './row-attention.js';

export const modernBert: Architecture = {
  names: ['ModernBertForSequenceClassification'],
  modelType: 'modernbert',
  ...encoderFacts,
  bufferNames: /(?!)/,
  build,
};

const layerTypes = ['full_attention', 'sliding_attention'] as const;
type LayerType = (typeof layerTypes)[number];

interface ModernBertConfig extends EncoderSizes {
  readonly types: readonly LayerType[];
  readonly ropes: Readonly<Record<LayerType, Rope>>;
  /** How many positions a node of a sliding layer sees on either side. */
  readonly reach: number;
  readonly pooling: 'first' | 'mean';
  readonly normBias: boolean;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  readonly headBias: boolean;
  readonly headActivation: HiddenActivation;
}

/**
 * Fields that are not read have no effect on a logit: dropouts, initializer_*, decoder_bias, sparse_* and
 * tie_word_embeddings (the language-model head), deterministic_flash_attn, reference_compile, problem_type (the loss),
 * and token ids, which the tokenizer uses.
 */
function readConfig(config: ConfigReader): ModernBertConfig {
  refuseVariants(config);
  const hiddenSize = config.positiveInteger(['hidden_size'], 768);
  const heads = readHeads(config, ['num_attention_heads'], 12, { name: 'hidden_size', size: hiddenSize });
  const headSize = hiddenSize / heads;
  if (headSize % 2 !== 0) {
    config.refuse(['num_attention_heads'], heads, 'such that heads have an even size: they are turned in pairs');
  }
  config.only('head_dim', headSize);
  const layers = config.layers(['num_hidden_layers'], 22);
  const maxPositions = config.positiveInteger(['max_position_embeddings'], 8192);
  return {
    vocabularySize: config.positiveInteger(['vocab_size'], 50368),
    maxPositions,
    hiddenSize,
    layers,
    heads,
    innerSize: config.positiveInteger(['intermediate_size'], 1152),
    activation: readActivation(config, 'hidden_activation'),
    epsilon: config.positiveNumber('norm_eps', 1e-5),
    labels: config.labels(),
    types: readLayerTypes(config, layers),
    ropes: readRopes(config, headSize, maxPositions),
    reach: Math.floor(config.positiveInteger(['local_attention'], 128) / 2),
    pooling: config.choice('classifier_pooling', ['cls', 'mean'], 'cls') === 'mean' ? 'mean' : 'first',
    normBias: config.boolean('norm_bias', false),
    attentionBias: config.boolean('attention_bias', false),
    mlpBias: config.boolean('mlp_bias', false),
    headBias: config.boolean('classifier_bias', false),
    headActivation: readActivation(config, 'classifier_activation'),
  };
}

/** Version 4 of transformers says which layers see all of a row by a number, version 5 by a list. */
function readLayerTypes(config: ConfigReader, layers: number): readonly LayerType[] {
  const isType = (value: unknown): value is LayerType => layerTypes.includes(value as LayerType);
  const every = config.positiveInteger(['global_attn_every_n_layers'], 3);
  const types: unknown =
    config.read('layer_types') ??
    Array.from({ length: layers }, (_, i) => (i % every === 0 ? 'full_attention' : 'sliding_attention'));
  if (Array.isArray(types) && types.length === layers && types.every(isType)) return types;
  return config.refuse(['layer_types'], types, `a list of ${layers}, each one of ${layerTypes.join(', ')}`);
}

/** Each type of layer has positions of its own; version 5 of transformers has a section for each. */
function readRopes(config: ConfigReader, headSize: number, maxPositions: number): ModernBertConfig['ropes'] {
  config.absent('rope_scaling');
  const sections = config.section('rope_parameters');
  // They would be those of all layers, which transformers does not take them for.
  for (const name of ['rope_type', 'rope_theta']) sections.absent(name);
  const ropeOf = (type: LayerType, thetaField: string, fallback: number): Rope => {
    const section = sections.section(type);
    // Version 4 of transformers took a null for the other one's value; version 5 fails.
    if (section.read('rope_theta') === undefined) config.notNull(thetaField, 'a positive number');
    const theta = config.positiveNumber(thetaField, fallback);
    return readRopeSection(config, section, { headSize, maxPositions, theta });
  };
  return {
    full_attention: ropeOf('full_attention', 'global_rope_theta', 160_000),
    sliding_attention: ropeOf('sliding_attention', 'local_rope_theta', 10_000),
  };
}

function build(reader: ConfigReader, net: LayerBuilder): RewardNetwork {
  const config = readConfig(reader);
  const { hiddenSize, innerSize, layers, heads, epsilon, types, pooling } = config;
  const { graph } = net;
  const headSize = hiddenSize / heads;
  const norm = (x: string, name: string): string =>
    layerNorm(net, x, name, hiddenSize, { epsilon, bias: config.normBias });
  const attentionBiases = { bias: config.attentionBias };

  const turns = eachType(types, (type) => turnsOf(net, config.ropes[type]));
  const rows = batchRows(net);
  const near = types.includes('sliding_attention') ? nearBias(net, rows.positions(), config.reach) : undefined;
  const embedded = net.embedding('model.embeddings.tok_embeddings', config.vocabularySize, hiddenSize, 'input_ids');
  let residual = norm(net.reshape(embedded, -1, hiddenSize), 'model.embeddings.norm'); // [L, D]

  for (const [layer, type] of types.entries()) {
    const prefix = `model.layers.${layer}`;
    const normed = layer === 0 ? residual : norm(residual, `${prefix}.attn_norm`);
    const qkv = net.linear(normed, `${prefix}.attn.Wqkv`, hiddenSize, 3 * hiddenSize, attentionBiases);
    const [queries, keys, values] = net.split(qkv, hiddenSize, hiddenSize, hiddenSize);
    const turn = turns.get(type) as Turn;
    let [query, queryTurn, bias] = [queries, turn, type === 'full_attention' ? undefined : near];
    if (layer === layers - 1 && pooling === 'first') {
      query = net.pooledNodes(query, 0);
      queryTurn = pooledTurns(net, turn);
      bias &&= graph.add('Gather', [bias, graph.int64s([0])], { axis: { int: 2 } }); // a row's first node: [1, 1, 1, l]
      residual = net.pooledNodes(residual, 0);
    }
    const together = attendInRows(net, rows, {
      query: rotate(net, query, queryTurn, { heads, headSize }),
      key: rotate(net, keys, turn, { heads, headSize }),
      value: values,
      bias,
      heads,
      headSize,
      scale: headSize ** -0.5,
    });
    const attentionOut = net.linear(together, `${prefix}.attn.Wo`, hiddenSize, hiddenSize, attentionBiases);
    residual = graph.add('Add', [residual, attentionOut]);
    const intoMlp = norm(residual, `${prefix}.mlp_norm`);
    const inner = net.linear(intoMlp, `${prefix}.mlp.Wi`, hiddenSize, 2 * innerSize, { bias: config.mlpBias });
    const [input, gate] = net.split(inner, innerSize, innerSize);
    const gated = graph.add('Mul', [config.activation(graph, input, ''), gate]);
    const mlpOut = net.linear(gated, `${prefix}.mlp.Wo`, innerSize, hiddenSize, { bias: config.mlpBias });
    residual = graph.add('Add', [residual, mlpOut]);
  }

  const states = norm(residual, 'model.final_norm');
  const pooled = pooling === 'mean' ? meanOfRows(net, rows, states, hiddenSize) : states; // [P, D]
  const dense = net.linear(pooled, 'head.dense', hiddenSize, hiddenSize, { bias: config.headBias });
  const head = norm(config.headActivation(graph, dense, ''), 'head.norm');
  const logits = net.linear(head, 'classifier', hiddenSize, config.labels.length, { bias: true });
  return finishEncoder(net, { ...modernBert, pooling }, reader, config, { logits });
}

const eachType = <T>(types: readonly LayerType[], make: (type: LayerType) => T): ReadonlyMap<LayerType, T> =>
  new Map([...new Set(types)].map((type) => [type, make(type)]));

/**
 * The attention bias [1, 1, l, l] of layers whose nodes see so many positions on either side.
 *
 * Source: transformers 5.23.0, masking_utils.py (sliding_window_bidirectional_overlay)
 */
function nearBias(net: LayerBuilder, positions: string, reach: number): string {
  const { graph } = net;
  const distance = graph.add('Abs', [
    graph.add('Sub', [net.reshape(positions, 1, 1, -1, 1), net.reshape(positions, 1, 1, 1, -1)]),
  ]);
  const far = graph.add('Greater', [distance, graph.int32(reach)]);
  return graph.add('Where', [far, graph.float(UNSEEN), graph.float(0)]);
}

/** The mean of each row's own nodes, of which there are [L, D] with those that fill up: [P, D]. */
function meanOfRows(net: LayerBuilder, rows: BatchRows, states: string, size: number): string {
  const { graph } = net;
  const toFloat = (x: string): string => graph.add('Cast', [x], { to: { int: ElementType.float32 } });
  const lengths = net.reshape('row_lengths', -1, 1, 1);
  const own = toFloat(graph.add('Greater', [lengths, net.reshape(rows.positions(), 1, 1, -1)])); // [B, 1, l]
  const shares = graph.add('Div', [own, toFloat(lengths)]);
  return net.reshape(graph.add('MatMul', [shares, rows.cut(states, size)]), -1, size);
}
