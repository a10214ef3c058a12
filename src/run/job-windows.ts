/** Which windows a job consists of. */
import { usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import { createFormat } from '../rows/formats/index.js';
import { groupKeyReader } from '../rows/group-key.js';
import { type InputRecord, recordAt } from '../rows/records.js';
import type { Window } from '../scorer/protocol.js';
import type { WindowSize } from '../scorer/window-size.js';
import { joinsByKey } from '../selection/joins.js';
import type { Input } from './input.js';
import type { JobEvents, JobReading } from './job.js';
import { readWindows } from './read-windows.js';
import type { JoinsGroup } from './record-groups.js';
import { blocksOf } from './shards.js';
import { windowsOf } from './windows.js';

type WindowEvents = Pick<JobEvents, 'signal' | 'onNotice'>;

/** @throws FatalError `usage` where a share of inputs without a length is requested */
export async function windowsOfJob(
  job: JobReading,
  size: WindowSize,
  events: WindowEvents,
): Promise<AsyncGenerator<Window>> {
  const { inputs, task, limit, shard, stream } = job;
  return readWindows({
    inputs,
    format: createFormat(task.format),
    windowSize: size,
    maxRowBytes: task.maxRowBytes,
    limit,
    blocks: shard && blocksOf(shard, await lengthsOf(inputs, events), size),
    joins: joinsOf(job, events),
    eager: stream,
    signal: events.signal,
  });
}

/** The greatest possible number of windows. */
export const countWindows = ({ inputs }: Pick<JobReading, 'inputs'>, size: WindowSize): number =>
  windowsOf(
    inputs.map(({ length }) => length),
    size,
  );

/** Checks whether a record has the same value as the one before in the field that `best` groups by. */
function joinsOf({ inputs, task }: JobReading, { onNotice }: WindowEvents): JoinsGroup | undefined {
  const field = task.answer.kind === 'selection' ? task.answer.selection.group : undefined;
  if (field === undefined) return undefined;
  const placeOf = ({ line, byte }: InputRecord): string =>
    inputs.length === 1 ? `${inputs[0]?.name}:${line ?? `byte ${byte}`}` : `line ${line}`;
  const joins = joinsByKey({
    field,
    readKey: groupKeyReader(task.format, field),
    isBlank: createFormat(task.format).isBlank,
    placeOf,
    onReturn: (group, record) =>
      onNotice(
        `${placeOf(record)}: the group ${group} was there before, with others in between: rows of a group are chosen ` +
          `among only where they follow one another; sort by ${field} first (reported once)`,
      ),
  });
  return (batch, i) => joins(recordAt(batch, i));
}

/** Lengths of the inputs' contents; those of compressed inputs are known only after reading them. */
async function lengthsOf(inputs: readonly Input[], { onNotice }: WindowEvents): Promise<number[]> {
  const lengths: number[] = [];
  for (const input of inputs) {
    if (input.size === undefined) {
      throw usageError(`${input.name}: expected a regular file for ${optionName('shard')}`);
    }
    if (input.length === undefined) {
      onNotice(`${input.name}: reading it once to learn its length, which a compressed file does not state`);
      lengths.push(await input.measure());
    } else lengths.push(input.length);
  }
  return lengths;
}
