/** Answers as an output file or stream, with the journal by which a later run goes on with it. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import type { Claim } from '../platform/claim.js';
import type { StandardStreams } from '../platform/standard-streams.js';
import type { Fingerprint } from '../scorer/identity.js';
import type { ScoredWindow, Window } from '../scorer/protocol.js';
import { AppendedFile } from './appended-file.js';
import { claimOutput } from './claim-output.js';
import { failureLines } from './failure-lines.js';
import type { Input } from './input.js';
import { factsOf } from './input-facts.js';
import { Journal } from './journal.js';
import { type Assemble, type Output, openOutput } from './output.js';
import { isPlain, partialOf } from './output-path.js';
import {
  findUnfinishedRun,
  isFinishedFor,
  publish,
  refuseOtherRun,
  reopen,
  skipDone,
  type UnfinishedRunPolicy,
} from './resume.js';
import { type ModelFacts, type RunState, type Runtime, runFileOf, startOfRun, writeRunFile } from './run-file.js';
import type { Shard } from './shards.js';
import type { Sink, UnfinishedWork } from './sink.js';
import { RunStatistics } from './statistics.js';
import { WindowHash } from './window-hash.js';

/** An output that no other run works on while this one does, and what an earlier run left of it. */
export interface ClaimedOutput {
  /** Links are followed; `-` is standard output. */
  readonly path: string;
  /** Undefined if the output is no regular file: such a run cannot be resumed. */
  readonly claim: Claim | undefined;
  readonly unfinished: RunState | undefined;
  /** Called at the very end, however the run ends. */
  release(): void;
}

/**
 * @param path links are followed already
 * @param held a claim that holds this output among others, and is not released with it
 * @throws FatalError `usage` where another run works on it, or there is work that must not be lost
 */
export async function claimWork(path: string, policy: UnfinishedRunPolicy, held?: Claim): Promise<ClaimedOutput> {
  if (path === '-' || !isPlain(path)) {
    return { path, claim: undefined, unfinished: undefined, release: () => undefined };
  }
  if (held !== undefined) {
    return { path, claim: held, unfinished: await findUnfinishedRun(path, policy), release: () => undefined };
  }
  const claim = await claimOutput(path);
  try {
    return { path, claim, unfinished: await findUnfinishedRun(path, policy), release: () => claim.release() };
  } catch (error) {
    claim.release();
    throw error;
  }
}

export interface OutputSinkOptions {
  readonly claimed: ClaimedOutput;
  readonly streams: StandardStreams;
  /** Makes the output of the records when all of them are there; undefined: they are the output. */
  readonly assemble: Assemble | undefined;
  /** What stands before the first record. */
  readonly header: Buffer | undefined;
  /** Where bad rows are listed; undefined if they stand in the output. */
  readonly errorsPath: string | undefined;
  readonly inputs: readonly Input[];
  readonly shard: Shard | undefined;
  readonly limit: number | undefined;
  /** Rows are answered as they arrive: where windows end is not repeatable, so that there is no going on. */
  readonly stream: boolean;
  /** Everything that decides the output's bytes, besides the rows. */
  readonly fingerprint: Fingerprint;
  readonly runtime: Runtime;
  /** Undefined where the rewards are those that rows carry. */
  readonly model: ModelFacts | undefined;
  /** Refuse work of another kind of machine. */
  readonly strict: boolean;
  readonly onNotice: (message: string) => void;
  readonly signal: AbortSignal;
}

interface Target {
  readonly output: Output;
  readonly errors: AppendedFile | undefined;
  readonly journal: Journal | undefined;
}

export class OutputSink implements Sink {
  readonly #options: OutputSinkOptions;
  #state: RunState;
  #statistics = new RunStatistics();
  #hash = new WindowHash();
  #target: Target | undefined;
  #nothingLeft = false;

  constructor(options: OutputSinkOptions) {
    this.#options = options;
    const { fingerprint, runtime, model, inputs, shard = null, limit = null } = options;
    this.#state = startOfRun({ fingerprint, runtimes: [runtime], model, inputs: inputs.map(factsOf), shard, limit });
  }

  get statistics(): RunStatistics {
    return this.#statistics;
  }

  /** As it was before the first window of this run. */
  get state(): RunState {
    return this.#state;
  }

  /** An earlier run did a part. */
  get resumed(): boolean {
    return this.#options.claimed.unfinished !== undefined;
  }

