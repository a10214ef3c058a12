/** `score`: from flags to a run, and from its end to messages, summary and exit code. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { FatalError } from '../../errors.js';
import type { FormatSettings } from '../../rows/formats/index.js';
import { AppendedFile } from '../../run/appended-file.js';
import { Journal } from '../../run/journal.js';
import { followLinks, nowhere, type Output, openOutput, partialOf } from '../../run/output.js';
import { refuseWorkInHand, settle } from '../../run/resume.js';
import { runFileOf, writeRunFile } from '../../run/run-file.js';
import { besideWorkers, onDemand, type RunEnd, run } from '../../run/score-windows.js';
import { RunStatistics } from '../../run/statistics.js';
import { loadPool, preparePool } from '../../scorer/engine.js';
import type { WorkerPool } from '../../scorer/pool.js';
import type { ScoredWindow, Window } from '../../scorer/protocol.js';
import { BestWindows } from '../../selection/windows.js';
import { ExitCode, exitCodeOf } from '../exit-codes.js';
import type { ScoreFlags } from '../flags/score-command.js';
import { createLog, type Log } from '../log.js';
import { startProgress } from '../progress.js';
import { dieBy, watchSignals } from '../signals.js';
import { printGains } from './best.js';
import { type Plan, planRun } from './plan.js';
import { printEnd, printEstimate, rowsInWords } from './print.js';
import { writeSummary } from './summary.js';
import { findWorkToDo, type Work } from './work.js';

export async function score(files: readonly string[], given: ScoreFlags, version: string): Promise<void> {
  const flags = { ...given, output: followLinks(given.output) };
  const started = performance.now();
  const log = createLog(flags.quiet);
  const plan = await planRun(files, flags, log);
  const { engine, inputs } = plan;
  for (const warning of engine.warnings) log.note(warning);

  const stop = new AbortController();
  const stopReading = (): void => {
    for (const input of inputs) input.stop();
  };
  const signals = watchSignals((signal) => {
    stop.abort();
    log.error(`${signal}: finishing the rows in work; once more to end at once`);
    stopReading();
  });
  const pool = await preparePool(engine, {
    useCache: flags.cache,
    strict: flags.strict,
    onNotice: (notice) => log.note(notice),
  });
  let work: Work;
  let tokensPerSecond = 0;
  try {
    work = await findWorkToDo(plan, flags, pool.model, version, log, stop.signal);
    if (work.windows !== undefined) {
      const { maxRowBytes, dryRun } = flags;
      const { formatSettings, choice } = plan;
      const format: FormatSettings =
        choice === undefined ? formatSettings : { ...formatSettings, to: 'results', skipFailures: false };
      tokensPerSecond = await loadPool(pool, engine, { format, maxRowBytes, dryRun });
    }
  } catch (error) {
    await pool.release();
    if (signals.received !== undefined) return dieBy(signals.received);
    throw error;
  }
  const { state } = work;
  const stats = new RunStatistics((state.finished ?? state.done).stats);
  const outcome = await doWork(work, plan, pool, stats, stop.signal, flags, log);
  // A run that gave up does not wait for what may still come through a pipe.
  stopReading();
  const ownSeconds = (performance.now() - started) / 1000;
  const { restarts } = pool;
  await pool.release();
  signals.stop();

  const exitCode = exitCodeFor(outcome, stats, flags.exitZero, signals.received);
  const seconds = (state.finished ?? state.done).seconds + ownSeconds;
  // Rows are read and texts are tokenised in both.
  const estimate = flags.dryRun ? ownSeconds + stats.counts.computedTokens / tokensPerSecond : undefined;
  if (flags.summary !== undefined) {
    const complete = outcome.end === 'finished';
    const facts = {
      version,
      engine,
      model: pool.model,
      work,
      inputs,
      stats,
      restarts,
      seconds,
      estimate,
      chooses: plan.choice !== undefined,
      complete,
      exitCode,
    };
    writeSummary(flags.summary, facts);
  }
  if (outcome.kept !== undefined) log.error(outcome.kept);
  if (outcome.error !== undefined) throw outcome.error;
  if (outcome.end !== 'reader gone' && work.windows !== undefined) {
    printEnd(stats, engine.scoring.maxLength, seconds, log);
    if (plan.choice !== undefined) printGains(stats, log);
    if (estimate !== undefined) printEstimate(stats, estimate, engine.workers, log);
  }
  if (outcome.end === 'stopped' && signals.received !== undefined) dieBy(signals.received);
  process.exitCode = exitCode;
}

interface Outcome {
  readonly end: RunEnd | 'failed';
  readonly error?: unknown;
  /** What is said of the output of a run that did not finish. */
  readonly kept?: string | undefined;
}

