/** Finds the work that an earlier run to the same output left, and whether this run may go on with it. */
import { copyFile, open, rm, stat } from 'node:fs/promises';
import { messageOf, runError, usageError } from '../errors.js';
import { isOnThisMachine, isRunning } from '../platform/processes.js';
import type { Window } from '../scorer/protocol.js';
import { type InputFacts, inputDifference, isUntouched } from './input-facts.js';
import { nameWhole, partialOf } from './output.js';
import { differenceOf, type Fingerprint, type RunState, readRunFile, runFileOf, writeRunFile } from './run-file.js';
import { WindowHash } from './window-hash.js';

/** What to do about the work that stands beside an output. */
export type LeftWork = 'resume' | 'overwrite' | 'refuse';

/**
 * The state of the work to go on with, or of a finished run; undefined: the run starts afresh.
 *
 * @param output a regular file, or one that is not there yet
 * @throws FatalError `usage` where there is work that must not be lost, or that is not one to go on with
 */
export async function findWork(output: string, wish: LeftWork): Promise<RunState | undefined> {
  if (wish === 'overwrite') {
    refuseWorkInHand(output);
    return undefined;
  }
  const partial = partialOf(output);
  const left = await sizeOf(partial);
  if (wish === 'refuse') {
    if (left === undefined) return undefined;
    throw usageError(
      `${partial}: holds the work of an unfinished run; --resume goes on with it, --overwrite throws it away`,
    );
  }
  const state = readRunFile(output);
  if (state === undefined) {
    if (left === undefined) return undefined;
    throw usageError(
      `${partial}: cannot be gone on with, as ${runFileOf(output)} is not beside it; --overwrite starts anew`,
    );
  }
  if (state.finished === null) return left === undefined ? undefined : state;
  const size = await sizeOf(output);
  // The name is given last: a run that ended just before had done all else.
  if (left === state.finished.file || size === state.finished.file) return state;
  if (size === undefined) return undefined;
  throw usageError(
    `${output}: expected the ${state.finished.file} bytes that its run wrote, got ${size}; --overwrite scores it anew`,
  );
}

/** Whatever else becomes of the work there, two processes that write to one file spoil it. */
export function refuseWorkInHand(output: string): void {
  let state: RunState | undefined;
  try {
    state = readRunFile(output);
  } catch {
    return; // thrown away unread
  }
  if (state !== undefined) refuseOthersWork(output, state);
}

/** @throws FatalError `usage` where a process of this machine is still at work on the output */
export function refuseOthersWork(output: string, { writer }: RunState): void {
  if (writer !== null && writer.pid !== process.pid && isOnThisMachine(writer) && isRunning(writer)) {
    throw usageError(`${runFileOf(output)}: process ${writer.pid} is still at work on ${output}`);
  }
}

/**
 * Refuses work that was made of something else.
 *
 * @throws FatalError `usage`, naming the difference
 */
export function refuseOtherWork(
  output: string,
  state: RunState,
  fingerprint: Fingerprint,
  inputs: readonly InputFacts[],
): void {
  const otherwise = 'give what its run was given, or start anew with --overwrite';
  const tolerated = state.done.stats.failed === 0 && state.finished === null ? errorPolicySettings : [];
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
}

/** What decides only how bad rows are written: nothing, as long as there were none. */
const errorPolicySettings = ['--on-error', '--errors'];

const without = (fingerprint: Fingerprint, names: readonly string[]): Fingerprint =>
  Object.fromEntries(Object.entries(fingerprint).filter(([name]) => !names.includes(name)));

export interface GoingOn {
  /** Windows that are still to be scored; undefined: there are none, the run was finished. */
  readonly windows: AsyncIterable<Window> | undefined;
  /** Of the windows that are done. */
  readonly hash: WindowHash;
}

/** Whether a finished run need not even be compared with its input. */
export const isFinishedFor = (state: RunState, inputs: readonly InputFacts[], limit: number | null): boolean =>
  state.finished !== null &&
  state.limit === limit &&
  inputs.length === state.inputs.length &&
  state.inputs.every((then, i) => isUntouched(then, inputs[i] as InputFacts));

/**
 * Reads what is done once more, to see that it is the same.
 *
 * @param windows all of the input's
 * @throws FatalError `usage` where the input has changed by more than having grown
 */
export async function skipDone(
  output: string,
  { done, finished }: RunState,
  windows: AsyncGenerator<Window>,
  signal: AbortSignal,
): Promise<GoingOn> {
  const hash = new WindowHash();
  const changed = (): Error => {
    // A signal ended the input: nothing can be said of it.
    if (signal.aborted) return runError('interrupted before the run went on');
    return usageError(
      `${runFileOf(output)}: cannot go on: the input's beginning is not what it was; ` +
        'give what its run was given, or start anew with --overwrite',
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
        '--overwrite scores it anew',
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

/** The copy would outlast a power cut: what the run file says of it must be true. */
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

/** Gives a finished output its name, if its run ended just before it did. */
export async function settle(output: string, { finished }: RunState): Promise<void> {
  const partial = partialOf(output);
  const left = await sizeOf(partial);
  if (left === undefined) return;
  if (left === finished?.file) await nameWhole(output);
  else await rm(partial); // the beginning of a copy of the output itself (reopen)
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch {
    return undefined;
  }
}
