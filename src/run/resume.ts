/** Finds the unfinished run to the same output, and whether this run may go on with it. */

import { copyFile, open, rm, stat } from 'node:fs/promises';
import { messageOf, runError, usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import type { Fingerprint } from '../scorer/identity.js';
import type { Window } from '../scorer/protocol.js';
import { type InputFacts, inputDifference, isUntouched, otherPath } from './input-facts.js';
import { nameAssembled, nameWhole } from './output.js';
import { assembledOf, partialOf } from './output-path.js';
import { differenceOf, type RunState, readRunFile, runFileOf, writeRunFile } from './run-file.js';
import { WindowHash } from './window-hash.js';

/** What to do about an unfinished run whose work stands beside an output. */
export type UnfinishedRunPolicy = 'resume' | 'overwrite' | 'refuse';

/**
 * The state of the run to go on with, or of a finished one; undefined if the run starts afresh.
 *
 * @param output a regular file, or one that is not there yet; this process has claimed it
 * @throws FatalError `usage` where there is work that must not be lost, or that cannot be gone on with
 */
export async function findUnfinishedRun(output: string, policy: UnfinishedRunPolicy): Promise<RunState | undefined> {
  if (policy === 'overwrite') return undefined;
  const partial = partialOf(output);
  const left = await sizeOf(partial);
  if (policy === 'refuse') {
    if (left === undefined) return undefined;
    throw usageError(
      `${partial}: holds the work of an unfinished run; ${optionName('resume')} goes on with it, ${optionName('overwrite')} throws it away`,
    );
  }
  const state = readRunFile(output);
  if (state === undefined) {
    if (left === undefined) return undefined;
    throw usageError(
      `${partial}: cannot be gone on with, as ${runFileOf(output)} is not beside it; ${optionName('overwrite')} starts anew`,
    );
  }
  if (state.finished === null) return left === undefined ? undefined : state;
  const [size, assembled] = [await sizeOf(output), await sizeOf(assembledOf(output))];
  // The name is given last: a run that ended just before had done all else.
  if ([left, assembled, size].includes(state.finished.file)) return state;
  if (size === undefined) return undefined;
  throw usageError(
    `${output}: expected the ${state.finished.file} bytes that its run wrote, got ${size}; ${optionName('overwrite')} scores it anew`,
  );
}

/**
 * Refuses to go on with a run that had other settings or other inputs, or has more rows than are wanted.
 *
 * @throws FatalError `usage`, naming the difference
 */
export function refuseOtherRun(
  output: string,
  state: RunState,
  fingerprint: Fingerprint,
  inputs: readonly InputFacts[],
  limit: number | null,
): void {
  const otherwise = `give what its run was given, or start anew with ${optionName('overwrite')}`;
  const tolerated = state.done.stats.failed === 0 && state.finished === null ? errorPolicySettings() : [];
  const difference = differenceOf(without(state.fingerprint, tolerated), without(fingerprint, tolerated));
  if (difference !== undefined) throw usageError(`${runFileOf(output)}: cannot go on: ${difference}; ${otherwise}`);
  for (const [i, then] of state.inputs.entries()) {
    const now = inputs[i];
    const changed = now === undefined ? `the input ${then.path} is missing` : inputDifference(then, now);
    if (changed !== undefined) throw usageError(`${runFileOf(output)}: cannot go on: ${changed}; ${otherwise}`);
    if (state.shard !== null && now?.bytes !== then.bytes) {
      throw usageError(
        `${runFileOf(output)}: cannot go on: ${then.path} had ${then.bytes} bytes and has ${now?.bytes}, ` +
          `and shards are cut from the whole; ${otherwise}`,
      );
    }
  }
  const { rows } = (state.finished ?? state.done).stats;
  if (limit !== null && limit < rows) {
    throw usageError(
      `${runFileOf(output)}: cannot go on: ${optionName('limit')} was ${state.limit ?? 'none'} and is ${limit}, ` +
        `and ${rows} rows are done; ${otherwise}`,
    );
  }
}

/** These settings decide only how bad rows are written. They may change as long as there were none. */
const errorPolicySettings = (): string[] => [optionName('onError'), optionName('errors')];

const without = (fingerprint: Fingerprint, names: readonly string[]): Fingerprint =>
  Object.fromEntries(Object.entries(fingerprint).filter(([name]) => !names.includes(name)));

export interface RemainingWork {
  /** Windows that are still to be scored; undefined if there are none because the run was finished. */
  readonly windows: AsyncIterable<Window> | undefined;
  /** Of the windows that are done. */
  readonly hash: WindowHash;
}

/** Whether a run is finished and its inputs were not touched since, so that they need not be read to be compared. */
export const isFinishedFor = (state: RunState, inputs: readonly InputFacts[], limit: number | null): boolean =>
  state.finished !== null &&
  state.limit === limit &&
  inputs.length === state.inputs.length &&
  state.inputs.every((then, i) => isUntouched(then, inputs[i] as InputFacts));

/**
 * Reads the input of what is done once more, to see that it is the same.
 *
 * @param inputs as they are now
 * @param windows all windows of the input
 * @throws FatalError `usage` where the input has changed by more than having grown
 */
export async function skipDone(
  output: string,
  { done, finished, inputs: earlier }: RunState,
  inputs: readonly InputFacts[],
  windows: AsyncGenerator<Window>,
  signal: AbortSignal,
): Promise<RemainingWork> {
  const hash = new WindowHash();
  const changed = (): Error => {
    // A signal ended the input, so its end says nothing.
    if (signal.aborted) return runError('interrupted before the run went on');
    const others = earlier.flatMap((then, i) => otherPath(then, inputs[i] as InputFacts) ?? []);
    const what = others[0] === undefined ? "the input's beginning is not what it was" : `${others[0]}, with other rows`;
    return usageError(
      `${runFileOf(output)}: cannot go on: ${what}; ` +
        `give what its run was given, or start anew with ${optionName('overwrite')}`,
    );
  };
  for (let i = 0; i < done.windows; i++) {
    const next = await windows.next();
    if (next.done) throw changed();
    hash.add(next.value);
  }
  if (hash.digest() !== done.sha256) throw changed();
  if (finished === null) return { windows, hash };

  // The last window may have grown: it must begin as it did.
  const whole = hash.copy();
  const ahead: Window[] = [];
  for (let open = finished.open; open > 0; ) {
    const next = await windows.next();
    if (next.done) throw changed();
    ahead.push(next.value);
    whole.add({ ...next.value, bytes: next.value.bytes.subarray(0, open) });
    open -= next.value.bytes.length;
  }
  if (finished.sha256 === '') {
    throw usageError(
      `${output}: cannot be compared with its inputs, which were touched since shards were merged into it; ` +
        `${optionName('overwrite')} scores it anew`,
    );
  }
  if (whole.digest() !== finished.sha256) throw changed();
  const next = await windows.next();
  const bytes = ahead.reduce((sum, window) => sum + window.bytes.length, 0);
  if (next.done && signal.aborted) throw changed();
  if (next.done && bytes === finished.open) return { windows: undefined, hash };
  return { windows: chain([...ahead, ...(next.done ? [] : [next.value])], windows), hash };
}

async function* chain(first: readonly Window[], rest: AsyncGenerator<Window>): AsyncGenerator<Window> {
  yield* first;
  yield* rest;
}

/** Makes the output of a finished run an unfinished one again. */
export async function reopen(output: string, state: RunState): Promise<void> {
  const partial = partialOf(output);
  if ((await sizeOf(partial)) !== state.finished?.file) await copySafely(output, partial);
  await writeRunFile(output, { ...state, finished: null });
}

/** The copy is synced to the disk, because what the run file says of it must be true after a power cut too. */
async function copySafely(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to);
    const handle = await open(to, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw runError(`${to}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/** Gives a finished output its name, where its run was ended just before it did that. */
export async function publish(output: string, { finished }: RunState): Promise<void> {
  const partial = partialOf(output);
  if (finished !== null && (await sizeOf(assembledOf(output))) === finished.file) return nameAssembled(output);
  const left = await sizeOf(partial);
  if (left === undefined) return;
  if (left === finished?.file) await nameWhole(output);
  else await rm(partial); // It is the beginning of a copy of the output itself (reopen).
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch {
    return undefined;
  }
}