async function doWork(
  work: Work,
  plan: Plan,
  pool: WorkerPool,
  stats: RunStatistics,
  signal: AbortSignal,
  flags: ScoreFlags,
  log: Log,
): Promise<Outcome> {
  const { state, windows } = work;
  if (windows === undefined) {
    await settle(flags.output, state);
    log.note(`${flags.output} is finished: nothing is left to do`);
    return { end: 'finished' };
  }
  if (stats.counts.rows > 0) log.note(`going on after ${rowsInWords(stats.counts.rows)} that are done`);
  const progress = watchProgress(plan, stats, flags, log);
  // A message written beside the bar would be drawn over.
  signal.addEventListener('abort', () => progress.stop());
  const best = plan.choice && new BestWindows(plan.formatSettings, plan.choice);
  const chosen = (window: Window, scored: ScoredWindow): ScoredWindow =>
    best === undefined || flags.dryRun ? scored : best.choose(window, scored);
  let target: Target | undefined;
  try {
    target = await openTarget(work, plan, stats, flags);
    const end = await run({
      ...(flags.stream ? onDemand(plan.engine.workers) : besideWorkers(plan.engine.workers)),
      ...target,
      inputs: plan.inputs,
      windows,
      header: flags.dryRun ? undefined : plan.format.outputHeader,
      stats,
      policy: plan.policy,
      scoreWindow: async (window) => chosen(window, await pool.score(window)),
      signal,
      onProgress: progress.update,
    });
    if (end !== 'finished') return { end, kept: await leave(target, plan, stats, flags.output) };
    const { output, errors, journal } = target;
    await output.finish(() => journal?.finish(plan.inputs.map(({ sha256 }) => sha256 ?? null)) ?? Promise.resolve());
    await errors?.close();
    return { end };
  } catch (error) {
    return { end: 'failed', error, kept: target && (await leave(target, plan, stats, flags.output)) };
  } finally {
    progress.stop();
  }
}

interface Target {
  readonly output: Output;
  readonly errors: AppendedFile | undefined;
  readonly journal: Journal | undefined;
}

async function openTarget(
  { state, resumed, hash }: Work,
  { named }: Plan,
  stats: RunStatistics,
  { output: path, errors: errorsPath, dryRun, stream }: ScoreFlags,
): Promise<Target> {
  const { done } = state;
  // Another process may have begun while the model was prepared.
  if (named) refuseWorkInHand(path);
  // Before there is anything to go on with: what stood there speaks of another run.
  const resumable = named && !stream;
  if (resumable) await writeRunFile(path, state);
  else if (named) await rm(runFileOf(path), { force: true });
  const output = dryRun ? nowhere : await openOutput(path, resumed ? done.output : undefined);
  const errors =
    errorsPath === undefined ? undefined : await AppendedFile.open(errorsPath, (resumed && done.errors) || undefined);
  const journal = resumable ? new Journal({ path, output, errors, stats, state, hash }) : undefined;
  return { output, errors, journal };
}

/** Ends a run before its end, so that as much as can be is kept. */
async function leave(
  { output, errors, journal }: Target,
  { named }: Plan,
  stats: RunStatistics,
  path: string,
): Promise<string | undefined> {
  await journal?.leave().catch(() => undefined); // a full disk, perhaps: what was saved before still counts
  await output.abandon();
  await errors?.abandon();
  if (!named || !existsSync(partialOf(path))) return undefined;
  const { rows } = stats.counts;
  if (rows > 0) {
    const how = journal === undefined ? '' : '; --resume goes on from there';
    return `${rows} rows are kept in ${partialOf(path)}${how}`;
  }
  await rm(partialOf(path), { force: true });
  if (journal !== undefined) await rm(runFileOf(path), { force: true });
  return undefined;
}

export function watchProgress(
  { inputs, blocks }: Pick<Plan, 'inputs' | 'blocks'>,
  stats: RunStatistics,
  flags: ScoreFlags,
  log: Log,
) {
  const sizes = inputs.map(({ length }) => length);
  const known = blocks === undefined && flags.limit === undefined && sizes.every((size) => size !== undefined);
  const totalBytes = known ? sizes.reduce((a, b) => a + b, 0) : undefined;
  const progress = startProgress({ totalBytes, enabled: flags.progress && !flags.quiet, log });
  const { rows: rowsBefore } = stats.counts;
  let before: { bytes: number; rows: number } | undefined;
  return {
    stop: () => progress.stop(),
    update(window: Window): void {
      const files = sizes.slice(0, window.file).reduce<number>((sum, size) => sum + (size ?? 0), 0);
      before ??= { bytes: files + window.byte, rows: rowsBefore };
      progress.update({ bytes: files + window.byte + window.bytes.length, rows: stats.counts.rows, before });
    },
  };
}

function exitCodeFor(
  { end, error }: Outcome,
  { counts }: RunStatistics,
  exitZero: boolean,
  signal: NodeJS.Signals | undefined,
): number {
  if (end === 'failed') return error instanceof FatalError && error.kind === 'usage' ? ExitCode.usage : ExitCode.fatal;
  if (end === 'stopped' && signal !== undefined) return exitCodeOf(signal);
  return end === 'finished' && counts.failed > 0 && !exitZero ? ExitCode.badRows : ExitCode.ok;
}
