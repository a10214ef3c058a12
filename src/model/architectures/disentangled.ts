/**
 * Disentangled attention: how much a node looks at another also depends on how far it is, by products of what it asks
 * with the embedding of the distance (content to position), and of that with the other's key (position to content).
 *
 * Source: transformers 5.23.0, models/deberta_v2/modeling_deberta_v2.py (DisentangledSelfAttention), with dtype float32.
 * Shapes: B rows of a batch, each of l nodes, n = l or 1 of which ask, D = hidden size, H heads of d, R distances that occur
 * in the batch.
 */
import { type LayerAttention, layerNorm } from './encoder-layers.js';
import type { LayerBuilder } from './layers.js';
import type { BatchRows } from './row-attention.js';

/** How distances become rows of the table of their embeddings. */
export interface RelativePositions {
  /** Longest row, in tokens. */
  readonly maxPositions: number;
  /** The farthest distance that is told apart from farther ones. */
  readonly farthest: number;
  /** Number of rows on either side, of which half is for single distances; undefined where all are. */
  readonly buckets: number | undefined;
}

export interface Disentangled extends RelativePositions {
  /** Whether content to position is added. */
  readonly toPosition: boolean;
  /** Whether position to content is added. */
  readonly toContent: boolean;
  /** Whether distances go through the matrices of queries and keys, and not through some of their own. */
  readonly shared: boolean;
  /** Whether the embeddings of distances are normalised. */
  readonly normalized: boolean;
  readonly heads: number;
  readonly hiddenSize: number;
  readonly epsilon: number;
}

/**
 * Returns the function that makes the attention bias of a layer, [B, H, n, l].
 *
 * @param prefix before the names of the table and its norm
 */
export function disentangledBias(
  net: LayerBuilder,
  prefix: string,
  options: Disentangled,
): (attention: LayerAttention) => string {
  const { toPosition, toContent, shared, heads, hiddenSize } = options;
  const { graph } = net;
  let distances: Distances | undefined;
  const transpose = (x: string, ...perm: number[]): string => graph.add('Transpose', [x], { perm: { ints: perm } });
  const headSize = hiddenSize / heads;
  /** The embeddings of distances through a matrix, [R, D]. */
  const project = (embeddings: string, own: string, sharedName: string): string => {
    if (!shared) return net.linear(embeddings, own, hiddenSize, hiddenSize, { bias: true });
    // The tensors are declared where the nodes go through them.
    const inputs = [embeddings, `${sharedName}.weight`, `${sharedName}.bias`];
    return graph.add('Gemm', inputs, { transB: { int: 1 } });
  };
  /** The same by head, multiplied by what their products would be: there are many more of those. */
  const scaled = (projected: string, scale: number): string =>
    net.reshape(graph.add('Mul', [projected, graph.float(scale)]), -1, heads, headSize);
  /** Picks for each pair of nodes the product of its distance. */
  const pick = (products: string, rows: string, axis: number): string =>
    graph.add('GatherElements', [products, rows], { axis: { int: axis } });

  return ({ prefix: layer, query, key, scale, rows, last }) => {
    distances ??= distancesOf(net, prefix, rows, options);
    const { embeddings } = distances;
    const picked = last ? distances.ofFirst : distances.rows; // [B, H, n, l]
    const apart = (x: string): string => rows.cut(x, heads, headSize); // [B, n, H, d]
    const own = `${layer}attention.self`;
    const terms: string[] = [];
    if (toPosition) {
      const positions = transpose(
        scaled(project(embeddings, `${own}.pos_key_proj`, `${own}.key_proj`), scale),
        1,
        2,
        0,
      ); // [H, d, R]
      terms.push(pick(graph.add('MatMul', [transpose(apart(query), 0, 2, 1, 3), positions]), picked, 3));
    }
    if (toContent) {
      const positions = transpose(
        scaled(project(embeddings, `${own}.pos_query_proj`, `${own}.query_proj`), scale),
        1,
        0,
        2,
      ); // [H, R, d]
      terms.push(pick(graph.add('MatMul', [positions, transpose(apart(key), 0, 2, 3, 1)]), picked, 2));
    }
    return terms.reduce((a, b) => graph.add('Add', [a, b]));
  };
}

interface Distances {
  /** [R, D] */
  readonly embeddings: string;
  /** For each pair of nodes of a row of the batch, the row of their distance in `embeddings`: int64 [B, H, l, l]. */
  readonly rows: string;
  /** The same of each row's first node alone, [B, H, 1, l]. */
  readonly ofFirst: string;
}

/** The embeddings of the distances that occur in the batch: short rows need few of them. */
function distancesOf(net: LayerBuilder, prefix: string, batch: BatchRows, options: Disentangled): Distances {
  const { maxPositions, heads, hiddenSize, normalized, epsilon } = options;
  const { graph } = net;
  const name = `${prefix}.rel_embeddings`;
  const table = net.weight(`${name}.weight`, [2 * reachOf(options), hiddenSize]);
  const rowOfDistance = graph.int64s(distanceRows(options)); // by distance + maxPositions - 1
  const rowOf = (distance: string): string =>
    graph.add('Gather', [rowOfDistance, graph.add('Add', [distance, graph.int32(maxPositions - 1)])]);

  const positions = batch.positions();
  const farthest = graph.add('ReduceMax', [positions], { keepdims: { int: 0 } });
  const first = net.reshape(rowOf(graph.add('Neg', [farthest])), 1);
  const past = graph.add('Add', [net.reshape(rowOf(farthest), 1), graph.int64s([1])]);
  const occurring = graph.add('Slice', [table, first, past, graph.int64s([0])]);
  const embeddings = normalized ? layerNorm(net, occurring, `${prefix}.LayerNorm`, hiddenSize, { epsilon }) : occurring;

  const distance = graph.add('Sub', [net.reshape(positions, -1, 1), net.reshape(positions, 1, -1)]);
  const rows = graph.add('Sub', [rowOf(distance), first]); // [l, l]
  const ofFirst = graph.add('Gather', [rows, graph.int64s([0])], { axis: { int: 0 } });
  const everywhere = graph.add('Concat', [graph.add('Shape', ['row_lengths']), graph.int64s([heads, 1, 1])], {
    axis: { int: 0 },
  });
  const expand = (x: string): string => graph.add('Expand', [x, everywhere]);
  return { embeddings, rows: expand(rows), ofFirst: expand(ofFirst) };
}

/** Rows of the table on either side. */
const reachOf = ({ farthest, buckets = farthest }: RelativePositions): number => buckets;

/** The row of the table for each distance from -(maxPositions - 1) to maxPositions - 1. */
export function distanceRows(positions: RelativePositions): number[] {
  const { maxPositions } = positions;
  const reach = reachOf(positions);
  return Array.from({ length: 2 * maxPositions - 1 }, (_, i) => {
    const row = bucketOf(i - (maxPositions - 1), positions) + reach;
    return Math.max(0, Math.min(2 * reach - 1, row));
  });
}

/**
 * A distance as it is, up to half the buckets; from there on, its logarithm.
 *
 * Source: make_log_bucket_position, which computes in float32
 */
function bucketOf(distance: number, { farthest, buckets }: RelativePositions): number {
  if (buckets === undefined) return distance;
  const f32 = Math.fround;
  const half = Math.floor(buckets / 2);
  const far = Math.abs(distance);
  if (far <= half) return distance;
  const share = f32(f32(Math.log(f32(far / half))) / f32(Math.log(f32((farthest - 1) / half))));
  return (Math.ceil(f32(share * (half - 1))) + half) * Math.sign(distance);
}
