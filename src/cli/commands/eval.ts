/** `eval`: from flags to a job over labelled rows, and from its end to metrics, thresholds and an exit code. */
import { writeFileSync } from 'node:fs';
import { FatalError, messageOf, runError } from '../../errors.js';
import { type CollectedRows, Collector } from '../../evaluation/columns.js';
import { SuiteCollector } from '../../evaluation/suites/collect.js';
import { suites } from '../../evaluation/suites/index.js';
import type { Verdict } from '../../evaluation/thresholds.js';
import { annotations } from '../../report/annotations.js';
import { junitXml } from '../../report/junit.js';
import { missInWords } from '../../report/verdicts.js';
import { CountingSink } from '../../run/counting-sink.js';
import { refuseFirstRows } from '../../run/refuse-first-rows.js';
import { type RunOutcome, runJob } from '../../run/run-job.js';
import type { RunStatistics } from '../../run/statistics.js';
import { LazyScorer } from '../../scorer/lazy-scorer.js';
import { openScorer } from '../../scorer/open.js';
import type { CommandContext } from '../context.js';
import { ExitCode, exitCodeOf } from '../exit-codes.js';
import type { EvalFlags } from '../flags/flags.js';
import { oneLine } from '../one-line.js';
import { type EvalPlan, planEvaluation } from './eval/plan.js';
import { showEvaluation, showSuite } from './eval/show.js';
import { inputFiles } from './input-files.js';
import { noteNoRows } from './notice.js';
import { printEnd } from './print.js';
import { requestOf } from './request.js';
import { Session, totalBytesOf } from './session.js';
import { factsOf, writeSummary } from './summary.js';

export async function evaluateFiles(
  files: readonly string[],
  flags: EvalFlags,
  context: CommandContext,
): Promise<number> {
  const started = performance.now();
  const { log } = context;
  const plan = await planEvaluation(await inputFiles(files, flags, context), flags, context);
  const { inputs, needsModel } = plan;
  await noteNoRows([plan], flags, context);
  const session = new Session(context, flags, { inputs });
  const scorer = new LazyScorer(() =>
    openScorer(requestOf(flags), {
      ...session.scorerUi,
      labelNeededBy: 'eval',
      onResolved(refusalOf) {
        // A model that a later row needs is opened in the middle of the run, where a row is a bad one.
        if (needsModel) refuseFirstRows(inputs, plan.format, refusalOf);
      },
    }),
  );
  const suite =
    flags.suite &&
    new SuiteCollector(
      suites[flags.suite],
      inputs.map(({ name }) => name),
    );
  const collected = await collectRows(plan, flags, scorer, session, suite);
  const { statistics, outcome } = collected;
  const { model } = scorer;
  const restarts = model?.restarts ?? 0;
  await scorer.close();
  // The metrics of many rows take seconds: a signal ends them at once.
  session.end();

  const { rows, failed, firstFailures } = statistics.counts;
  const { end, error } = outcome;
  const seconds = (performance.now() - started) / 1000;
  let verdicts: readonly Verdict[] = [];
  if (collected.rows !== undefined) {
    printEnd(statistics, { maxLength: model?.identity.scoring.maxLength ?? 0, seconds }, log);
    const { unmatched } = collected;
    const facts = { collected: collected.rows, unmatched, plan, statistics, scorer: model };
    if (flags.suite !== undefined && suite !== undefined) showSuite(flags.suite, suite.rows, facts, flags, context);
    else verdicts = await showEvaluation(facts, flags, context);
    // Workflow commands are read from both; JSON stands alone.
    const stream = flags.json ? context.stderr : context.stdout;
    if (context.env.GITHUB_ACTIONS === 'true') stream.write(annotations(verdicts, firstFailures));
    for (const verdict of verdicts) if (verdict.missed) log.error(missInWords(verdict));
  }
  const exitCode = exitCodeFor(outcome, failed, verdicts, flags.exitZero, session.received);
  if (flags.junit !== undefined) {
    const why =
      collected.rows === undefined
        ? oneLine(error === undefined ? 'the run was interrupted' : messageOf(error))
        : undefined;
    writeTextFile(flags.junit, junitXml({ rows, failed, forgiven: flags.exitZero, error: why }, verdicts));
  }
  if (flags.summary !== undefined) {
    writeSummary(flags.summary, {
      version: context.version,
      notices: context.notices,
      scorer: model && { ...factsOf(model), restarts },
      state: undefined,
      hashes: [],
      resumed: false,
      inputs,
      statistics,
      seconds,
      estimate: undefined,
      filters: false,
      selects: false,
      makesPairs: false,
      complete: collected.rows !== undefined,
      exitCode,
    });
  }
  if (error !== undefined) throw error;
  if (end === 'stopped' && session.received !== undefined) context.dieBy(session.received);
  return exitCode;
}

interface CollectedRun {
  readonly outcome: Pick<RunOutcome, 'end' | 'error'>;
  readonly statistics: RunStatistics;
  /** Undefined if not all rows were read. */
  readonly rows: CollectedRows | undefined;
  /** Rows that the baseline does not have. */
  readonly unmatched: number;
}

/** The job of `score`, with columns in the place of an output. */
async function collectRows(
  { inputs, format, fields, needsModel, baseline }: EvalPlan,
  { errors: errorsPath, maxRowBytes, limit, onError, maxErrors, strict }: EvalFlags,
  scorer: LazyScorer,
  session: Session,
  suite: SuiteCollector | undefined,
): Promise<CollectedRun> {
  const { label, group, by, cluster, texts } = fields;
  const collector = new Collector({
    labelled: label !== undefined,
    grouped: group !== undefined,
    sliced: by !== undefined,
    cluster,
    texts,
    partnerOf: baseline && ((row) => baseline.partnerOf(row)),
  });
  const sink = new CountingSink({
    errorsPath,
    onEvaluated: (rows, file) => {
      suite?.addRows(rows, file);
      collector.addRows(rows, file);
    },
  });
  const { statistics } = sink;
  const job = {
    inputs,
    task: { format, answer: { kind: 'evaluation', fields }, maxRowBytes, dryRun: false, strict },
    limit,
    shard: undefined,
    stream: false,
    policy: { action: onError, limit: maxErrors },
    sink,
  } as const;
  const events = session.jobEvents(() => ({ totalBytes: totalBytesOf(inputs, limit !== undefined) }));
  try {
    if (needsModel) await scorer.openModel();
    const outcome = await runJob(job, scorer, events);
    const isWhole = outcome.end === 'finished';
    const unmatched = isWhole ? (baseline?.end() ?? 0) : 0;
    return { outcome, statistics, rows: isWhole ? collector.end() : undefined, unmatched };
  } catch (error) {
    return { outcome: { end: 'failed', error }, statistics, rows: undefined, unmatched: 0 };
  }
}

function exitCodeFor(
  { end, error }: CollectedRun['outcome'],
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
