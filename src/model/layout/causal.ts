/** The layout of a causal network whose rewards are read at each row's last token. */
import { distinctRows } from './distinct-rows.js';
import type { Layout, Pack } from './layout.js';
import { pooledPosition } from './pooled-position.js';
import { continuations, lastRuns, type Run, runsOf } from './runs.js';
import { type CostModel, costOf, feedsOf, type PackLimits, packOfPath } from './trie.js';

export interface CausalOptions extends PackLimits {
  /** Right-most tokens of this id are skipped. */
  readonly padTokenId: number | undefined;
  /** Whether every pack stands alone, for a session that keeps nothing. Default: false. */
  readonly apart?: boolean;
}

export const causalLayout = ({ padTokenId, apart = false, ...limits }: CausalOptions): Layout => ({
  lay: (rows) => {
    // What comes after a row's pooled token cannot change its reward.
    const paths = distinctRows(rows.map((ids) => ids.slice(0, pooledPosition(ids, padTokenId) + 1)));
    return packsOf(apart ? lastRuns(paths, 0, limits) : runsOf(paths, limits), limits.cost);
  },
  // A NaN passes through the attention's mask, which multiplies it by 0.
  rowsMeet: true,
  sharesBeginnings: true,
  pooledAt: (row) => pooledPosition(row, padTokenId),
  trace: (row, from) => packsOf(traceRuns(row, from, padTokenId, limits.maxNodes), limits.cost),
});

function packsOf(runs: readonly Run[], cost: CostModel): Pack[] {
  const how = continuations(runs);
  return runs.map(({ pack, seen }, i) => {
    const continues = how[i];
    return {
      feeds: () => feedsOf(pack, seen),
      rows: pack.rows,
      tokens: pack.tokenIds.length,
      work: costOf(pack.tokenIds.length, seen, cost),
      ...(continues && { continues }),
    };
  });
}

/**
 * A causal network gives a node the same state whatever follows it: one path holds every beginning of its row. The
 * beginning that ends at a pad token is read where the row would be: before it.
 */
function traceRuns(row: readonly number[], from: number, padTokenId: number | undefined, maxNodes: number): Run[] {
  /** The tokens from `from` on whose beginnings are read at a node, by the node. */
  const readAt = new Map<number, number[]>();
  let pooled = 0;
  for (const [position, id] of row.entries()) {
    if (id !== padTokenId) pooled = position;
    if (position < from) continue;
    const tokens = readAt.get(pooled);
    if (tokens === undefined) readAt.set(pooled, [position - from]);
    else tokens.push(position - from);
  }
  const runs: Run[] = [];
  for (let seen = 0; seen < row.length; seen += maxNodes) {
    const end = Math.min(seen + maxNodes, row.length);
    const nodes = [...readAt.keys()].filter((node) => node >= seen && node < end);
    const rows = nodes.map((node) => readAt.get(node) as number[]);
    const pooledNodes = Int32Array.from(nodes.length === 0 ? [0] : nodes.map((node) => node - seen));
    runs.push({ pack: packOfPath(row, seen, end, { pooledNodes, rows }), seen, keeps: end < row.length });
  }
  return runs;
}
