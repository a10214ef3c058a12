/**
 * Cuts the attention of a causal network into blocks of queries, each of which meets only the keys up to its own last
 * node: no node of a pack sees one that comes after it. What is left out are scores that the attention bias would hide,
 * whose weights are exactly 0, so a reward is the same to the last bit.
 */
import { type Graph, GraphBuilder, type Node } from './graph.js';

/** With more, what is saved is lost again between operators (bench/README.md). */
const BLOCKS = 4;

/**
 * Blocks begin at multiples of so many nodes. A matrix of one row is multiplied by a kernel of its own, which rounds
 * otherwise: so short packs have one block, and the others of theirs are empty.
 */
const STEP = 16;

/** Axes of queries, keys and values [1, nodes, size], and of an attention bias [1, 1, queries, keys]. */
const axes = { nodes: 1, biasQueries: 2, biasKeys: 3 } as const;
type Axis = keyof typeof axes;

/** The operator's inputs: query, key, value, bias of the three, mask of keys, attention bias. */
type AttentionInputs = [query: string, key: string, value: string, bias: string, mask: string, attentionBias: string];

/** @param graph of a causal network, with the inputs of architectures/network.ts */
export function attendInBlocks(graph: Graph): Graph {
  const cut = new BlockCutter(new GraphBuilder('block_'));
  /** Values that have rows for the pooled nodes only, which are anywhere in the pack. */
  const pooled = new Set<string>();
  for (const node of graph.nodes) {
    const { operator, inputs, outputs } = node;
    if (inputs[1] === 'pooled_nodes' || pooled.has(inputs[0] as string)) for (const name of outputs) pooled.add(name);
    if (operator === 'MultiHeadAttention' && !pooled.has(inputs[0] as string)) cut.attention(node);
    else cut.builder.nodes.push(node);
  }
  return { ...graph, nodes: cut.builder.nodes, constants: [...graph.constants, ...cut.builder.constants] };
}

class BlockCutter {
  readonly builder: GraphBuilder;
  readonly #zero: string;
  readonly #axes: Readonly<Record<Axis, string>>;
  /** Where blocks begin among the queries, and where the last ends: [1] each. */
  readonly #bounds: readonly string[];
  /** Where the keys that each block meets end: nodes of earlier runs come first. */
  readonly #keyEnds: readonly string[];
  /** The parts of each attention bias. */
  readonly #biases = new Map<string, readonly string[]>();

  constructor(builder: GraphBuilder) {
    this.builder = builder;
    const int64 = (value: number): string => builder.int64s([value]);
    this.#axes = { nodes: int64(axes.nodes), biasQueries: int64(axes.biasQueries), biasKeys: int64(axes.biasKeys) };
    this.#zero = int64(0);
    const sizeOf = (x: string, axis: number): string =>
      builder.add('Shape', [x], { start: { int: axis }, end: { int: axis + 1 } });
    const nodes = sizeOf('input_ids', axes.nodes);
    const earlier = builder.add('Sub', [sizeOf('attention_bias', axes.biasKeys), nodes]);
    const starts = Array.from({ length: BLOCKS - 1 }, (_, i) => {
      const steps = builder.add('Div', [builder.add('Mul', [nodes, int64(i + 1)]), int64(BLOCKS * STEP)]);
      return builder.add('Mul', [steps, int64(STEP)]);
    });
    this.#bounds = [this.#zero, ...starts, nodes];
    this.#keyEnds = [...starts, nodes].map((end) => builder.add('Add', [earlier, end]));
  }

  attention({ operator, domain, inputs, outputs, attributes }: Node): void {
    const [query, key, value, bias, mask, attentionBias] = inputs as AttentionInputs;
    const biases = this.#biases.get(attentionBias) ?? this.#cutBias(attentionBias);
    this.#biases.set(attentionBias, biases);
    const blocks = biases.map((part, i) => {
      const keyEnd = this.#keyEnds[i] as string;
      const met = (x: string): string => (i === BLOCKS - 1 ? x : this.#slice(x, 'nodes', this.#zero, keyEnd));
      const queries = this.#slice(query, 'nodes', this.#bounds[i] as string, this.#bounds[i + 1] as string);
      return this.builder.add(operator, [queries, met(key), met(value), bias, mask, part], attributes, domain);
    });
    this.builder.nodes.push({
      operator: 'Concat',
      domain: '',
      inputs: blocks,
      outputs,
      attributes: { axis: { int: axes.nodes } },
    });
  }

  #cutBias(x: string): string[] {
    return this.#keyEnds.map((keyEnd, i) => {
      const rows = this.#slice(x, 'biasQueries', this.#bounds[i] as string, this.#bounds[i + 1] as string);
      return this.#slice(rows, 'biasKeys', this.#zero, keyEnd);
    });
  }

  #slice(x: string, axis: Axis, from: string, to: string): string {
    return this.builder.add('Slice', [x, from, to, this.#axes[axis]]);
  }
}
