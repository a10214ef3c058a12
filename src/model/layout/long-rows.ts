/**
 * Packs for rows of which some are longer than a pack may be: a row goes through the network in runs, each of which sees
 * the keys and values that the runs before have kept. So memory grows with a row's length times the size of a run, and
 * not with the square of its length.
 *
 * What many rows begin with is kept once for all of them. It goes through the network in runs of its own, so that a
 * run's rounding depends on the rows that are laid out together and on nothing that was scored before.
 */
import { commonPrefix, type DistinctRow } from './distinct-rows.js';
import type { Continuation } from './layout.js';
import { type PackLimits, packOfPath, packPaths, sharedWithPrevious, type TriePack } from './trie.js';

/** A run for a shared beginning costs as much as a few nodes; shorter ones are computed with the rows that have them. */
const LEAST_KEPT = 32;

/** A pack, and how many nodes before it its nodes see. */
export interface RunPack {
  readonly pack: TriePack;
  readonly seen: number;
  /** Whether its nodes are kept after those that it sees; no reward is read in it then. */
  readonly keeps: boolean;
}

/** @param paths sorted and distinct, each up to and including the token that its reward is read at */
export function runsOf(paths: readonly DistinctRow[], limits: PackLimits): RunPack[] {
  return [...runsFrom(paths, 0, limits)];
}

/** How the packs of runs go on after each other. */
export function continuations(runs: readonly RunPack[]): Continuation[] {
  const capacity = runs.reduce(
    (most, { pack, seen, keeps }) => Math.max(most, keeps ? seen + pack.tokenIds.length : seen),
    0,
  );
  return runs.map(({ seen, keeps }) => ({ seen, keeps, capacity }));
}

/** @param seen how many nodes all of the paths share, which are kept; each path has more */
function* runsFrom(paths: readonly DistinctRow[], seen: number, limits: PackLimits): Generator<RunPack> {
  if (countNodes(paths, seen) <= limits.maxNodes) {
    yield* lastRuns(paths, seen, limits);
    return;
  }
  const shared = sharedByAll(paths);
  if (shared - seen >= LEAST_KEPT || paths.length === 1) {
    const end = Math.min(shared, seen + limits.maxNodes);
    yield keptRun((paths[0] as DistinctRow).tokens, seen, end);
    yield* runsFrom(paths, end, limits);
    return;
  }
  const groups = splitAt(paths, shared).map((group) => ({ group, fits: countNodes(group, seen) <= limits.maxNodes }));
  yield* lastRuns(
    groups.flatMap(({ group, fits }) => (fits ? group : [])),
    seen,
    limits,
  );
  for (const { group, fits } of groups) if (!fits) yield* runsFrom(group, seen, limits);
}

const lastRuns = (paths: readonly DistinctRow[], seen: number, limits: PackLimits): RunPack[] =>
  packPaths(paths, seen, limits).map((pack) => ({ pack, seen, keeps: false }));

/** The graph reads a reward at some node; that of the last one is for no row. */
const keptRun = (tokens: readonly number[], seen: number, end: number): RunPack => ({
  pack: packOfPath(tokens, seen, end, { pooledNodes: Int32Array.of(end - seen - 1), rows: [] }),
  seen,
  keeps: true,
});

/** The number of nodes past `seen` in the trie of sorted paths. */
function countNodes(paths: readonly DistinctRow[], seen: number): number {
  const shared = sharedWithPrevious(paths, seen);
  return paths.reduce((sum, { tokens }, i) => sum + tokens.length - seen - (shared[i] as number), 0);
}

/** The number of nodes that all sorted paths share, less the one at which the reward of the shortest may be read. */
function sharedByAll(paths: readonly DistinctRow[]): number {
  const [first, last] = [paths[0] as DistinctRow, paths.at(-1) as DistinctRow];
  return Math.min(commonPrefix(first.tokens, last.tokens), first.tokens.length - 1);
}

/** Splits sorted paths that share their beginnings up to `position` by the token that they have there. */
function splitAt(paths: readonly DistinctRow[], position: number): DistinctRow[][] {
  const groups: DistinctRow[][] = [];
  for (const path of paths) {
    const group = groups.at(-1);
    if (group?.[0]?.tokens[position] === path.tokens[position]) group?.push(path);
    else groups.push([path]);
  }
  return groups;
}
