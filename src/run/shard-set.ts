/** Whether runs are the shards of one, and which of them are missing. */
import { optionName } from '../option-name.js';
import { differenceOf, type RunState } from './run-file.js';
import { countsOfAll, type RunCounts, type RunStatus } from './run-status.js';

export interface ShardSet {
  /** How many shards there are; null where the runs are none. */
  readonly of: number | null;
  /** Shards, from 1, that none of several runs is. */
  readonly missing: readonly number[];
  /** Why the runs are not the shards of one. */
  readonly problems: readonly string[];
  /** Of all runs together; undefined for one run, and where nothing is known. */
  readonly counts: RunCounts | undefined;
  /** Of the shard that is ready last; null where that is not known. */
  readonly secondsLeft: number | null;
}

export function shardSetOf(statuses: readonly RunStatus[]): ShardSet {
  const shards = statuses.filter(({ shard }) => shard !== null);
  const of = shards[0]?.shard?.of ?? null;
  const running = statuses.filter(({ phase }) => phase === 'running');
  const left = running.map(({ secondsLeft }) => secondsLeft);
  const indices = shards.map(({ shard }) => shard?.index);
  // A run of which nothing is written yet may be any of them, and says so itself.
  const unknown = statuses.filter(({ shard, counts }) => shard === null && counts === null).length;
  const missing = Array.from({ length: of ?? 0 }, (_, i) => i + 1).filter((index) => !indices.includes(index));
  return {
    of,
    missing: statuses.length === 1 || missing.length <= unknown ? [] : missing,
    problems: of === null ? [] : problemsOf(shards, of),
    counts: statuses.length > 1 ? countsOfAll(inOrder(statuses)) : undefined,
    secondsLeft: left.length === 0 || left.includes(null) ? null : Math.max(...left.map(Number)),
  };
}

const inOrder = (statuses: readonly RunStatus[]): RunStatus[] =>
  statuses.toSorted((a, b) => (a.shard?.index ?? 0) - (b.shard?.index ?? 0));

function problemsOf(shards: readonly RunStatus[], of: number): string[] {
  const seen = new Map<number, string>();
  const first = shards.find(({ state }) => state !== undefined);
  return shards.flatMap(({ path, shard, state }) => {
    if (shard === null) return [];
    const before = seen.get(shard.index);
    seen.set(shard.index, path);
    if (shard.of !== of) return [`${path}: is one of ${shard.of} shards, and ${shards[0]?.path} one of ${of}`];
    if (before !== undefined) return [`${path}: is shard ${shard.index}/${of}, as ${before} is`];
    const difference = state && first?.state && differenceOf(wholeOf(first.state), wholeOf(state));
    return difference === undefined ? [] : [`${path}: is not of the run that ${first?.path} is of: ${difference}`];
  });
}

const wholeOf = ({ fingerprint }: RunState): RunState['fingerprint'] => ({
  ...fingerprint,
  [optionName('shard')]: null,
  [optionName('errors')]: null,
});
