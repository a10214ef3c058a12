/** How far a run is, seen from outside: from its summary, or from the run file and the claim beside its output. */
import { lstatSync } from 'node:fs';
import { FatalError, usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import { LIFETIME_MS, lookAtClaim, type SeenClaim } from '../platform/claim.js';
import { statOrUndefined } from '../platform/files.js';
import type { ProcessIdentity } from '../platform/processes.js';
import { claimFileOf } from './claim-output.js';
import { contentName } from './containers.js';
import { assembledOf, followLinks, partialOf } from './output-path.js';
import { type Progress, type RunState, readRunFile, runFileOf } from './run-file.js';
import { RunStatistics } from './statistics.js';
import { readSummaryFile, type WrittenSummary } from './summary-file.js';

/**
 * - `finished`: the output is whole, or the summary says that the run came to its end.
 * - `running`: a process is at work on it.
 * - `dead`: nobody is, and it is not finished.
 * - `missing`: nothing was written yet.
 * - `lost`: it was finished, and the output is gone or has other bytes.
 * - `damaged`: the run file cannot be read.
 */
type RunPhase = 'finished' | 'running' | 'dead' | 'missing' | 'lost' | 'damaged';

/** What is known of a run's rows. */
export type RunCounts = Pick<
  WrittenSummary,
  | 'rows'
  | 'rewardsWritten'
  | 'failed'
  | 'failures'
  | 'notices'
  | 'hints'
  | 'truncated'
  | 'tokens'
  | 'rewards'
  | 'seconds'
>;

export interface RunStatus {
  /** The output, or the file of the summary. */
  readonly path: string;
  readonly phase: RunPhase;
  readonly source: 'summary' | 'run file' | null;
  /** The model's name; null where it is not known. */
  readonly model: string | null;
  readonly shard: { readonly index: number; readonly of: number } | null;
  /** null where nothing can be read. */
  readonly counts: RunCounts | null;
  readonly secondsLeft: number | null;
  /** Who is, or was, at work on it, and for how long it gave no sign of life; null where no claim is there. */
  readonly process: (Partial<ProcessIdentity> & { readonly silentSeconds: number }) | null;
  /** Since the run file was written; null where there is none. */
  readonly savedSecondsAgo: number | null;
  /** The run's exit code; null where no summary says it. */
  readonly exitCode: number | null;
  /** What is wrong, and what to do; null where nothing is. */
  readonly problem: string | null;
  /** For what is joined of several runs. */
  readonly state: RunState | undefined;
}

const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;

/** The names of a run's files beside its output. */
const OWN_FILES = /\.(?:run\.json|run\.lock|partial|assembled)$/;

/**
 * @param path of an output, of a file beside it, or of a summary
 * @throws FatalError `usage` for a file that is neither
 */
export function statusOf(path: string): RunStatus {
  const named = path.replace(OWN_FILES, '');
  // A run replaces the file that a link leads to, and its own files stand beside that.
  const output = statOrUndefined(runFileOf(named)) === undefined && isLink(named) ? followLinks(named) : named;
  const hasRunFile = statOrUndefined(runFileOf(output)) !== undefined;
  if (!hasRunFile && statOrUndefined(path)?.isFile() && path === named) {
    const summary = readSummaryFile(path);
    if (summary !== undefined) return ofSummary(path, summary);
    throw usageError(
      `${path}: expected a summary, or an output with its ${runFileOf(output)} beside it, which runs leave that write ` +
        'to a file',
    );
  }
  const claim = lookAtClaim(claimFileOf(output));
  try {
    const state = hasRunFile ? readRunFile(output) : undefined;
    return state === undefined ? withoutState(output, claim) : ofState(output, state, claim);
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    return { ...nothingKnown(output, claim), phase: 'damaged', problem: error.message };
  }
}

function ofSummary(path: string, summary: WrittenSummary): RunStatus {
  const { complete, exitCode, model, shard } = summary;
  return {
    ...nothingKnown(path, undefined),
    phase: complete ? 'finished' : 'dead',
    source: 'summary',
    model: model?.name ?? null,
    shard,
    counts: summary,
    exitCode,
    problem: complete ? null : `the run ended before the end of its input, with exit code ${exitCode}`,
  };
}

function withoutState(output: string, claim: SeenClaim | undefined): RunStatus {
  const status = nothingKnown(output, claim);
  if (claim !== undefined && seemsAlive(claim)) return { ...status, phase: 'running' };
  return { ...status, phase: 'missing', problem: 'nothing was written yet; start this run' };
}

function ofState(output: string, state: RunState, claim: SeenClaim | undefined): RunStatus {
  const { finished, done, shard, model } = state;
  const progress = finished ?? done;
  const [phase, problem] = phaseOf(output, state, claim);
  return {
    ...nothingKnown(output, claim),
    phase,
    source: 'run file',
    model: model?.name ?? null,
    shard,
    counts: countsOf(progress),
    secondsLeft: phase === 'running' ? secondsLeftOf(state) : null,
    savedSecondsAgo: secondsSince(statOrUndefined(runFileOf(output))?.mtimeMs),
    problem,
    state,
  };
}

function phaseOf(
  output: string,
  { finished, done }: RunState,
  claim: SeenClaim | undefined,
): readonly [RunPhase, string | null] {
  const isAt = (path: string): boolean => statOrUndefined(path)?.size === finished?.file;
  if (finished !== null && isAt(output)) return ['finished', null];
  if (claim !== undefined && seemsAlive(claim)) return ['running', null];
  const goOn = `start it again with ${optionName('resume')}`;
  if (finished !== null && !isAt(partialOf(output)) && !isAt(assembledOf(output))) {
    return ['lost', `the output is gone, or has other bytes than its run wrote; bring it back, or score it anew`];
  }
  if (claim?.isAlive === undefined && claim !== undefined) {
    const seconds = Math.round(claim.silentMs / 1000);
    return ['dead', `process ${nameOf(claim)} has given no sign of life for ${seconds} s; ${goOn}`];
  }
  const who = claim === undefined ? 'no process is at work on it' : `process ${nameOf(claim)} is gone`;
  if (finished === null && statOrUndefined(partialOf(output)) === undefined && done.stats.rows > 0) {
    return ['lost', `${who}, and ${partialOf(output)} is missing; score it anew`];
  }
  return ['dead', `${who}; ${goOn}`];
}

const nameOf = ({ holder, isAlive }: SeenClaim): string =>
  holder === undefined ? 'of an unknown machine' : `${holder.pid}${isAlive === undefined ? ` of ${holder.host}` : ''}`;

/** A process of another machine counts as alive as long as nobody would take its claim over. */
const seemsAlive = ({ isAlive, silentMs }: SeenClaim): boolean => isAlive ?? silentMs <= LIFETIME_MS;

const nothingKnown = (path: string, claim: SeenClaim | undefined): RunStatus => ({
  path,
  phase: 'missing',
  source: null,
  model: null,
  shard: null,
  counts: null,
  secondsLeft: null,
  process: claim === undefined ? null : { ...claim.holder, silentSeconds: claim.silentMs / 1000 },
  savedSecondsAgo: null,
  exitCode: null,
  problem: null,
  state: undefined,
});

/** The counts of a run as its summary has them. */
function countsOf({ stats, seconds }: Pick<Progress, 'stats' | 'seconds'>): RunCounts {
  const statistics = new RunStatistics(stats);
  const { counts } = statistics;
  return {
    rows: counts.rows,
    rewardsWritten: counts.rewardsWritten,
    failed: counts.failed,
    failures: counts.failures,
    notices: counts.notices,
    hints: { ...counts.hints, ...(statistics.seesNoSpace && { NO_SPACE: 1 }) },
    truncated: { rows: counts.truncatedRows, tokens: counts.truncatedTokens },
    tokens: counts.tokens,
    ...(statistics.rewards && { rewards: statistics.rewards }),
    seconds,
  };
}

/** The counts of several runs as if they were one; undefined where none is known. */
export function countsOfAll(statuses: readonly RunStatus[]): RunCounts | undefined {
  const states = statuses.flatMap(({ state }) => (state === undefined ? [] : [state.finished ?? state.done]));
  const [first, ...others] = states;
  if (first === undefined) return undefined;
  const all = new RunStatistics(first.stats);
  for (const { stats } of others) all.merge(stats);
  return countsOf({ stats: all.state, seconds: Math.max(...states.map(({ seconds }) => seconds)) });
}

/** By the share of the input that is done; null where the input's length is not known, or nothing is done. */
function secondsLeftOf({ done, inputs, shard, limit }: RunState): number | null {
  const { seconds, bytes, stats } = done;
  if (limit !== null) return stats.rows > 0 ? (seconds * Math.max(0, limit - stats.rows)) / stats.rows : null;
  const sizes = inputs.map(({ path, bytes: size }) => (isPlain(path) ? size : null));
  if (!bytes || sizes.includes(null)) return null;
  // The shares of shards differ by a window at most.
  const total = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0) / (shard?.of ?? 1);
  return (seconds * Math.max(0, total - bytes)) / bytes;
}

/** Whether the bytes of its records are those on disk, by its name. */
const isPlain = (path: string): boolean => contentName(path) === path && !/\.parquet$/i.test(path);

const secondsSince = (moment: number | undefined): number | null =>
  moment === undefined ? null : Math.max(0, Date.now() - moment) / 1000;
