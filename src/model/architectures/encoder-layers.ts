/**
 * The layers of encoders: networks in which a token sees all of its row, and whose head reads a row's first token.
 *
 * Shapes: L nodes of a batch, P pooled nodes, D = hidden size, H heads of d.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import type { HiddenActivation } from '../graph/hidden-activations.js';
import type { Architecture } from './architecture.js';
import type { LayerBuilder } from './layers.js';
import { type RewardNetwork, tokenTypesInput } from './network.js';
import { attendInRows, type BatchRows, batchRows } from './row-attention.js';

export interface EncoderSizes {
  readonly vocabularySize: number;
  /** Longest row, in tokens. */
  readonly maxPositions: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly innerSize: number;
  readonly activation: HiddenActivation;
  readonly epsilon: number;
  readonly labels: readonly string[];
}

/** [..., size] to [..., size], normalised over the last axis; the bias may be left out. */
export function layerNorm(
  net: LayerBuilder,
  x: string,
  name: string,
  size: number,
  { epsilon, bias = true }: { readonly epsilon: number; readonly bias?: boolean },
): string {
  const tensors = [`${name}.weight`, ...(bias ? [`${name}.bias`] : [])].map((tensor) => net.weight(tensor, [size]));
  return net.graph.add('LayerNormalization', [x, ...tensors], { epsilon: { float: epsilon } });
}

interface Embeddings {
  /** Before the names of the tables and of the norm. */
  readonly prefix: string;
  readonly vocabularySize: number;
  /** Rows of the table of positions; undefined where there is none. */
  readonly positions: number | undefined;
  /** Rows of the table of token types; 0 where there is none. */
  readonly types: number;
  readonly size: number;
  readonly epsilon: number;
}

/** The normalised sum of what each node's token, its type and its position stand for, [L, size]. */
export function embeddings(net: LayerBuilder, { prefix, vocabularySize, positions, types, size, epsilon }: Embeddings) {
  const { graph } = net;
  const terms = [net.embedding(`${prefix}.word_embeddings`, vocabularySize, size, 'input_ids')];
  // Where there is one type, it is the same addend for every node.
  const type = types > 1 ? 'token_type_ids' : graph.int64s([0]);
  if (types > 0) terms.push(net.embedding(`${prefix}.token_type_embeddings`, types, size, type));
  if (positions !== undefined) {
    terms.push(net.embedding(`${prefix}.position_embeddings`, positions, size, 'position_ids'));
  }
  const sum = terms.reduce((a, b) => graph.add('Add', [a, b]));
  return net.reshape(layerNorm(net, sum, `${prefix}.LayerNorm`, size, { epsilon }), -1, size);
}

/** The names of a layer's tensors, after the layer's own. */
export interface LayerNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly attentionOut: string;
  readonly attentionNorm: string;
  readonly inner: string;
  readonly outer: string;
  readonly outerNorm: string;
}

/** As in BERT, and most of what came after it. */
export const bertLayerNames: LayerNames = {
  query: 'attention.self.query',
  key: 'attention.self.key',
  value: 'attention.self.value',
  attentionOut: 'attention.output.dense',
  attentionNorm: 'attention.output.LayerNorm',
  inner: 'intermediate.dense',
  outer: 'output.dense',
  outerNorm: 'output.LayerNorm',
};

/** A layer's attention, before its bias is made. */
export interface LayerAttention {
  /** The layer's name, with its dot. */
  readonly prefix: string;
  /** [L, D], or [P, D] in the last layer. */
  readonly query: string;
  /** [L, D] */
  readonly key: string;
  /** By which the products of queries and keys are multiplied. */
  readonly scale: number;
  readonly rows: BatchRows;
  /** Whether only the first node of each row asks. */
  readonly last: boolean;
}

interface PostNormLayers
  extends Pick<EncoderSizes, 'hiddenSize' | 'layers' | 'heads' | 'innerSize' | 'activation' | 'epsilon'> {
  /** The name of each layer, without its number. */
  readonly prefix: string;
  readonly names: LayerNames;
  /** Default: (D / H)^-1/2 */
  readonly scale?: number;
  /** Returns what is added to the products of queries and keys, as RowAttention takes it. Default: nothing. */
  readonly attentionBias?: (attention: LayerAttention) => string;
}

/**
 * Layers that normalise what they have added, as BERT's do.
 *
 * @param x the embedded nodes [L, D]
 * @returns the states of the pooled nodes [P, D]
 */
export function postNormLayers(net: LayerBuilder, x: string, options: PostNormLayers): string {
  const { prefix, names, hiddenSize, layers, heads, innerSize, activation, epsilon } = options;
  const headSize = hiddenSize / heads;
  const { scale = headSize ** -0.5, attentionBias } = options;
  const rows = batchRows(net);
  let states = x;
  for (let layer = 0; layer < layers; layer++) {
    const own = `${prefix}.${layer}.`;
    const last = layer === layers - 1;
    const linear = (input: string, name: string): string =>
      net.linear(input, own + name, hiddenSize, hiddenSize, { bias: true });
    const key = linear(states, names.key);
    const value = linear(states, names.value);
    if (last) states = net.pooledNodes(states, 0);
    const query = linear(states, names.query);
    const bias = attentionBias?.({ prefix: own, query, key, scale, rows, last });
    const attended = attendInRows(net, rows, { query, key, value, bias, heads, headSize, scale });
    const attentionOut = linear(attended, names.attentionOut);
    [states] = net.addThenLayerNorm(states, attentionOut, own + names.attentionNorm, hiddenSize, epsilon);
    const inner = net.linear(states, own + names.inner, hiddenSize, innerSize, { innerAxis: 0 });
    const activated = activation(net.graph, inner, net.weight(`${own}${names.inner}.bias`, [innerSize], 0));
    const outer = net.linear(activated, own + names.outer, innerSize, hiddenSize, { innerAxis: 1 });
    const outerBranch = net.addBias(outer, own + names.outer, hiddenSize);
    [states] = net.addThenLayerNorm(states, outerBranch, own + names.outerNorm, hiddenSize, epsilon);
  }
  return states;
}

interface Head {
  readonly dense: string;
  readonly activation: HiddenActivation;
  readonly out: string;
}

/** The usual head: a layer of its own, then the logits [P, labels], both with biases. */
export function denseHead(
  net: LayerBuilder,
  states: string,
  { hiddenSize, labels }: Pick<EncoderSizes, 'hiddenSize' | 'labels'>,
  { dense, activation, out }: Head,
): string {
  const pooled = activation(net.graph, net.linear(states, dense, hiddenSize, hiddenSize, { bias: true }), '');
  return net.linear(pooled, out, hiddenSize, labels.length, { bias: true });
}

/** What is true of an encoder's rows beside its sizes. */
interface EncoderRows {
  /** Rows of the table of token types. Default: 0 */
  readonly tokenTypes?: number;
  readonly positionsAfter?: number;
}

/** Returns the network, once its head has given the logits [P, labels]. */
export function finishEncoder(
  net: LayerBuilder,
  architecture: Architecture,
  reader: ConfigReader,
  sizes: EncoderSizes,
  { logits, tokenTypes = 0, positionsAfter }: EncoderRows & { readonly logits: string },
): RewardNetwork {
  const network = net.finish(architecture, reader, sizes, logits);
  const { graph } = network;
  const inputs = tokenTypes > 1 ? [...graph.inputs, tokenTypesInput] : graph.inputs;
  // No run goes on after another: every node sees those after it too.
  const told = { tokenTypes: Math.max(1, tokenTypes), positionsAfter };
  return { ...network, ...told, kept: [], graph: { ...graph, inputs } };
}
