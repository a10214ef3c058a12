/** `eval`: from flags to judged rows, and from these to metrics, thresholds and an exit code. */
import { writeFileSync } from 'node:fs';
import { FatalError, messageOf, runError } from '../../errors.js';
import { type CollectedRows, Collector } from '../../evaluation/columns.js';
import { evaluate } from '../../evaluation/evaluation.js';
import { checkThresholds, type Verdict } from '../../evaluation/thresholds.js';
import { annotations, isOnGitHub } from '../../report/annotations.js';
import { writeReport } from '../../report/html/from-evaluation.js';
import { evaluationAsJson } from '../../report/json.js';
import { junitXml } from '../../report/junit.js';
import { notesOn } from '../../report/notes.js';
import { evaluationInWords } from '../../report/text.js';
import { missInWords } from '../../report/verdicts.js';
import { createFormat } from '../../rows/formats.js';
import { AppendedFile } from '../../run/appended-file.js';
import { nowhere } from '../../run/output.js';
import { readWindows } from '../../run/read-windows.js';
import { besideWorkers, type RunEnd, run } from '../../run/score-windows.js';
import { RunStatistics } from '../../run/statistics.js';
import { ExitCode, exitCodeOf } from '../exit-codes.js';
import type { EvalFlags } from '../flags/eval-command.js';
import { createLog, type Log } from '../log.js';
import { oneLine } from '../one-line.js';
import { dieBy, watchSignals } from '../signals.js';
import { ModelOnDemand } from './eval/model-on-demand.js';
import { type EvalPlan, planEvaluation } from './eval/plan.js';
import { printEnd } from './print.js';
import { watchProgress } from './score.js';
import { writeSummary } from './summary.js';

export async function evaluateFiles(files: readonly string[], flags: EvalFlags, version: string): Promise<void> {
  const started = performance.now();
  const log = createLog(flags.quiet);
  const plan = await planEvaluation(files, flags);
  const model = new ModelOnDemand(flags, plan.format, log);
  const stats = new RunStatistics();
  const stop = new AbortController();
  const signals = watchSignals((signal) => {
    stop.abort();
    log.error(`${signal}: finishing the rows in work; once more to end at once`);
    for (const input of plan.inputs) input.stop();
  });
  const outcome = await readRows(plan, flags, model, stats, stop.signal, log);
  await model.release();
  // The metrics of many rows take seconds: a signal ends them at once.
  signals.stop();

  const { rows, failed, firstFailures } = stats.counts;
  const { end, error, judged } = outcome;
  const seconds = (performance.now() - started) / 1000;
  let verdicts: readonly Verdict[] = [];
  if (judged !== undefined) {
    printEnd(stats, model.loaded?.engine.scoring.maxLength ?? 0, seconds, log);
    const { modelName } = model.loaded?.engine ?? {};
    verdicts = await show(judged, outcome.unmatched ?? 0, plan, flags, stats, version, modelName);
    const told = isOnGitHub() ? annotations(verdicts, firstFailures) : '';
    // Workflow commands are read from both; JSON stands alone.
    (flags.json ? process.stderr : process.stdout).write(told);
    for (const verdict of verdicts) if (verdict.missed) log.error(missInWords(verdict));
  }
  const exitCode = exitCodeFor(outcome, failed, verdicts, flags.exitZero, signals.received);
  if (flags.junit !== undefined) {
    const why =
      judged === undefined ? oneLine(error === undefined ? 'the run was interrupted' : messageOf(error)) : undefined;
    writeTextFile(flags.junit, junitXml({ rows, failed, forgiven: flags.exitZero, error: why }, verdicts));
  }
  if (flags.summary !== undefined) {
    writeSummary(flags.summary, {
      version,
      engine: model.loaded?.engine,
      model: model.loaded?.pool.model,
      work: { state: { shard: null, runtimes: [], finished: null }, resumed: false },
      inputs: plan.inputs,
      stats,
      restarts: model.loaded?.pool.restarts ?? 0,
      seconds,
      estimate: undefined,
      chooses: false,
      complete: judged !== undefined,
      exitCode,
    });
  }
  if (error !== undefined) throw error;
  if (end === 'stopped' && signals.received !== undefined) dieBy(signals.received);
  process.exitCode = exitCode;
}

