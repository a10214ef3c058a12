/** Which windows a job consists of. */
import { usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import { createFormat } from '../rows/formats/index.js';
import { groupKeyReader } from '../rows/group-key.js';
import { recordAt } from '../rows/records.js';
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
    joins: joinsOf(job),
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
function joinsOf({ inputs, task }: JobReading): JoinsGroup | undefined {
  const field = task.answer.kind === 'selection' ? task.answer.selection.group : undefined;
  if (field === undefined) return undefined;
  const joins = joinsByKey({
    field,
    readKey: groupKeyReader(task.format, field),
    isBlank: createFormat(task.format).isBlank,
    placeOf: (file, line) => `${inputs[file]?.name}:${line}`,
  });
  return (batch, i, file) => joins(recordAt(batch, i), file);
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
