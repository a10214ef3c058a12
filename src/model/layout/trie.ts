/**
 * Packs of token rows for a causal network: sequences without padding in which rows that begin alike share their
 * beginning.
 *
 * Rows sorted by their tokens are in the order of a walk through their trie: what a row shares with any row before it,
 * it shares with the one just before. So a pack is a run of sorted rows; each adds only the nodes past the prefix it
 * shares with its neighbour. A causal network gives a node the same state whatever follows it, so sharing is exact.
 */
import { UNSEEN } from '../architectures/network.js';
import { commonPrefix, type DistinctRow, distinctRows } from './distinct-rows.js';
import type { Feeds } from './layout.js';

/** A trie of tokens, laid out in a sequence: parents come before their children. */
export interface TriePack {
  readonly tokenIds: Int32Array;
  /** Position in its row, from 0. */
  readonly positions: Int32Array;
  /** Index of the node before it in its row; -1 for the first of a row's nodes here. */
  readonly parents: Int32Array;
  /** The nodes at which a reward is read, one for each entry of `rows`. */
  readonly pooledNodes: Int32Array;
  /** Which rows (indices into the input) get their reward from each pooled node: equal rows share one. */
  readonly rows: readonly (readonly number[])[];
}

/** The cost of a pack of L nodes that see S others too, in units of one node's linear layers: fixed + L + L·(L + S)·attention. */
export interface CostModel {
  readonly fixed: number;
  readonly attention: number;
}

/** The cost of a pack of so many nodes. */
export const costOf = (nodes: number, seen: number, { fixed, attention }: CostModel): number =>
  fixed + nodes + nodes * (nodes + seen) * attention;

export interface PackLimits {
  readonly cost: CostModel;
  /** The most nodes of a pack, unless a single row is longer. */
  readonly maxNodes: number;
}

/**
 * Finds the cheapest packs that hold every row.
 *
 * @param rows token ids of each row up to and including the token its reward is read at; none is empty
 */
export const buildPacks = (rows: readonly (readonly number[])[], limits: PackLimits): TriePack[] =>
  packPaths(distinctRows(rows), 0, limits);

/**
 * Finds the cheapest packs that hold the nodes of every path from `seen` on.
 *
 * @param paths sorted and distinct; they share their first `seen` nodes, which are computed already, and have more
 */
export function packPaths(paths: readonly DistinctRow[], seen: number, { cost, maxNodes }: PackLimits): TriePack[] {
  const shared = sharedWithPrevious(paths, seen);
  const own = paths.map(({ tokens }) => tokens.length - seen);
  return cheapestBorders(own, shared, (nodes) => costOf(nodes, seen, cost), maxNodes).map(([from, to]) =>
    layOut(paths.slice(from, to), shared.slice(from, to), seen),
  );
}

/** For each of the sorted paths, how many nodes past `seen` it shares with the one before it. */
export const sharedWithPrevious = (paths: readonly DistinctRow[], seen: number): number[] =>
  paths.map(({ tokens }, i) => (i === 0 ? 0 : commonPrefix((paths[i - 1] as DistinctRow).tokens, tokens) - seen));

/** The nodes of one path in [from, to), read at `pooledNodes` of them. */
export function packOfPath(
  tokens: readonly number[],
  from: number,
  to: number,
  pooled: Pick<TriePack, 'pooledNodes' | 'rows'>,
): TriePack {
  const path = layOut([{ tokens: tokens.slice(0, to), rows: [] }], [0], from);
  return { ...path, ...pooled };
}

/**
 * Where to cut the sorted paths, as [from, to) runs: the least total cost by dynamic programming over the last
 * border. A path whose prefix is in the pack before must be computed from its beginning.
 *
 * @param own the number of nodes of each path
 */
function cheapestBorders(
  own: readonly number[],
  shared: readonly number[],
  cost: (nodes: number) => number,
  maxNodes: number,
): [number, number][] {
  const best = new Float64Array(own.length + 1); // best[i]: cost of the first i paths
  const start = new Int32Array(own.length + 1); // start[i]: where the pack that ends before path i begins
  for (let end = 1; end <= own.length; end++) {
    best[end] = Number.POSITIVE_INFINITY;
    let beyondFirst = 0; // the nodes added by the paths after the pack's first
    for (let from = end - 1; from >= 0; from--) {
      const first = own[from] as number;
      const nodes = first + beyondFirst;
      if (nodes > maxNodes && from < end - 1) {
        // The paths after the first only increase as the border moves left; a shorter first path may still fit.
        if (beyondFirst >= maxNodes) break;
      } else {
        const total = (best[from] as number) + cost(nodes);
        if (total < (best[end] as number)) {
          best[end] = total;
          start[end] = from;
        }
      }
      beyondFirst += first - (shared[from] as number);
    }
  }
  const borders: [number, number][] = [];
  for (let end = own.length; end > 0; end = start[end] as number) borders.push([start[end] as number, end]);
  return borders.reverse();
}

function layOut(paths: readonly DistinctRow[], shared: readonly number[], seen: number): TriePack {
  const sharedHere = shared.map((length, i) => (i === 0 ? 0 : length));
  const nodes = paths.reduce((sum, { tokens }, i) => sum + tokens.length - seen - (sharedHere[i] as number), 0);
  const tokenIds = new Int32Array(nodes);
  const positions = new Int32Array(nodes);
  const parents = new Int32Array(nodes);
  const pooledNodes = new Int32Array(paths.length);
  const branch: number[] = []; // the nodes of the path being laid out
  let next = 0;
  paths.forEach(({ tokens }, i) => {
    branch.length = sharedHere[i] as number;
    for (let position = seen + branch.length; position < tokens.length; position++) {
      tokenIds[next] = tokens[position] as number;
      positions[next] = position;
      parents[next] = branch.at(-1) ?? -1;
      branch.push(next++);
    }
    pooledNodes[i] = branch.at(-1) as number;
  });
  return { tokenIds, positions, parents, pooledNodes, rows: paths.map((path) => path.rows) };
}

/**
 * Makes the attention bias [L, S + L], row-major: 0 where the row's node sees the column's (the S nodes before the pack,
 * itself and its ancestors), else UNSEEN.
 */
export function attentionBias({ parents }: Pick<TriePack, 'parents'>, seen = 0): Float32Array {
  const width = seen + parents.length;
  const bias = new Float32Array(parents.length * width).fill(UNSEEN);
  parents.forEach((parent, node) => {
    const row = node * width;
    if (parent >= 0) bias.copyWithin(row, parent * width, parent * width + seen + parent + 1);
    else bias.fill(0, row, row + seen);
    bias[row + seen + node] = 0;
  });
  return bias;
}

/** Makes the inputs of every graph that is built here (architectures/network.ts). */
export function feedsOf(pack: TriePack, seen = 0): Feeds {
  const nodes = pack.tokenIds.length;
  return {
    input_ids: { type: 'int32', data: pack.tokenIds, dims: [1, nodes] },
    position_ids: { type: 'int32', data: pack.positions, dims: [1, nodes] },
    attention_bias: { type: 'float32', data: attentionBias(pack, seen), dims: [1, 1, nodes, seen + nodes] },
    pooled_nodes: { type: 'int32', data: pack.pooledNodes, dims: [pack.pooledNodes.length] },
  };
}
