/** Which windows a job consists of. */
import { usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import { readLimits } from '../platform/limits.js';
import { createFormat } from '../rows/formats/index.js';
import { groupKeyReader } from '../rows/group-key.js';
import { recordAt } from '../rows/records.js';
import type { ScoredWindow, Window } from '../scorer/protocol.js';
import type { WindowSize } from '../scorer/window-size.js';
import { joinsByKey } from '../selection/joins.js';
import { GatheredRows } from './gathered-rows.js';
import type { Input } from './input.js';
import type { JobEvents, JobReading } from './job.js';
import { readWindows } from './read-windows.js';
import type { JoinsGroup } from './record-groups.js';
import { blocksOf, partsOf } from './shards.js';
import { windowsOf } from './windows.js';

type WindowEvents = Pick<JobEvents, 'signal' | 'onNotice'>;

export interface JobWindows<Windows = AsyncIterable<Window>> {
  readonly windows: Windows;
  /** Says of a window's answer where its rows stand, where the window's own position does not. */
  readonly locate?: (window: Window, scored: ScoredWindow) => ScoredWindow;
}

/** The most rows that are held are those that fill this share of the memory that is free: a model takes its own. */
const GATHERED_SHARE = 0.5;

/** @throws FatalError `usage` where a share of inputs without a length is requested */
export async function windowsOfJob(
  job: JobReading,
  size: WindowSize,
  events: WindowEvents,
): Promise<JobWindows<AsyncGenerator<Window>>> {
  const { inputs, task, limit, shard, stream } = job;
  const gathered = gatheredRowsOf(job, events);
  // A shard of Parquet has whole row groups, and windows end where they do.
  const byParts = task.format.to === 'parquet';
  const windows = readWindows({
    inputs,
    format: createFormat(task.format),
    windowSize: size,
    maxRowBytes: task.maxRowBytes,
    limit,
    blocks:
      shard &&
      (byParts ? partsOf(shard, await countParts(inputs)) : blocksOf(shard, await lengthsOf(inputs, events), size)),
    byParts,
    joins: joinsOf(job),
    gathered,
    eager: stream,
    signal: events.signal,
  });
  return { windows, ...(gathered && { locate: (window, scored) => gathered.locate(window, scored) }) };
}

function gatheredRowsOf({ inputs, task, limit }: JobReading, { signal }: WindowEvents): GatheredRows | undefined {
  const { group: field, gather } = task.answer.kind === 'selection' ? task.answer.selection : noSelection;
  if (field === undefined || !gather) return undefined;
  return new GatheredRows({
    inputs,
    format: createFormat(task.format),
    maxRowBytes: task.maxRowBytes,
    limit,
    field,
    readKey: groupKeyReader(task.format, field),
    lineEnd: task.format.header?.lineEnd ?? '\n',
    mostBytes: GATHERED_SHARE * readLimits().freeBytes,
    signal,
  });
}

const noSelection = { group: undefined, gather: false };

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

async function countParts(inputs: readonly Input[]): Promise<number[]> {
  const counts: number[] = [];
  for (const input of inputs) counts.push((await input.parts()).length);
  return counts;
}

/** Lengths of the inputs' contents; those of compressed inputs are known only after reading them. */
async function lengthsOf(inputs: readonly Input[], { onNotice }: WindowEvents): Promise<number[]> {
  const lengths: number[] = [];
  for (const input of inputs) {
    if (input.size === undefined) {
      throw usageError(`${input.name}: expected a regular file for ${optionName('shard')}`);
    }
    if (input.isArray) {
      throw usageError(
        `${input.name}: expected JSON lines for ${optionName('shard')}, got a JSON array; make lines of it with: jq -c '.[]' FILE`,
      );
    }
    if (input.length === undefined) {
      onNotice(`${input.name}: reading it once to learn its length, which a compressed file does not state`);
      lengths.push(await input.measure());
    } else lengths.push(input.length);
  }
  return lengths;
}
