/** From inputs to windows: which records are read, and how they are cut. */
import type { RowFormat } from '../rows/format.js';
import { type Place, type RecordBatch, readRecords, recordAt, sliceBatch, startOf } from '../rows/records.js';
import type { Window } from '../worker/messages.js';
import type { Input } from './input.js';
import type { BlockRange } from './shards.js';
import { blockOf, cutWindows, type WindowSize } from './windows.js';

export interface ReadOptions {
  readonly inputs: readonly Input[];
  readonly format: RowFormat;
  readonly windowSize: WindowSize;
  /** A longer record is not carried. */
  readonly maxRowBytes: number;
  /** Records after so many are not read. */
  readonly limit?: number | undefined;
  /** The blocks of each input that are read; undefined: all. */
  readonly blocks?: readonly BlockRange[] | undefined;
  /** Windows end with what has come. */
  readonly eager?: boolean;
  /** Aborted: no more is read. */
  readonly signal: AbortSignal;
}

export async function* readWindows(options: ReadOptions): AsyncGenerator<Window> {
  const { inputs, format, windowSize: size, limit, blocks, eager = false, signal } = options;
  const countdown = limit === undefined ? undefined : { left: limit };
  let index = 0;
  for (const [file, input] of inputs.entries()) {
    const range = blocks?.[file];
    if (range !== undefined && range.from === range.until) continue;
    let records = recordsOf(input, options, range);
    if (countdown !== undefined) records = first(records, countdown, format);
    for await (const window of cutWindows(records, { size, eager })) {
      if (signal.aborted) return;
      yield { ...window, index: index++, file };
    }
    if (countdown?.left === 0) return;
  }
}

function recordsOf(
  input: Input,
  { format, windowSize, maxRowBytes }: ReadOptions,
  range: BlockRange | undefined,
): AsyncIterable<RecordBatch> {
  // One byte early: a line that ends just before the block is not the block's, and one that does not is another's.
  const start: Place =
    range !== undefined && range.from > 0 && format.linesAreRecords && input.seekable
      ? { byte: range.from * windowSize.bytes - 1, line: null }
      : input.body;
  const records = readRecords(input.content(start.byte), format.newScanner(), start, maxRowBytes);
  return range === undefined ? records : within(records, range, windowSize);
}

/** Those records that begin in the blocks of a range. */
async function* within(
  batches: AsyncIterable<RecordBatch>,
  { from, until }: BlockRange,
  size: WindowSize,
): AsyncGenerator<RecordBatch> {
  for await (const batch of batches) {
    const blocks = batch.ends.map((_, i) => blockOf(startOf(batch, i), size));
    const first = blocks.findIndex((block) => block >= from);
    const past = blocks.findIndex((block) => block >= until);
    const end = past < 0 ? blocks.length : past;
    if (first >= 0 && first < end) yield sliceBatch(batch, first, end);
    if (past >= 0) return;
  }
}

/** Those records that come before a number of rows is used up. */
async function* first(
  batches: AsyncIterable<RecordBatch>,
  rows: { left: number },
  format: RowFormat,
): AsyncGenerator<RecordBatch> {
  for await (const batch of batches) {
    let end = 0;
    for (; end < batch.ends.length && rows.left > 0; end++) if (!format.isBlank(recordAt(batch, end))) rows.left--;
    if (end > 0) yield sliceBatch(batch, 0, end);
    if (rows.left === 0) return;
  }
}
