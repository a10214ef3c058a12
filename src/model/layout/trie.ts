/**
 * Lays out rows of tokens in packs: sequences without padding in which rows that begin alike share their beginning.
 *
 * Rows sorted by their tokens are in the order of a walk through their trie: what a row shares with any row before it,
 * it shares with the one just before. So a pack is a run of sorted rows; each adds only the nodes past the prefix it
 * shares with its neighbour. A causal network gives a node the same state whatever follows it, so sharing is exact.
 */
import { commonPrefix, type DistinctRow, distinctRows } from './distinct-rows.js';
import type { Feeds, Layout, Pack } from './layout.js';
import { pooledPosition } from './pooled-position.js';

export interface TrieOptions {
  /** Right-most tokens of this id are skipped. */
  readonly padTokenId: number | undefined;
  readonly cost: CostModel;
  /** The most nodes of a pack, unless a single row is longer. */
  readonly maxNodes: number;
}

/** Packs for a causal network whose rewards are read at each row's last token. */
export const trieLayout = ({ padTokenId, cost, maxNodes }: TrieOptions): Layout => ({
  lay: (rows) => {
    // What comes after a row's pooled token cannot change its reward.
    const paths = rows.map((ids) => ids.slice(0, pooledPosition(ids, padTokenId) + 1));
    return buildPacks(paths, cost, maxNodes).map((pack) => ({
      feeds: () => feedsOf(pack),
      rows: pack.rows,
      tokens: pack.tokenIds.length,
    }));
  },
  // A NaN passes through the attention's mask, which multiplies it by 0.
  rowsMeet: true,
  sharesBeginnings: true,
  pooledAt: (row) => pooledPosition(row, padTokenId),
  trace: (row, from) => tracePack(row, from, padTokenId),
});

/** A causal network gives a node the same state whatever follows it: one path holds every beginning of its row. */
function tracePack(row: readonly number[], from: number, padTokenId: number | undefined): Pack {
  const path = layOut([{ tokens: row, rows: [0] }], [0]);
  let pooled = 0;
  const pooledNodes = Int32Array.from(row, (id, position) => {
    if (id !== padTokenId) pooled = position;
    return pooled;
  }).subarray(from);
  const rows = Array.from(pooledNodes, (_, i) => [i]);
  return { feeds: () => feedsOf({ ...path, pooledNodes, rows }), rows, tokens: row.length };
}

/** A trie of tokens, laid out in a sequence: parents come before their children. */
export interface TriePack {
  readonly tokenIds: Int32Array;
  /** Position in its row, from 0. */
  readonly positions: Int32Array;
  /** Index of the node before it in its row; -1 at a row's beginning. */
  readonly parents: Int32Array;
  /** The nodes at which a reward is read, one for each entry of `rows`. */
  readonly pooledNodes: Int32Array;
  /** Which rows (indices into the input) get their reward from each pooled node: equal rows share one. */
  readonly rows: readonly (readonly number[])[];
}

/** The cost of a pack of L nodes, in units of one node's linear layers: fixed + L + L²·attention. */
export interface CostModel {
  readonly fixed: number;
  readonly attention: number;
}

/**
 * Finds the cheapest packs that hold every row.
 *
 * @param rows token ids of each row up to and including the token its reward is read at; none is empty
 */
export function buildPacks(rows: readonly (readonly number[])[], cost: CostModel, maxNodes: number): TriePack[] {
  const paths = distinctRows(rows);
  const shared = paths.map((path, i) =>
    i === 0 ? 0 : commonPrefix((paths[i - 1] as DistinctRow).tokens, path.tokens),
  );
  return cheapestBorders(paths, shared, cost, maxNodes).map(([from, to]) =>
    layOut(paths.slice(from, to), shared.slice(from, to)),
  );
}

/**
 * Where to cut the sorted paths, as [from, to) runs: the least total cost by dynamic programming over the last
 * border. A path whose prefix is in the pack before must be computed from its beginning.
 */
export function cheapestBorders(
  paths: readonly DistinctRow[],
  shared: readonly number[],
  cost: CostModel,
  maxNodes: number,
): [number, number][] {
  const best = new Float64Array(paths.length + 1); // best[i]: cost of the first i paths
  const start = new Int32Array(paths.length + 1); // start[i]: where the pack that ends before path i begins
  for (let end = 1; end <= paths.length; end++) {
    best[end] = Number.POSITIVE_INFINITY;
    let beyondFirst = 0; // the nodes added by the paths after the pack's first
    for (let from = end - 1; from >= 0; from--) {
      const first = (paths[from] as DistinctRow).tokens.length;
      const nodes = first + beyondFirst;
      if (nodes > maxNodes && from < end - 1) {
        // The paths after the first only increase as the border moves left; a shorter first path may still fit.
        if (beyondFirst >= maxNodes) break;
      } else {
        const total = (best[from] as number) + cost.fixed + nodes + nodes * nodes * cost.attention;
        if (total < (best[end] as number)) {
          best[end] = total;
          start[end] = from;
        }
      }
      beyondFirst += first - (shared[from] as number);
    }
  }
  const borders: [number, number][] = [];
  for (let end = paths.length; end > 0; end = start[end] as number) borders.push([start[end] as number, end]);
  return borders.reverse();
}

function layOut(paths: readonly DistinctRow[], shared: readonly number[]): TriePack {
  const sharedHere = shared.map((length, i) => (i === 0 ? 0 : length));
  const nodes = paths.reduce((sum, { tokens }, i) => sum + tokens.length - (sharedHere[i] as number), 0);
  const tokenIds = new Int32Array(nodes);
  const positions = new Int32Array(nodes);
  const parents = new Int32Array(nodes);
  const pooledNodes = new Int32Array(paths.length);
  const branch: number[] = []; // the nodes of the path being laid out
  let next = 0;
  paths.forEach(({ tokens }, i) => {
    branch.length = sharedHere[i] as number;
    for (let position = branch.length; position < tokens.length; position++) {
      tokenIds[next] = tokens[position] as number;
      positions[next] = position;
      parents[next] = branch[position - 1] ?? -1;
      branch.push(next++);
    }
    pooledNodes[i] = branch.at(-1) as number;
  });
  return { tokenIds, positions, parents, pooledNodes, rows: paths.map((path) => path.rows) };
}

/** Added to the attention score of a node that must not be seen; the least float32, as in transformers. */
export const UNSEEN = -3.4028234663852886e38;

/**
 * Makes the attention bias [L, L], row-major: 0 where the row's node sees the column's (itself and its ancestors), else
 * UNSEEN.
 */
export function attentionBias({ parents }: Pick<TriePack, 'parents'>): Float32Array {
  const size = parents.length;
  const bias = new Float32Array(size * size).fill(UNSEEN);
  parents.forEach((parent, node) => {
    const row = node * size;
    if (parent >= 0) bias.copyWithin(row, parent * size, parent * size + parent + 1);
    bias[row + node] = 0;
  });
  return bias;
}

/** Makes the inputs of every graph that is built here (architectures/network.ts). */
function feedsOf(pack: TriePack): Feeds {
  const nodes = pack.tokenIds.length;
  return {
    input_ids: { type: 'int32', data: pack.tokenIds, dims: [1, nodes] },
    position_ids: { type: 'int32', data: pack.positions, dims: [1, nodes] },
    attention_bias: { type: 'float32', data: attentionBias(pack), dims: [1, 1, nodes, nodes] },
    pooled_nodes: { type: 'int32', data: pack.pooledNodes, dims: [pack.pooledNodes.length] },
  };
}
