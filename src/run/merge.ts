/** Joins the outputs of all shards of a run into the output that the run would have had. */

import { createReadStream } from 'node:fs';
import { messageOf, runError, usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import { statOrUndefined } from '../platform/files.js';
import type { StandardStreams } from '../platform/standard-streams.js';
import type { Fingerprint } from '../scorer/identity.js';
import { type FilePosition, filePosition } from './file-position.js';
import { inputDifference } from './input-facts.js';
import { nameWhole, openOutput } from './output.js';
import { isPlain, partialOf } from './output-path.js';
import { joinParquet } from './parquet-output.js';
import {
  differenceOf,
  type Finish,
  type RunState,
  readRunFile,
  runFileOf,
  startOfRun,
  writeRunFile,
} from './run-file.js';
import type { Shard } from './shards.js';
import { isParquet } from './sniff.js';
import { RunStatistics } from './statistics.js';

/** The finished output of one shard. */
interface Part {
  readonly path: string;
  readonly state: RunState;
  readonly shard: Shard;
  readonly finished: Finish;
}

/** All shards of one run, in order. */
export type Parts = readonly [Part, ...Part[]];

/**
 * Reads what the outputs' run files say.
 *
 * @param paths in any order
 * @throws FatalError `usage` where a shard is missing, doubled, not finished, or of another run; the message names it
 */
export function readParts(paths: readonly string[]): Parts {
  const parts = paths.map(readPart);
  const [first] = parts as [Part];
  const { of } = first.shard;
  const byIndex = new Map<number, Part>();
  for (const part of parts) {
    refuseForeign(part, first);
    const { index } = part.shard;
    const other = byIndex.get(index);
    if (other !== undefined)
      throw usageError(`${part.path}: expected each shard once, ${other.path} is shard ${index}/${of} too`);
    byIndex.set(index, part);
  }
  const missing = Array.from({ length: of }, (_, i) => i + 1).filter((index) => !byIndex.has(index));
  if (missing.length > 0) {
    const [one] = missing;
    const which = missing.length === 1 ? `shard ${one}/${of}` : `shards ${missing.slice(0, 10).join(', ')} of ${of}`;
    throw usageError(`expected all ${of} shards, got ${parts.length}: ${which} missing`);
  }
  return parts.sort((a, b) => a.shard.index - b.shard.index) as unknown as Parts;
}

function readPart(path: string): Part {
  const state = readRunFile(path);
  if (state === undefined) throw usageError(`${path}: expected ${runFileOf(path)} beside it, found none`);
  const { shard, finished } = state;
  if (shard === null)
    throw usageError(`${path}: expected the output of a run with ${optionName('shard')}, got that of a whole run`);
  const size = statOrUndefined(path)?.size;
  if (finished === null || size === undefined) {
    throw usageError(
      `${path}: shard ${shard.index}/${shard.of} is not finished: run it again with ${optionName('resume')}, then merge`,
    );
  }
  if (size !== finished.file) {
    throw usageError(`${path}: expected the ${finished.file} bytes that its run wrote, got ${size}`);
  }
  return { path, state, shard, finished };
}

function refuseForeign(part: Part, first: Part): void {
  const difference =
    part.shard.of === first.shard.of
      ? differenceOf(sharedBy(first.state.fingerprint), sharedBy(part.state.fingerprint))
      : `it is one of ${part.shard.of} shards, the other one of ${first.shard.of}`;
  const inputs = part.state.inputs.flatMap((input, i) => {
    const other = first.state.inputs[i];
    if (other === undefined) return [`it has more inputs`];
    return inputDifference(other, input) ?? (other.bytes === input.bytes ? [] : [`${input.path} has grown`]);
  });
  const fewer = part.state.inputs.length < first.state.inputs.length ? 'it has fewer inputs' : undefined;
  const other = difference ?? inputs[0] ?? fewer;
  if (other !== undefined) throw usageError(`${part.path}: not a shard of the run of ${first.path}: ${other}`);
}

/** What shards of one run have in common: they list their bad rows in files of their own, or all of them in the output. */
const sharedBy = (fingerprint: Fingerprint): Fingerprint => ({
  ...wholeOf(fingerprint),
  [optionName('errors')]: fingerprint[optionName('errors')] === null ? null : 'a file',
});

const wholeOf = (fingerprint: Fingerprint): Fingerprint => ({ ...fingerprint, [optionName('shard')]: null });

/**
 * Writes the joined output.
 *
 * @param path `-` for standard output; this process has claimed any other
 */
export async function writeJoined(parts: Parts, path: string, streams: StandardStreams): Promise<void> {
  if (isParquet(parts[0].path)) return writeJoinedParquet(parts, path);
  const output = await openOutput(path, streams);
  const stats = new RunStatistics();
  try {
    for (const [i, { path: own, state, finished }] of parts.entries()) {
      stats.merge(finished.stats);
      // What stands before the first record is wanted once.
      const from = i === 0 ? 0 : state.header;
      const until = finished.output.bytes;
      if (until <= from) continue;
      for await (const bytes of createReadStream(own, { start: from, end: until - 1 })) {
        if (!(await output.writeEncoded(bytes as Buffer))) return;
      }
    }
    await output.finish(() => writeRunFile(path, joinedState(parts, stats, filePosition(output))));
  } catch (error) {
    await output.abandon();
    throw error instanceof Error && 'kind' in error
      ? error
      : runError(`the shards cannot be joined: ${messageOf(error)}`, { cause: error });
  }
}

/** Row groups are joined, with a footer of their own. */
async function writeJoinedParquet(parts: Parts, path: string): Promise<void> {
  if (path === '-' || !isPlain(path)) {
    throw usageError(
      `${path}: expected ${optionName('output')} to be a regular file: the footer of Parquet is written last`,
    );
  }
  const stats = new RunStatistics();
  for (const { finished } of parts) stats.merge(finished.stats);
  const bytes = await joinParquet(
    parts.map((part) => part.path),
    partialOf(path),
  );
  await writeRunFile(
    path,
    joinedState(parts, stats, { ...filePosition({ position: 0, tail: new Uint8Array() }), bytes }),
  );
  await nameWhole(path);
}

/** The state of a run that was never cut into shards, but without the digest of its windows. */
function joinedState(parts: Parts, stats: RunStatistics, output: FilePosition): RunState {
  const [{ state, finished }] = parts;
  const sum = (of: (finished: Finish) => number): number => parts.reduce((total, part) => total + of(part.finished), 0);
  return {
    ...startOfRun({
      fingerprint: wholeOf(state.fingerprint),
      runtimes: runtimesOf(parts),
      model: state.model,
      inputs: state.inputs,
      shard: null,
      limit: null,
    }),
    header: state.header,
    finished: {
      ...finished,
      windows: sum(({ windows }) => windows),
      seconds: sum(({ seconds }) => seconds),
      bytes: sum(({ bytes }) => bytes ?? 0),
      sha256: '',
      output,
      file: output.bytes,
      stats: stats.state,
      hashes: state.inputs.map(() => null),
    },
  };
}

/** Each kind of machine that had a part in the shards, once. */
export const runtimesOf = (parts: Parts): RunState['runtimes'] => {
  const all = parts.flatMap(({ state }) =>
    state.runtimes.map((runtime) => [JSON.stringify(runtime), runtime] as const),
  );
  return [...new Map(all).values()];
};
