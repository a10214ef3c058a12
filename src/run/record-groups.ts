/**
 * Groups of consecutive records: the candidates of one prompt, a row each. Whole groups go into windows, so that a
 * prompt is computed once.
 */
import { type RecordBatch, sliceBatch, startOf } from '../rows/records.js';

/** Records that know which group they belong to. */
export interface GroupedBatch extends RecordBatch {
  /** Where in the file each record's group begins. */
  readonly groups: readonly number[];
}

/** The least length of records that share a text; shorter records share too little. */
const LEAST_BYTES = 256;

/** Bytes of a piece of a record that is searched in the next, too long to occur there by chance. */
const PROBE_BYTES = 64;

/** Whether a batch's i-th record belongs to the group of the one before in its file; called for each in order. */
export type JoinsGroup = (batch: RecordBatch, i: number, file: number) => boolean;

export interface GroupLimits {
  /** Bytes from a group's beginning within which its last record begins. */
  readonly longest: number;
  /** A group ends where another block of so many bytes of the file begins: a reader may start there. */
  readonly border: number;
}

/**
 * Finds the groups of a file's records. Where a group begins does not depend on later records, and on earlier ones only
 * back to the last border.
 */
export async function* groupRecords(
  batches: AsyncIterable<RecordBatch>,
  { longest, border }: GroupLimits,
  joins: JoinsGroup = joinsByText(),
  file = 0,
): AsyncGenerator<GroupedBatch> {
  let group: number | undefined;
  for await (const batch of batches) {
    const groups = batch.ends.map((_, i) => {
      const byte = startOf(batch, i);
      const isJoined = joins(batch, i, file);
      const mayGoOn =
        group !== undefined && byte - group < longest && Math.floor(byte / border) === Math.floor(group / border);
      if (group === undefined || !mayGoOn || !isJoined) group = byte;
      return group;
    });
    yield { ...batch, groups };
  }
}

/** Joins records that have a long text in common. */
function joinsByText(): JoinsGroup {
  let previous: Buffer | undefined;
  return (batch, i) => {
    const from = startOf(batch, i) - batch.byte;
    const end = batch.ends[i] as number;
    const record = end - from < LEAST_BYTES ? undefined : batch.bytes.subarray(from, end);
    const isJoined = previous !== undefined && record !== undefined && shareText(previous, record);
    previous = record;
    return isJoined;
  };
}

/** Whether records have a long text in common, be it at the beginning or at the end of theirs. */
function shareText(a: Buffer, b: Buffer): boolean {
  const quarter = Math.min(a.length, b.length) >> 2;
  return [quarter, a.length - quarter - PROBE_BYTES].some((at) => b.includes(a.subarray(at, at + PROBE_BYTES)));
}

/** A batch's records from `from` up to, and without, `to`. */
export const sliceGrouped = (batch: GroupedBatch, from: number, to: number): GroupedBatch => ({
  ...sliceBatch(batch, from, to),
  groups: batch.groups.slice(from, to),
});
