/** Runs plans one after the other, with one scorer: that of one output, or those of a folder. */
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { messageOf, runError } from '../../errors.js';
import { isFile } from '../../platform/files.js';
import { createFormat } from '../../rows/formats/index.js';
import { CountingSink } from '../../run/counting-sink.js';
import type { Job, JobEvents, JobProgress } from '../../run/job.js';
import { OutputSink } from '../../run/output-sink.js';
import type { RunState } from '../../run/run-file.js';
import { type RunOutcome, runJob } from '../../run/run-job.js';
import { RunStatistics } from '../../run/statistics.js';
import type { ModelScorer } from '../../scorer/open.js';
import type { Scorer } from '../../scorer/scorer.js';
import type { Context } from '../context.js';
import { fingerprintOf } from './fingerprint.js';
import type { Plan, ScoreOrBestFlags } from './plan.js';
import { rowsInWords } from './print.js';
import { type Session, totalBytesOf } from './session.js';

export interface OpenedScorer {
  readonly scorer: Scorer;
  /** The same, where it has a model. */
  readonly model: ModelScorer | undefined;
}

/** What came of all plans. */
export interface PlansRun {
  readonly outcome: RunOutcome;
  readonly statistics: RunStatistics;
  /** Of each output that was begun, as it was before the first window of this run. */
  readonly states: readonly RunState[];
  readonly resumed: boolean;
}

/** @throws FatalError for errors before the first window is scored; a later error is the outcome's */
export async function runPlans(
  plans: readonly Plan[],
  flags: ScoreOrBestFlags,
  opened: OpenedScorer,
  session: Session,
  context: Context,
): Promise<PlansRun> {
  const [first, ...others] = plans as [Plan, ...Plan[]];
  if (others.length === 0) {
    const job = jobOf(first, flags, opened, session, context);
    const outcome = await runJob(job, opened.scorer, eventsOf(job, session));
    await (outcome.end === 'finished' ? first.moveToPlace?.() : undefined);
    await joinErrors(plans, flags.errors);
    return { outcome, statistics: job.sink.statistics, ...outputOf(job) };
  }
  return runEach(plans, flags, opened, session, context);
}

async function runEach(
  plans: readonly Plan[],
  flags: ScoreOrBestFlags,
  opened: OpenedScorer,
  session: Session,
  context: Context,
): Promise<PlansRun> {
  const statistics = new RunStatistics();
  const states: RunState[] = [];
  let resumed = false;
  let outcome: RunOutcome = { end: 'finished', nothingLeft: true };
  const progress = new ProgressOfAll(plans, flags, session);
  for (const [i, plan] of plans.entries()) {
    const { rows, failed } = statistics.counts;
    const left = flags.limit === undefined ? {} : { limit: flags.limit - rows };
    if (left.limit === 0) break;
    const job = { ...jobOf(plan, { ...flags, ...left }, opened, session, context), before: { rows, failed } };
    const one = await runOne(job, opened.scorer, progress.eventsOf(job, plan), i);
    statistics.addFile(job.sink.statistics, i);
    progress.done(job, one);
    const output = outputOf(job);
    states.push(...output.states);
    resumed ||= output.resumed;
    outcome = { ...one, nothingLeft: one.nothingLeft && outcome.nothingLeft };
    if (one.end !== 'finished') break;
    await plan.moveToPlace?.();
  }
  if (!flags.dryRun) await joinErrors(plans, flags.errors);
  return { outcome, statistics, states, resumed };
}

/** After the first one, an error is that of a run of which outputs are whole already. */
async function runOne(job: Job, scorer: Scorer, events: JobEvents, index: number): Promise<RunOutcome> {
  try {
    return await runJob(job, scorer, events);
  } catch (error) {
    if (index === 0) throw error;
    return { end: 'failed', error, nothingLeft: false };
  }
}

function outputOf({ sink }: Job): Pick<PlansRun, 'states' | 'resumed'> {
  return sink instanceof OutputSink ? { states: [sink.state], resumed: sink.resumed } : { states: [], resumed: false };
}

function jobOf(
  { inputs, task, output, errorsPath, claimed, assemble }: Plan,
  flags: ScoreOrBestFlags,
  { scorer, model }: OpenedScorer,
  session: Session,
  context: Context,
): Job {
  const { shard, limit, stream, strict, onError, maxErrors } = flags;
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
          fingerprint: fingerprintOf({ ...flags, output }, { version, identity, task, windowSize }),
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

const eventsOf = ({ inputs, sink, shard, limit }: Job, session: Session): JobEvents =>
  session.jobEvents(() => {
    const { rows } = sink.statistics.counts;
    if (rows > 0) session.note(`going on after ${rowsInWords(rows)} that are done`);
    return { totalBytes: totalBytesOf(inputs, shard !== undefined || limit !== undefined) };
  });

/** The progress of several jobs as that of one. */
class ProgressOfAll {
  readonly #session: Session;
  readonly #events: JobEvents;
  #isStarted = false;
  /** The jobs that are done: all of them, and what earlier runs did of them. */
  #past = nothing;
  #earlier = nothing;
  #last: JobProgress | undefined;

  constructor(plans: readonly Plan[], { limit }: ScoreOrBestFlags, session: Session) {
    const inputs = plans.flatMap((plan) => plan.inputs);
    this.#events = session.jobEvents(() => ({ totalBytes: totalBytesOf(inputs, limit !== undefined) }));
    this.#session = session;
  }

  eventsOf({ sink }: Job, { output }: Plan): JobEvents {
    return {
      ...this.#events,
      onStart: () => {
        const { rows } = sink.statistics.counts;
        if (rows > 0) this.#session.note(`${output}: going on after ${rowsInWords(rows)} that are done`);
        if (!this.#isStarted) this.#events.onStart?.();
        this.#isStarted = true;
      },
      onProgress: (progress) => {
        this.#last = progress;
        const { bytes, rows, before } = progress;
        this.#events.onProgress?.({ ...sum(this.#past, { bytes, rows }), before: sum(this.#earlier, before) });
      },
    };
  }

  done({ inputs, sink }: Job, { nothingLeft }: RunOutcome): void {
    const whole = {
      bytes: inputs.reduce((bytes, { length = 0 }) => bytes + length, 0),
      rows: sink.statistics.counts.rows,
    };
    this.#past = sum(this.#past, whole);
    this.#earlier = sum(this.#earlier, nothingLeft ? whole : (this.#last?.before ?? nothing));
    this.#last = undefined;
  }
}

type Done = JobProgress['before'];
const nothing: Done = { bytes: 0, rows: 0 };
const sum = (a: Done, b: Done): Done => ({ bytes: a.bytes + b.bytes, rows: a.rows + b.rows });

/** Where each output has a list of bad rows of its own, one list of all. */
async function joinErrors(plans: readonly Plan[], path: string | undefined): Promise<void> {
  const lists = plans.flatMap(({ errorsPath }) =>
    errorsPath === undefined || errorsPath === path ? [] : [errorsPath],
  );
  if (path === undefined || lists.length === 0) return;
  const parts = async function* (): AsyncGenerator<Buffer> {
    for (const list of lists) if (isFile(list)) yield* createReadStream(list) as AsyncIterable<Buffer>;
  };
  try {
    await pipeline(parts, createWriteStream(path));
  } catch (error) {
    throw runError(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
}
