/** `score`: from flags to a run, and from its end to messages, summary and exit code. */
import { resolve } from 'node:path';
import { DEFAULT_MAX_ROW_BYTES, type Engine, loadPool, preparePool, resolveEngine } from '../engine.js';
import { FatalError, usageError } from '../errors.js';
import { countParameters } from '../model/network.js';
import { RunAccount } from '../pipeline/account.js';
import { Input } from '../pipeline/input.js';
import { inspectInputs } from '../pipeline/inspect.js';
import { checkDestination, checkOutput, type Output, openOutput } from '../pipeline/output.js';
import { type RunEnd, run } from '../pipeline/run.js';
import { windowSizeFor } from '../pipeline/windows.js';
import { columnKey } from '../rows/csv.js';
import type { RowFormat } from '../rows/format.js';
import { createFormat, type FormatSettings } from '../rows/formats.js';
import { type NamedFields, roles } from '../rows/forms.js';
import { createLog, type Log } from '../ui/log.js';
import { perSecond, startProgress } from '../ui/progress.js';
import type { WorkerPool } from '../worker/pool.js';
import { withDownloads } from './downloads.js';
import { ExitCode, exitCodeOf } from './exit-codes.js';
import { chooseFormats } from './formats.js';
import { oneLine } from './one-line.js';
import type { ScoreFlags } from './score-command.js';
import { dieBy, watchSignals } from './signals.js';
import { writeSummary } from './summary.js';

export async function score(files: readonly string[], flags: ScoreFlags, version: string): Promise<void> {
  const started = performance.now();
  const log = createLog(flags.quiet);
  const plan = await planRun(files, flags, log);
  const { engine, inputs } = plan;
  for (const notice of engine.notices) log.note(notice);

  const stop = new AbortController();
  const signals = watchSignals((signal) => {
    stop.abort();
    log.error(`${signal}: finishing the rows in work; once more to end at once`);
    for (const input of inputs) input.stop();
  });
  const account = new RunAccount();
  const pool = await preparePool(engine, flags.cache, (notice) => log.note(notice));
  try {
    await loadPool(pool, engine, { format: plan.formatSettings });
  } catch (error) {
    await pool.release();
    throw error;
  }
  const outcome = await scoreAll(plan, pool, account, stop.signal, flags, log);
  await pool.release();
  signals.stop();

  const exitCode = exitCodeFor(outcome, account, signals.received);
  const seconds = (performance.now() - started) / 1000;
  if (flags.summary !== undefined) {
    const complete = outcome.end === 'finished';
    writeSummary(flags.summary, { version, engine, model: pool.model, inputs, account, seconds, complete, exitCode });
  }
  if (outcome.kept !== undefined) log.error(`${account.rows} rows are kept in ${outcome.kept}`);
  if (outcome.error !== undefined) throw outcome.error;
  if (outcome.end !== 'reader gone') tell(account, engine, seconds, log);
  if (outcome.end === 'stopped' && signals.received !== undefined) dieBy(signals.received);
  process.exitCode = exitCode;
}

interface Plan {
  readonly engine: Engine;
  readonly inputs: readonly Input[];
  readonly formatSettings: FormatSettings;
  readonly format: RowFormat;
}

/** Everything that can be wrong with what was asked is found here, before anything is started or written. */
async function planRun(files: readonly string[], flags: ScoreFlags, log: Log): Promise<Plan> {
  const formats = chooseFormats(files, flags);
  const fields = namedFields(flags, formats.from === 'csv' || formats.from === 'tsv');
  if (files.filter((file) => file === '-').length > 1) throw usageError('expected standard input (-) once at most');
  const inputs = files.map((file) => new Input(file));
  checkDestinations(flags, inputs);
  const engine = await withDownloads(flags, log, (download) => resolveEngine(flags, download));
  const formatSettings = await inspectInputs(
    inputs,
    { ...formats, rewardField: flags.rewardField, fields, details: false, reasons: true, skipFailures: false },
    DEFAULT_MAX_ROW_BYTES,
  );
  return { engine, inputs, formatSettings, format: createFormat(formatSettings) };
}

