/**
 * Attention of networks in which a token sees all of its row, and no other row.
 *
 * Shapes: B rows of a batch, each of l nodes with what fills it up, L = B·l, N = L or B (the pooled nodes, one of each
 * row), n = N / B, D = hidden size, H heads of d.
 */
import { ElementType, MICROSOFT } from '../graph/graph.js';
import type { LayerBuilder } from './layers.js';
import { UNSEEN } from './network.js';

/** The rows of a batch, as a graph meets them. */
export interface BatchRows {
  /** Cuts x [N, ...sizes] into rows, [B, n, ...sizes]. */
  readonly cut: (x: string, ...sizes: number[]) => string;
  /** Positions of a row's nodes, int32 [l], where all rows have the same. */
  readonly positions: () => string;
  /** Whether rows are filled up, bool [1]. */
  readonly filled: string;
}

export function batchRows(net: LayerBuilder): BatchRows {
  const { graph } = net;
  const count = graph.add('Shape', ['row_lengths']); // [1]
  const cut = (x: string, ...sizes: number[]): string =>
    graph.add('Reshape', [x, graph.add('Concat', [count, graph.int64s([-1, ...sizes])], { axis: { int: 0 } })]);
  const width = graph.add('Div', [graph.add('Shape', ['input_ids'], { start: { int: 1 } }), count]);
  const shortest = graph.add('ReduceMin', ['row_lengths'], { keepdims: { int: 1 } });
  const filled = graph.add('Less', [graph.add('Cast', [shortest], { to: { int: ElementType.int64 } }), width]);
  let positions: string | undefined;
  return {
    cut,
    positions() {
      positions ??= net.reshape(
        graph.add('Gather', [cut('position_ids'), graph.int64s([0])], { axis: { int: 0 } }),
        -1,
      );
      return positions;
    },
    filled,
  };
}

export interface RowAttention {
  /** [N, D] */
  readonly query: string;
  /** [L, D], as `value` */
  readonly key: string;
  readonly value: string;
  /** What is added to the products of queries and keys: [B or 1, H or 1, n, l]. Default: nothing. */
  readonly bias?: string | undefined;
  readonly heads: number;
  /** d */
  readonly headSize: number;
  readonly scale: number;
}

/** What the nodes of each row see of it, [N, D]. */
export function attendInRows(net: LayerBuilder, rows: BatchRows, attention: RowAttention): string {
  const { graph } = net;
  const { bias = '', heads, headSize, scale } = attention;
  const size = heads * headSize;
  const inputs = [attention.query, attention.key, attention.value].map((x) => rows.cut(x, size));
  const attributes = {
    num_heads: { int: heads },
    scale: { float: scale },
    mask_filter_value: { float: UNSEEN },
  };
  const attend = (lengths: string): string =>
    graph.add('MultiHeadAttention', [...inputs, '', lengths, bias], attributes, MICROSOFT);
  // Without a mask and a bias, onnxruntime attends in tiles that stay in the cache: a quarter less time at 300 nodes.
  const attended = graph.either(
    rows.filled,
    () => attend('row_lengths'),
    () => attend(''),
  );
  return net.reshape(attended, -1, size);
}