interface Outcome {
  readonly end: RunEnd | 'failed';
  readonly error?: unknown;
  /** undefined: not all rows were read. */
  readonly judged?: CollectedRows;
  /** Rows that the baseline does not have. */
  readonly unmatched?: number;
}

/** The run of `score`, with columns in the place of an output. */
async function readRows(
  { inputs, format: settings, needsModel, baseline, policy }: EvalPlan,
  flags: EvalFlags,
  model: ModelOnDemand,
  stats: RunStatistics,
  signal: AbortSignal,
  log: Log,
): Promise<Outcome> {
  const progress = watchProgress({ inputs, blocks: undefined }, stats, flags, log);
  // A message written beside the bar would be drawn over.
  signal.addEventListener('abort', () => progress.stop());
  const { label, group, by } = settings.evaluation;
  const collector = new Collector({
    labelled: label !== undefined,
    grouped: group !== undefined,
    sliced: by !== undefined,
    texts: settings.evaluation.texts,
    partnerOf: baseline && ((row) => baseline.partnerOf(row)),
  });
  let lines: Uint8Array = new Uint8Array();
  let errors: AppendedFile | undefined;
  try {
    if (needsModel) await model.load();
    if (flags.errors !== undefined) errors = await AppendedFile.open(flags.errors);
    const format = createFormat(settings);
    const { maxRowBytes, limit } = flags;
    const end = await run({
      ...besideWorkers(model.workers),
      inputs,
      windows: readWindows({ inputs, format, windowSize: model.windowSize, maxRowBytes, limit, signal }),
      header: undefined,
      output: {
        ...nowhere,
        async write(bytes) {
          lines = bytes;
          return true;
        },
      },
      errors,
      stats,
      policy,
      journal: undefined,
      scoreWindow: (window) => model.score(window),
      signal,
      onProgress(window) {
        collector.add(lines, window.file);
        progress.update(window);
      },
    });
    await errors?.close();
    return end === 'finished' ? { end, judged: collector.end(), unmatched: baseline?.end() ?? 0 } : { end };
  } catch (error) {
    await errors?.abandon();
    return { end: 'failed', error };
  } finally {
    progress.stop();
  }
}

/** Prints the evaluation, and judges it. */
async function show(
  judged: CollectedRows,
  unmatched: number,
  { inputs, format, baseline }: EvalPlan,
  flags: EvalFlags,
  { counts: { rows, failed } }: RunStatistics,
  version: string,
  modelName: string | undefined,
): Promise<readonly Verdict[]> {
  const { bootstrap: resamples, seed, activation, json } = flags;
  const { by } = format.evaluation;
  const meaning = activation === 'none' ? 'logit' : 'probability';
  const evaluation = evaluate(judged, { resamples, seed, meaning });
  const verdicts = checkThresholds(
    [...(flags.failUnder ?? []), ...(flags.failOver ?? [])],
    evaluation.metrics,
    flags.failOnInterval,
  );
  if (flags.report !== undefined) {
    const { label, group } = format.evaluation;
    await writeReport(flags.report, {
      run: { model: modelName ?? 'scored before', rows, failed, version, labels: label, resamples, seed },
      evaluation,
      verdicts,
      collected: judged,
      files: inputs.map(({ name }) => name),
      by,
      grouped: group !== undefined || judged.rows.columns.groups !== undefined,
      baseline: baseline?.path,
      meaning,
    });
  }
  if (json) {
    process.stdout.write(evaluationAsJson(evaluation, verdicts, { rows, failed }));
    return verdicts;
  }
  const notes = notesOn({ collected: judged, evaluation, fields: format.evaluation, rows, unmatched });
  const told = { evaluation, verdicts, rows, failed, resamples, by, baseline: baseline?.path, notes };
  process.stdout.write(evaluationInWords(told));
  return verdicts;
}

function exitCodeFor(
  { end, error }: Outcome,
  failed: number,
  verdicts: readonly Verdict[],
  exitZero: boolean,
  signal: NodeJS.Signals | undefined,
): number {
  if (end === 'failed') return error instanceof FatalError && error.kind === 'usage' ? ExitCode.usage : ExitCode.fatal;
  if (end === 'stopped' && signal !== undefined) return exitCodeOf(signal);
  if (verdicts.some(({ missed }) => missed)) return ExitCode.missed;
  return failed > 0 && !exitZero ? ExitCode.badRows : ExitCode.ok;
}

function writeTextFile(path: string, content: string): void {
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw runError(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
}
