/** `score` and `best`: from flags to a job, and from its end to messages, summary and exit code. */
import { FatalError } from '../../errors.js';
import type { Input } from '../../run/input.js';
import { followLinks } from '../../run/output-path.js';
import { refuseFirstRows } from '../../run/refuse-first-rows.js';
import type { RunState } from '../../run/run-file.js';
import type { RunOutcome } from '../../run/run-job.js';
import type { RunStatistics } from '../../run/statistics.js';
import { LazyScorer } from '../../scorer/lazy-scorer.js';
import { type ModelScorer, openScorer } from '../../scorer/open.js';
import { ALL_LABELS } from '../../scorer/request.js';
import { labelsOf } from '../../scorer/resolve.js';
import type { Scorer } from '../../scorer/scorer.js';
import type { CommandContext } from '../context.js';
import { ExitCode, exitCodeOf } from '../exit-codes.js';
import { templateDateOf } from './fingerprint.js';
import { inputFiles } from './input-files.js';
import { noteNoRows } from './notice.js';
import { type Plan, planScoring, type ScoreOrBestFlags } from './plan.js';
import { type FolderPlan, planFolder } from './plan-folder.js';
import { printEnd, printEstimate, printRewards, rowsInWords } from './print.js';
import { requestOf } from './request.js';
import { type OpenedScorer, type PlansRun, runPlans } from './run-plans.js';
import { writeScoreReport } from './score-report.js';
import { printGains } from './selection.js';
import { Session } from './session.js';
import { factsOf, writeSummary } from './summary.js';
import { withDownloads } from './with-downloads.js';

export async function score(
  files: readonly string[],
  given: ScoreOrBestFlags,
  context: CommandContext,
): Promise<number> {
  const started = performance.now();
  const asked = { ...given, output: followLinks(given.output) };
  const inputs = await inputFiles(files, asked, context);
  const labels = await labelsOfAll(asked, context);
  const flags = { ...asked, ...(labels && { labels }) };
  const { plans, release } =
    flags.outputDir === undefined
      ? ofOne(await planScoring(inputs, flags, context))
      : await planFolder(flags.outputDir, inputs, flags, context);
  try {
    return await scorePlanned({ plans, release }, flags, started, context);
  } finally {
    release();
  }
}

/** Columns are named after the model's labels, where each has a reward; undefined where none has. */
async function labelsOfAll(flags: ScoreOrBestFlags, context: CommandContext): Promise<readonly string[] | undefined> {
  const { logit, best, model, head } = flags;
  if (logit !== ALL_LABELS || best !== undefined) return undefined;
  return withDownloads(flags, context, (download) => labelsOf(model, download, head));
}

const ofOne = (plan: Plan): FolderPlan => ({ plans: [plan], release: () => plan.claimed?.release() });

