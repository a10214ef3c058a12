/** `score` and `best`: from flags to a job, and from its end to messages, summary and exit code. */
import { FatalError } from '../../errors.js';
import { createFormat } from '../../rows/formats/index.js';
import { CountingSink } from '../../run/counting-sink.js';
import type { Job } from '../../run/job.js';
import { followLinks } from '../../run/output-path.js';
import { OutputSink } from '../../run/output-sink.js';
import { type RunOutcome, runJob } from '../../run/run-job.js';
import type { RunStatistics } from '../../run/statistics.js';
import { LazyScorer } from '../../scorer/lazy-scorer.js';
import { type ModelScorer, openScorer } from '../../scorer/open.js';
import type { Scorer } from '../../scorer/scorer.js';
import type { CommandContext, Context } from '../context.js';
import { ExitCode, exitCodeOf } from '../exit-codes.js';
import { fingerprintOf, templateDateOf } from './fingerprint.js';
import { inputFiles } from './input-files.js';
import { type Plan, planScoring, type ScoreOrBestFlags } from './plan.js';
import { printEnd, printEstimate, printRewards, rowsInWords } from './print.js';
import { requestOf } from './request.js';
import { writeScoreReport } from './score-report.js';
import { printGains } from './selection.js';
import { Session, totalBytesOf } from './session.js';
import { factsOf, writeSummary } from './summary.js';

export async function score(
  files: readonly string[],
  given: ScoreOrBestFlags,
  context: CommandContext,
): Promise<number> {
  const started = performance.now();
  const flags = { ...given, output: followLinks(given.output) };
  const plan = await planScoring(inputFiles(files), flags, context);
  try {
    return await scorePlanned(plan, flags, started, context);
  } finally {
    plan.claimed?.release();
  }
}

async function scorePlanned(
  plan: Plan,
  flags: ScoreOrBestFlags,
  started: number,
  context: CommandContext,
): Promise<number> {
  const { inputs } = plan;
  const session = new Session(context, flags, { inputs });
  let model: ModelScorer | undefined;
  let scorer: Scorer | undefined;
  let done: { readonly job: Job; readonly outcome: RunOutcome };
  try {
    if (plan.task.format.existing !== 'take only') {
      // A run that goes on on another day goes on with the first one's.
      const templateDate = flags.templateDate ?? templateDateOf(plan.claimed?.unfinished?.fingerprint);
      model = await openScorer(requestOf({ ...flags, templateDate }), {
        ...session.scorerUi,
        dateNeededBy: flags.shard && '--shard',
      });
    }
    scorer = model ?? new LazyScorer(noModel);
    const job = jobOf(plan, flags, { scorer, model }, session, context);
    done = { job, outcome: await runJob(job, scorer, eventsOf(job, session)) };
  } catch (error) {
    await scorer?.close();
    const { received } = session;
    session.end();
    if (received === undefined) throw error;
    plan.claimed?.release();
    context.dieBy(received);
    return exitCodeOf(received);
  }
  // A run that ended early does not wait for what may still come through a pipe.
  session.stopReading();
  const ownSeconds = (performance.now() - started) / 1000;
  const restarts = model?.restarts ?? 0;
  await scorer.close();
  session.end();
  const { received } = session;
  const exitCode = conclude({ ...done, scorer, model, restarts, ownSeconds, received }, flags, context);
  if (flags.report !== undefined && done.outcome.end === 'finished') {
    const { statistics } = done.job.sink;
    await writeScoreReport(
      flags.report,
      { inputs, format: plan.task.format, statistics, scorer: model },
      flags,
      context,
    );
  }
  if (done.outcome.end === 'stopped' && received !== undefined) {
    plan.claimed?.release();
    context.dieBy(received);
  }
  return exitCode;
}

const isFiltered = ({ minReward, topPercent }: ScoreOrBestFlags): boolean =>
  minReward !== undefined || topPercent !== undefined;

/** Rows whose rewards are taken, and no others, need no model. */
const noModel = (): never => {
  throw new Error('a row is to be scored without a model');
};

interface OpenedScorer {
  readonly scorer: Scorer;
  /** The same, where it has a model. */
  readonly model: ModelScorer | undefined;
}