  async begin(windows: AsyncGenerator<Window>): Promise<AsyncIterable<Window> | undefined> {
    const { claimed, signal } = this.#options;
    const { path, unfinished } = claimed;
    if (unfinished === undefined) return windows;
    const { fingerprint, inputs, limit } = this.#state;
    refuseOtherRun(path, unfinished, fingerprint, inputs, limit);
    const runtimes = this.#joinedRuntimes(unfinished);
    const state = { ...unfinished, fingerprint, limit, runtimes, inputs };
    const remaining = isFinishedFor(unfinished, inputs, limit)
      ? { windows: undefined, hash: this.#hash }
      : await skipDone(path, unfinished, inputs, windows, signal);
    if (unfinished.finished !== null && remaining.windows !== undefined) {
      if (this.#options.assemble !== undefined) throw alreadyAssembled(path);
      await reopen(path, state);
    }
    this.#nothingLeft = remaining.windows === undefined;
    this.#hash = remaining.hash;
    this.#state = this.#nothingLeft ? state : { ...state, finished: null };
    this.#statistics = new RunStatistics((this.#state.finished ?? this.#state.done).stats);
    return remaining.windows;
  }

  /** Every kind of machine and version that had a part, this one last. */
  #joinedRuntimes({ runtimes }: RunState): Runtime[] {
    const { claimed, runtime, strict, onNotice } = this.#options;
    const others = runtimes.filter((other) => JSON.stringify(other) !== JSON.stringify(runtime));
    const [first] = others;
    if (first === undefined) return [runtime];
    const notice = `${claimed.path} was begun ${differenceInWords(first, runtime)}: rewards may differ in their last digits`;
    if (strict) throw usageError(`${notice} (${optionName('strict')})`);
    onNotice(notice);
    return [...others, runtime];
  }

  async open(): Promise<void> {
    const { claimed, streams, errorsPath, stream, header, assemble } = this.#options;
    const { path, claim } = claimed;
    const { done } = this.#state;
    // Before there is anything to go on with: what stood there speaks of another run.
    if (claim !== undefined && !stream) await writeRunFile(path, this.#state);
    else if (claim !== undefined) await rm(runFileOf(path), { force: true });
    const output = await openOutput(
      path,
      streams,
      this.resumed ? done.output : undefined,
      assemble && ((work, target) => assemble(work, target, this.#statistics)),
    );
    const errors =
      errorsPath === undefined
        ? undefined
        : await AppendedFile.open(errorsPath, (this.resumed && done.errors) || undefined);
    const [state, hash, stats] = [this.#state, this.#hash, this.#statistics];
    const journal =
      claim === undefined || stream ? undefined : new Journal({ path, claim, output, errors, stats, state, hash });
    this.#target = { output, errors, journal };
    if (header !== undefined && output.position === 0 && (await output.write(header))) journal?.headerWritten();
  }

  async settle(): Promise<void> {
    await this.#target?.journal?.save();
  }

  async write(window: Window, { output, stats }: ScoredWindow, path: string, isWhole: boolean): Promise<boolean> {
    const target = this.#target as Target;
    if (!(await target.output.write(output))) return false;
    await target.errors?.write(failureLines(path, stats.failed));
    this.#statistics.add(stats, window.file, path);
    if (isWhole) await target.journal?.passed(window);
    return true;
  }

  async finish(): Promise<void> {
    if (this.#nothingLeft) return publish(this.#options.claimed.path, this.#state);
    const { output, errors, journal } = this.#target as Target;
    const hashes = this.#options.inputs.map(({ sha256 }) => sha256 ?? null);
    await output.finish(() => journal?.finish(hashes) ?? Promise.resolve());
    await errors?.close();
  }

  async abort(): Promise<UnfinishedWork | undefined> {
    const { path, claim } = this.#options.claimed;
    const { output, errors, journal } = this.#target ?? {};
    await journal?.save().catch(() => undefined); // A full disk, perhaps: what was saved before still counts.
    await output?.abandon();
    await errors?.abandon();
    const partial = partialOf(path);
    // What stands there may be another run's by now, where this one was taken for dead.
    if (!claim?.isHeld() || output === undefined || !existsSync(partial)) return undefined;
    const { rows, failed, kept } = this.#statistics.counts;
    const resumable = journal !== undefined;
    // Where a filter has left out all rows so far, going on spares their scoring.
    if (kept > 0 || rows > failed) return { path: partial, rows: kept, resumable };
    await rm(partial, { force: true });
    if (resumable) await rm(runFileOf(path), { force: true });
    return undefined;
  }
}

const alreadyAssembled = (path: string): Error =>
  usageError(
    `${path}: cannot be gone on with: it is finished, and its inputs have changed since; ${optionName('overwrite')} scores them anew`,
  );

function differenceInWords(then: Runtime, now: Runtime): string {
  const names: Runtime = { onnxruntime: 'onnxruntime', cpu: 'a processor of kind' };
  return (Object.entries(names) as [keyof Runtime, string][])
    .filter(([key]) => then[key] !== now[key])
    .map(([key, name]) => `by ${name} ${then[key]} (here: ${now[key]})`)
    .join(' and ');
}