async function scorePlanned(
  { plans, release }: FolderPlan,
  flags: ScoreOrBestFlags,
  started: number,
  context: CommandContext,
): Promise<number> {
  const inputs = plans.flatMap((plan) => plan.inputs);
  await noteNoRows(
    plans.map((plan) => ({ inputs: plan.inputs, format: plan.task.format })),
    flags,
    context,
  );
  const session = new Session(context, flags, { inputs });
  let model: ModelScorer | undefined;
  let scorer: Scorer | undefined;
  let run: PlansRun;
  try {
    if (plans.some(({ task }) => task.format.existing !== 'take only')) {
      // A run that goes on on another day goes on with the first one's.
      const earlier = plans.map(({ claimed }) => templateDateOf(claimed?.unfinished?.fingerprint));
      const templateDate = flags.templateDate ?? earlier.find((date) => date !== undefined);
      model = await openScorer(requestOf({ ...flags, templateDate }), {
        ...session.scorerUi,
        dateNeededBy: flags.shard && '--shard',
        labelNeededBy: labelNeededBy(flags),
        onResolved(refusalOf) {
          for (const plan of plans) refuseFirstRows(plan.inputs, plan.task.format, refusalOf);
        },
      });
    }
    scorer = model ?? new LazyScorer(noModel);
    run = await runPlans(plans, flags, { scorer, model }, session, context);
  } catch (error) {
    await scorer?.close();
    const { received } = session;
    session.end();
    if (received === undefined) throw error;
    release();
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
  const exitCode = conclude({ ...run, inputs, scorer, model, restarts, ownSeconds, received }, flags, context);
  // A folder of outputs has no page: planning refuses it.
  const [plan] = plans;
  if (flags.report !== undefined && plan !== undefined && run.outcome.end === 'finished') {
    const { statistics } = run;
    const { format } = plan.task;
    await writeScoreReport(flags.report, { inputs, format, statistics, scorer: model }, flags, context);
  }
  if (run.outcome.end === 'stopped' && received !== undefined) {
    release();
    context.dieBy(received);
  }
  return exitCode;
}

/** Which flag, or command, takes one number for each text. */
const labelNeededBy = ({ best, minReward, topPercent, useRewards, report }: ScoreOrBestFlags): string | undefined =>
  [
    [best, 'best'],
    [minReward, '--min-reward'],
    [topPercent, '--top-percent'],
    [useRewards || undefined, '--use-rewards'],
    [report, '--report'],
  ].flatMap(([given, name]) => (given === undefined ? [] : [name as string]))[0];

const isFiltered = ({ minReward, topPercent }: ScoreOrBestFlags): boolean =>
  minReward !== undefined || topPercent !== undefined;

/** Rows whose rewards are taken, and no others, need no model. */
const noModel = (): never => {
  throw new Error('a row is to be scored without a model');
};

interface Conclusion extends OpenedScorer, PlansRun {
  readonly inputs: readonly Input[];
  readonly restarts: number;
  readonly ownSeconds: number;
  readonly received: NodeJS.Signals | undefined;
}

function conclude(
  { inputs, outcome, statistics, states, resumed, scorer, model, restarts, ownSeconds, received }: Conclusion,
  flags: ScoreOrBestFlags,
  context: CommandContext,
): number {
  const { log } = context;
  const seconds = states.reduce((sum, { finished, done }) => sum + (finished ?? done).seconds, ownSeconds);
  // Both the dry run and the run itself read rows and tokenise texts.
  const computing = model === undefined ? 0 : statistics.work / model.workPerSecond;
  const estimate = flags.dryRun ? ownSeconds + computing : undefined;
  const exitCode = exitCodeFor(outcome, statistics, flags.exitZero, received);
  if (flags.summary !== undefined) {
    writeSummary(flags.summary, {
      version: context.version,
      notices: context.notices,
      scorer: model && { ...factsOf(model), restarts },
      state: states[0] && { shard: states[0].shard, runtimes: runtimesOf(states) },
      hashes:
        flags.outputDir === undefined
          ? (states[0]?.finished?.hashes ?? [])
          : states.map(({ finished }) => finished?.hashes[0]),
      resumed,
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
  if (nothingLeft) log.note(`${flags.outputDir ?? flags.output} is finished: nothing is left to do`);
  if (unfinished !== undefined) {
    const how = unfinished.resumable ? '; --resume goes on from there' : '';
    const { rows, path } = unfinished;
    log.error(`${rowsInWords(rows)} ${rows === 1 ? 'is' : 'are'} kept in ${path}${how}`);
  }
  if (error !== undefined) throw error;
  if (end !== 'reader gone' && !nothingLeft) {
    const maxLength = model?.identity.scoring.maxLength ?? 0;
    printEnd(statistics, { maxLength, seconds, forms: flags.dryRun }, log);
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

/** Each kind of machine that had a part, once; this one, the last of each output's, is the last. */
function runtimesOf(states: readonly RunState[]): RunState['runtimes'] {
  const byText = new Map<string, RunState['runtimes'][number]>();
  for (const runtime of states.flatMap(({ runtimes }) => runtimes)) {
    const text = JSON.stringify(runtime);
    byText.delete(text);
    byText.set(text, runtime);
  }
  return [...byText.values()];
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