function jobOf(
  { inputs, task, claimed, assemble }: Plan,
  flags: ScoreOrBestFlags,
  { scorer, model }: OpenedScorer,
  session: Session,
  context: Context,
): Job {
  const { shard, limit, stream, errors: errorsPath, strict, onError, maxErrors } = flags;
  const { windowSize } = scorer;
  const identity = model?.identity;
  const { version } = context;
  const sink =
    claimed === undefined
      ? new CountingSink({ errorsPath })
      : new OutputSink({
          claimed,
          streams: context,
          assemble,
          header: createFormat(task.format).outputHeader,
          errorsPath,
          inputs,
          shard,
          limit,
          stream,
          fingerprint: fingerprintOf(flags, { version, identity, task, windowSize }),
          runtime: { onnxruntime: identity?.onnxruntime ?? 'none', cpu: identity?.cpu ?? 'none' },
          model: identity && {
            name: identity.model.name,
            revision: identity.model.revision,
            sha256: identity.model.sha256,
          },
          strict,
          onNotice: session.note,
          signal: session.signal,
        });
  return { inputs, task, limit, shard, stream, policy: { action: onError, limit: maxErrors }, sink };
}

const eventsOf = ({ inputs, sink, shard, limit }: Job, session: Session) =>
  session.jobEvents(() => {
    const { rows } = sink.statistics.counts;
    if (rows > 0) session.note(`going on after ${rowsInWords(rows)} that are done`);
    return { totalBytes: totalBytesOf(inputs, shard !== undefined || limit !== undefined) };
  });

interface Conclusion extends OpenedScorer {
  readonly job: Job;
  readonly outcome: RunOutcome;
  readonly restarts: number;
  readonly ownSeconds: number;
  readonly received: NodeJS.Signals | undefined;
}

function conclude(
  { job, outcome, scorer, model, restarts, ownSeconds, received }: Conclusion,
  flags: ScoreOrBestFlags,
  context: CommandContext,
): number {
  const { log } = context;
  const { sink, inputs } = job;
  const { statistics } = sink;
  const output = sink instanceof OutputSink ? sink : undefined;
  const earlier = output?.state.finished ?? output?.state.done;
  const seconds = (earlier?.seconds ?? 0) + ownSeconds;
  // Both the dry run and the run itself read rows and tokenise texts.
  const computing = model === undefined ? 0 : statistics.work / model.workPerSecond;
  const estimate = flags.dryRun ? ownSeconds + computing : undefined;
  const exitCode = exitCodeFor(outcome, statistics, flags.exitZero, received);
  if (flags.summary !== undefined) {
    writeSummary(flags.summary, {
      version: context.version,
      notices: context.notices,
      scorer: model && { ...factsOf(model), restarts },
      state: output?.state,
      resumed: output?.resumed ?? false,
      inputs,
      statistics,
      seconds,
      estimate,
      filters: isFiltered(flags),
      selects: flags.best !== undefined,
      makesPairs: flags.best?.pairs ?? false,
      complete: outcome.end === 'finished',
      exitCode,
    });
  }
  const { unfinished, error, end, nothingLeft } = outcome;
  if (nothingLeft) log.note(`${flags.output} is finished: nothing is left to do`);
  if (unfinished !== undefined) {
    const how = unfinished.resumable ? '; --resume goes on from there' : '';
    log.error(`${unfinished.rows} rows are kept in ${unfinished.path}${how}`);
  }
  if (error !== undefined) throw error;
  if (end !== 'reader gone' && !nothingLeft) {
    printEnd(statistics, model?.identity.scoring.maxLength ?? 0, seconds, log);
    printRewards(statistics, context);
    if (isFiltered(flags) && !flags.dryRun) {
      const { rows, kept } = statistics.counts;
      log.note(`${rowsInWords(kept)} kept, ${rowsInWords(rows - kept)} dropped`);
    }
    if (flags.best !== undefined) printGains(statistics, flags.best.pairs, log);
    if (estimate !== undefined) printEstimate(statistics, estimate, scorer.workers, log);
  }
  return exitCode;
}

function exitCodeFor(
  { end, error }: RunOutcome,
  { counts }: RunStatistics,
  exitZero: boolean,
  signal: NodeJS.Signals | undefined,
): number {
  if (end === 'failed') return error instanceof FatalError && error.kind === 'usage' ? ExitCode.usage : ExitCode.fatal;
  if (end === 'stopped' && signal !== undefined) return exitCodeOf(signal);
  return end === 'finished' && counts.failed > 0 && !exitZero ? ExitCode.badRows : ExitCode.ok;
}