function checkDestinations({ output, overwrite, summary }: ScoreFlags, inputs: readonly Input[]): void {
  checkOutput(output, overwrite, inputs);
  if (summary === undefined) return;
  checkDestination('--summary', summary, inputs);
  if (resolve(summary) === resolve(output)) {
    throw usageError(`${summary}: expected --summary to be another file than --output`);
  }
}

function namedFields(flags: ScoreFlags, asColumns: boolean): NamedFields {
  const named = roles.flatMap((role) => {
    const name = flags[role];
    return name === undefined ? [] : [[role, asColumns ? columnKey(name) : name]];
  });
  return Object.fromEntries(named) as NamedFields;
}

interface Outcome {
  readonly end: RunEnd | 'failed';
  readonly error?: unknown;
  /** Where the output of a run that did not finish stands. */
  readonly kept?: string | undefined;
}

async function scoreAll(
  { engine, inputs, format }: Plan,
  pool: WorkerPool,
  account: RunAccount,
  signal: AbortSignal,
  flags: ScoreFlags,
  log: Log,
): Promise<Outcome> {
  const sizes = inputs.map(({ size }) => size);
  const totalBytes = sizes.every((size) => size !== undefined) ? sizes.reduce((a, b) => a + b, 0) : undefined;
  const progress = startProgress({ totalBytes, enabled: flags.progress && !flags.quiet, log });
  // A message written beside the bar would be drawn over.
  signal.addEventListener('abort', () => progress.stop());
  let bytesDone = 0;
  let output: Output | undefined;
  try {
    output = await openOutput(flags.output);
    const end = await run({
      inputs,
      format,
      windowSize: windowSizeFor(countParameters(engine.checkpoint.network)),
      output,
      account,
      maxRowBytes: DEFAULT_MAX_ROW_BYTES,
      workers: engine.workers,
      scoreWindow: (window) => pool.score(window),
      signal,
      onProgress(inputBytes) {
        bytesDone += inputBytes;
        progress.update({ bytes: bytesDone, rows: account.rows });
      },
    });
    if (end !== 'finished') return { end, kept: await output.abandon() };
    await output.finish();
    return { end };
  } catch (error) {
    return { end: 'failed', error, kept: await output?.abandon() };
  } finally {
    progress.stop();
  }
}

function exitCodeFor({ end, error }: Outcome, account: RunAccount, signal: NodeJS.Signals | undefined): number {
  if (end === 'failed') return error instanceof FatalError && error.kind === 'usage' ? ExitCode.usage : ExitCode.fatal;
  if (end === 'stopped' && signal !== undefined) return exitCodeOf(signal);
  return end === 'finished' && account.failed > 0 ? ExitCode.badRows : ExitCode.ok;
}

/** What a person wants to know at the end. */
function tell(account: RunAccount, { scoring }: Engine, seconds: number, log: Log): void {
  const count = (n: number, what: string): string => `${n.toLocaleString('en-US')} ${what}`;
  const rows = (n: number, which = ''): string => count(n, `${which}row${n === 1 ? '' : 's'}`);
  for (const { file, line, code, message } of account.firstFailures) {
    const place = file === '-' ? 'standard input' : file;
    log.note(oneLine(`${place}:${line}: ${code}: ${message}`));
  }
  const untold = account.failed - account.firstFailures.length;
  if (untold > 0) log.note(`and ${rows(untold, 'more bad ')}`);
  if (account.seams.length > 0 && !account.seams.includes(true)) {
    log.note('hint: no prompt ends and no response begins with white space; nothing is put between the two');
  }
  const parts = [rows(account.rows)];
  if (account.failed > 0) parts.push(count(account.failed, 'bad'));
  if (account.truncatedRows > 0) parts.push(`${count(account.truncatedRows, 'cut to')} ${scoring.maxLength} tokens`);
  parts.push(`${seconds.toFixed(1)} s`, `${perSecond(account.rows, seconds)} rows/s`);
  log.note(parts.join(', '));
}
