/** What of a run is done already, and what is left to do. */
import { usageError } from '../../errors.js';
import { thisProcess } from '../../platform/processes.js';
import { groupKeyReader } from '../../rows/group-key.js';
import { type InputRecord, recordAt } from '../../rows/records.js';
import { factsOf } from '../../run/input-facts.js';
import { readWindows } from '../../run/read-windows.js';
import type { JoinsGroup } from '../../run/record-groups.js';
import { isFinishedFor, refuseOthersWork, refuseOtherWork, reopen, skipDone } from '../../run/resume.js';
import { type RunState, type Runtime, startOfRun } from '../../run/run-file.js';
import { WindowHash } from '../../run/window-hash.js';
import type { ReadyModel, Window } from '../../scorer/protocol.js';
import { joinsByKey } from '../../selection/joins.js';
import type { ScoreFlags } from '../flags/score-command.js';
import type { Log } from '../log.js';
import { cameBack } from './best.js';
import { fingerprintOf, runtimeOf } from './fingerprint.js';
import type { Plan } from './plan.js';

export interface Work {
  /** As it is before the first window. */
  readonly state: RunState;
  /** An earlier run did a part. */
  readonly resumed: boolean;
  /** Windows to score; undefined: an earlier run has finished. */
  readonly windows: AsyncIterable<Window> | undefined;
  /** Of the windows that are done. */
  readonly hash: WindowHash;
}

/** @throws FatalError `usage` where there is work that may neither be gone on with nor thrown away */
export async function findWorkToDo(
  plan: Plan,
  flags: ScoreFlags,
  model: ReadyModel,
  version: string,
  log: Log,
  signal: AbortSignal,
): Promise<Work> {
  const { output, shard = null, limit = null, maxRowBytes, strict, stream } = flags;
  const { inputs, format, windowSize, blocks, left } = plan;
  const facts = inputs.map(factsOf);
  const runtime = runtimeOf(version, model);
  const fingerprint = fingerprintOf(flags, plan, model);
  const fresh = startOfRun({ fingerprint, runtimes: [runtime], inputs: facts, shard, limit });
  const { choice } = plan;
  const joins = choice?.group === undefined ? undefined : joinsRecords(plan, choice.group, log);
  const windows = readWindows({
    inputs,
    format,
    windowSize,
    maxRowBytes,
    limit: limit ?? undefined,
    blocks,
    joins,
    eager: stream,
    signal,
  });

  if (left === undefined) return { state: fresh, resumed: false, windows, hash: new WindowHash() };

  refuseOthersWork(output, left);
  refuseOtherWork(output, left, fingerprint, facts);
  const others = left.runtimes.filter((other) => JSON.stringify(other) !== JSON.stringify(runtime));
  if (others.length > 0) {
    const notice = `${output} was begun ${differenceInWords(others[0] as Runtime, runtime)}: rewards may differ in their last digits`;
    if (strict) throw usageError(`${notice} (--strict)`);
    log.note(notice);
  }
  const state = { ...left, fingerprint, limit, runtimes: [...others, runtime], inputs: facts, writer: thisProcess() };
  if (isFinishedFor(left, facts, limit)) return { state, resumed: true, windows: undefined, hash: new WindowHash() };
  const going = await skipDone(output, left, windows, signal);
  if (left.finished !== null && going.windows !== undefined) await reopen(output, state);
  return { state: going.windows === undefined ? state : { ...state, finished: null }, resumed: true, ...going };
}

/** Whether a record has the value of the one before in a field. */
function joinsRecords({ format, formatSettings, inputs }: Plan, field: string, log: Log): JoinsGroup {
  const placeOf = ({ line, byte }: InputRecord): string =>
    inputs.length === 1 ? `${inputs[0]?.name}:${line ?? `byte ${byte}`}` : `line ${line}`;
  const joins = joinsByKey({
    field,
    readKey: groupKeyReader(formatSettings, field),
    isBlank: format.isBlank,
    placeOf,
    onReturn: (group, record) => log.note(cameBack(group, field, placeOf(record))),
  });
  return (batch, i) => joins(recordAt(batch, i));
}

function differenceInWords(then: Runtime, now: Runtime): string {
  const names: Runtime = { rewardScore: 'reward-score', onnxruntime: 'onnxruntime', cpu: 'a processor of kind' };
  return (Object.entries(names) as [keyof Runtime, string][])
    .filter(([key]) => then[key] !== now[key])
    .map(([key, name]) => `by ${name} ${then[key]} (here: ${now[key]})`)
    .join(' and ');
}
