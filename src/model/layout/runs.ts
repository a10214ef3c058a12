/**
 * The runs in which the rows of a window go through a causal network. A run sees the keys and values that runs before it
 * have kept, for two reasons: what many rows begin with is computed once for all of their packs, and a row that is
 * longer than a pack goes through in parts, in memory that grows with its length and not with the square of it.
 *
 * Which beginnings are kept follows from the rows of the window alone, and each goes through the network in runs of its
 * own. So a reward's rounding depends neither on the order of rows nor on what was scored before.
 */
import { commonPrefix, type DistinctRow } from './distinct-rows.js';
import type { Continuation } from './layout.js';
import { type PackLimits, packOfPath, packPaths, sharedWithPrevious, type TriePack } from './trie.js';

export interface Run {
  readonly pack: TriePack;
  /** How many kept nodes the pack's nodes see. */
  readonly seen: number;
  /** Whether the pack's nodes, which are one path then, are kept after those. */
  readonly keeps: boolean;
}

/** @param paths sorted and distinct, each up to and including the token that its reward is read at */
export const runsOf = (paths: readonly DistinctRow[], limits: PackLimits): Run[] => [...runsFrom(paths, 0, limits)];

/** How the packs of runs go on after each other. */
export function continuations(runs: readonly Run[]): (Continuation | undefined)[] {
  const ends = runs.map(({ pack, seen, keeps }) => (keeps ? seen + pack.tokenIds.length : 0));
  const capacity = Math.max(0, ...ends);
  return runs.map(({ pack, seen, keeps }) =>
    seen === 0 && !keeps ? undefined : { seen, capacity, ...(keeps && { keeps: pack.tokenIds }) },
  );
}

/** @param seen how many nodes all of the paths share, which are kept; each path has more */
function* runsFrom(paths: readonly DistinctRow[], seen: number, limits: PackLimits): Generator<Run> {
  if (countNodes(paths, seen) <= limits.maxNodes) {
    yield* lastRuns(paths, seen, limits);
    return;
  }
  const [first, last] = [paths[0] as DistinctRow, paths.at(-1) as DistinctRow];
  const shared = commonPrefix(first.tokens, last.tokens);
  // The shortest path may end where they part: the node that its reward is read at is in a pack of rows.
  const end = Math.min(shared, first.tokens.length - 1, seen + limits.maxNodes);
  if (isWorthKeeping(paths, seen, end, limits)) {
    yield keptRun(first.tokens, seen, end);
    yield* runsFrom(paths, end, limits);
    return;
  }
  const groups = splitAt(paths, shared).map((group) => ({ group, fits: countNodes(group, seen) <= limits.maxNodes }));
  const fitting = groups.flatMap(({ group, fits }) => (fits ? group : []));
  if (fitting.length > 0) yield* lastRuns(fitting, seen, limits);
  for (const { group, fits } of groups) if (!fits) yield* runsFrom(group, seen, limits);
}

/** Whether a run of their own for the nodes from `seen` to `end` costs less than these nodes in each pack. */
function isWorthKeeping(paths: readonly DistinctRow[], seen: number, end: number, limits: PackLimits): boolean {
  if (end === seen) return false;
  const packs = packPaths(paths, seen, limits).reduce(
    (sum, { tokenIds }) => sum + Math.ceil(tokenIds.length / limits.maxNodes),
    0,
  );
  return paths.length === 1 || (packs - 1) * (end - seen) > limits.cost.fixed;
}

/** Runs that keep nothing. */
export const lastRuns = (paths: readonly DistinctRow[], seen: number, limits: PackLimits): Run[] =>
  packPaths(paths, seen, limits).map((pack) => ({ pack, seen, keeps: false }));

/** The graph reads a reward at some node; that of the last one is for no row. */
const keptRun = (tokens: readonly number[], seen: number, end: number): Run => ({
  pack: packOfPath(tokens, seen, end, { pooledNodes: Int32Array.of(end - seen - 1), rows: [] }),
  seen,
  keeps: true,
});

/** The number of nodes past `seen` in the trie of sorted paths. */
function countNodes(paths: readonly DistinctRow[], seen: number): number {
  const shared = sharedWithPrevious(paths, seen);
  return paths.reduce((sum, { tokens }, i) => sum + tokens.length - seen - (shared[i] as number), 0);
}

/** Splits sorted paths that share their beginnings up to `position` by the token that they have there, if any. */
function splitAt(paths: readonly DistinctRow[], position: number): DistinctRow[][] {
  const groups: DistinctRow[][] = [];
  for (const path of paths) {
    const group = groups.at(-1);
    const begins = group?.[0];
    if (begins !== undefined && begins.tokens[position] === path.tokens[position]) group?.push(path);
    else groups.push([path]);
  }
  return groups;
}
