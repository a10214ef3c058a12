/**
 * Rotary positions as nodes of a graph: heads are turned by their nodes' positions.
 *
 * Source: transformers 5.23.0, models/llama/modeling_llama.py and models/gpt_neox/modeling_gpt_neox.py, with dtype
 * float32. Shapes: L nodes of a pack, P pooled nodes, r = dimensions of a head that are turned, d of all of them.
 */
import { ElementType, MICROSOFT } from '../graph/graph.js';
import type { LayerBuilder } from './layers.js';
import type { Rope } from './rope.js';

/** How far nodes' positions turn their heads, [L or P, r / 2] each. */
export interface Turn {
  readonly cos: string;
  readonly sin: string;
}

/** The turns of all nodes of the pack. */
export function turnsOf(net: LayerBuilder, { inverseFrequencies, attentionFactor }: Rope): Turn {
  const { graph } = net;
  const angles = graph.add('Mul', [
    net.reshape(graph.add('Cast', ['position_ids'], { to: { int: ElementType.float32 } }), -1, 1),
    graph.floats(inverseFrequencies),
  ]);
  const scaled = (x: string): string =>
    attentionFactor === 1 ? x : graph.add('Mul', [x, graph.float(attentionFactor)]);
  return { cos: scaled(graph.add('Cos', [angles])), sin: scaled(graph.add('Sin', [angles])) };
}

export const pooledTurns = (net: LayerBuilder, { cos, sin }: Turn): Turn => ({
  cos: net.pooledNodes(cos, 0),
  sin: net.pooledNodes(sin, 0),
});

interface Heads {
  readonly heads: number;
  /** d */
  readonly headSize: number;
  /** r. Default: d. */
  readonly turned?: number;
}

/** Heads [N, heads·d] to [1, N, heads·d], turned by their nodes' positions. */
export function rotate(net: LayerBuilder, x: string, { cos, sin }: Turn, sizes: Heads): string {
  const { heads, headSize, turned = headSize } = sizes;
  const partial = turned < headSize ? { num_heads: { int: heads }, rotary_embedding_dim: { int: turned } } : {};
  // The operator reads row i for node i, from what is meant as a table by position: here row i belongs to node i.
  const inputs = [net.reshape(x, 1, -1, heads * headSize), net.graph.int64s([0]), cos, sin];
  return net.graph.add('RotaryEmbedding', inputs, partial, MICROSOFT);
}
