/** From inputs to windows: which records are read, and where they are cut. */
import type { RowFormat } from '../rows/formats/format.js';
import { type Position, readRecords, recordAt } from '../rows/records.js';
import type { Window } from '../scorer/protocol.js';
import type { WindowSize } from '../scorer/window-size.js';
import type { GatheredRows } from './gathered-rows.js';
import type { Input } from './input.js';
import { type GroupedBatch, groupRecords, type JoinsGroup, sliceGrouped } from './record-groups.js';
import type { BlockRange } from './shards.js';
import { blockOf, cutWindows, type FileWindow, groupLimitsFor } from './windows.js';

export interface ReadOptions {
  readonly inputs: readonly Input[];
  readonly format: RowFormat;
  readonly windowSize: WindowSize;
  /** A longer record is not carried. */
  readonly maxRowBytes: number;
  /** Records after so many are not read. */
  readonly limit?: number | undefined;
  /** The blocks of each input that are read; undefined where all are. */
  readonly blocks?: readonly BlockRange[] | undefined;
  /** Which records form a group; such a group is never cut. Default: records with a long text in common. */
  readonly joins?: JoinsGroup | undefined;
  /** What yields all records of the inputs in the place of them, as one file. */
  readonly gathered?: GatheredRows | undefined;
  /**
   * Whether the inputs are read part by part, each as if it were a file of its own; `blocks` are then parts. A record's
   * byte is counted from the beginning of its part.
   */
  readonly byParts?: boolean;
  /** Whether windows end with the records that have arrived. */
  readonly eager?: boolean;
  /** Once it is aborted, no more is read. */
  readonly signal: AbortSignal;
}

export async function* readWindows(options: ReadOptions): AsyncGenerator<Window> {
  const { inputs, format, windowSize: size, limit, blocks, gathered, eager = false, signal } = options;
  const countdown = limit === undefined ? undefined : { left: limit };
  let index = 0;
  if (gathered !== undefined) {
    const records = groupRecords(gathered.batches(), uncut, options.joins);
    for await (const window of cutWindows(records, { size })) {
      if (signal.aborted) return;
      yield { ...window, index: index++, file: 0 };
    }
    return;
  }
  for (const [file, input] of inputs.entries()) {
    const range = blocks?.[file];
    if (options.byParts) {
      for await (const window of windowsOfParts(input, options, range, countdown)) {
        yield { ...window, index: index++, file };
      }
      if (countdown?.left === 0) return;
      continue;
    }
    // A file before a shard's own is read all the same where groups may not come back.
    const isPassed = range !== undefined && range.from === range.until;
    if (isPassed && (options.joins === undefined || range.until === 0)) continue;
    let records = recordsOf(input, file, options, range);
    if (countdown !== undefined) records = first(records, countdown, format);
    for await (const window of cutWindows(records, { size, eager })) {
      if (signal.aborted) return;
      yield { ...window, index: index++, file };
    }
    if (countdown?.left === 0) return;
  }
}

async function* windowsOfParts(
  input: Input,
  { format, windowSize: size, maxRowBytes, signal }: ReadOptions,
  range: BlockRange | undefined,
  countdown: { left: number } | undefined,
): AsyncGenerator<FileWindow> {
  const parts = await input.parts();
  const { from, until } = range ?? { from: 0, until: parts.length };
  for (const [index, { rowsBefore }] of parts.slice(from, until).entries()) {
    const part = from + index;
    const isLast = from === 0 && part === parts.length - 1;
    const start: Position = { byte: 0, line: rowsBefore + 1 };
    const records = readRecords(input.partContent(part, isLast), format.newScanner(), start, maxRowBytes);
    let grouped = groupRecords(records, groupLimitsFor(size));
    if (countdown !== undefined) grouped = first(grouped, countdown, format);
    for await (const window of cutWindows(grouped, { size })) {
      if (signal.aborted) return;
      // Nothing is ever appended to a part, but another limit may come to more of it.
      yield { ...window, open: window.open && countdown?.left === 0 };
    }
    if (countdown?.left === 0) return;
  }
}

/** Limits for whole groups, however long: the file is read from its beginning to find them. */
const uncut = { longest: Number.POSITIVE_INFINITY, border: Number.POSITIVE_INFINITY };

function recordsOf(
  input: Input,
  file: number,
  { format, windowSize, maxRowBytes, joins }: ReadOptions,
  range: BlockRange | undefined,
): AsyncIterable<GroupedBatch> {
  const limits = joins === undefined ? groupLimitsFor(windowSize) : uncut;
  const { border } = limits;
  const begin =
    range === undefined || joins !== undefined ? 0 : Math.floor((range.from * windowSize.bytes) / border) * border;
  // Reading begins one byte early, to find out whether a line ends just before the border.
  const start: Position =
    begin > 0 && format.linesAreRecords && input.seekable ? { byte: begin - 1, line: null } : input.body;
  const records = readRecords(input.content(start.byte), format.newScanner(), start, maxRowBytes);
  const grouped = groupRecords(records, limits, joins, file);
  return range === undefined ? grouped : within(grouped, range, windowSize);
}

/** Yields the records of the groups that begin in the blocks of a range. */
async function* within(
  batches: AsyncIterable<GroupedBatch>,
  { from, until }: BlockRange,
  size: WindowSize,
): AsyncGenerator<GroupedBatch> {
  for await (const batch of batches) {
    const blocks = batch.groups.map((group) => blockOf(group, size));
    const first = blocks.findIndex((block) => block >= from);
    const past = blocks.findIndex((block) => block >= until);
    const end = past < 0 ? blocks.length : past;
    if (first >= 0 && first < end) yield sliceGrouped(batch, first, end);
    if (past >= 0) return;
  }
}

/** Yields records up to a number of rows. */
async function* first(
  batches: AsyncIterable<GroupedBatch>,
  rows: { left: number },
  format: RowFormat,
): AsyncGenerator<GroupedBatch> {
  for await (const batch of batches) {
    let end = 0;
    for (; end < batch.ends.length && rows.left > 0; end++) if (!format.isBlank(recordAt(batch, end))) rows.left--;
    if (end > 0) yield sliceGrouped(batch, 0, end);
    if (rows.left === 0) return;
  }
}
