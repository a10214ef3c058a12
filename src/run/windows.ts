import { concatBytes } from '../platform/bytes.js';
import { fileStart, type Position, startOf } from '../rows/records.js';
import type { Window } from '../scorer/protocol.js';
import type { WindowSize } from '../scorer/window-size.js';
import type { GroupedBatch, GroupLimits } from './record-groups.js';

/**
 * The greatest number of windows that inputs of these lengths in bytes make; Infinity where a length is not known. It
 * does not count cuts between rows so short that a window reaches its number of rows before its bytes.
 */
export const windowsOf = (lengths: readonly (number | undefined)[], { bytes }: WindowSize): number =>
  lengths.reduce<number>((sum, length = Number.POSITIVE_INFINITY) => sum + Math.ceil(length / bytes), 0);

/**
 * Limits of groups for a size of windows: no window grows much beyond it, and a shard reads little to find its first
 * group.
 */
export const groupLimitsFor = ({ bytes }: WindowSize): GroupLimits => ({
  longest: Math.min(8 * bytes, 262_144),
  border: 64 * bytes,
});

/** A window of one file. */
export type FileWindow = Omit<Window, 'index' | 'file'>;

export interface CutOptions {
  readonly size: WindowSize;
  /** Whether a window holds only records that arrived together. */
  readonly eager?: boolean;
}

/**
 * Cuts the records of one file into windows. Where they begin is a function of the records' bytes and the size alone:
 * not of how the bytes came in chunks, nor of time (unless `eager`).
 */
export async function* cutWindows(
  batches: AsyncIterable<GroupedBatch>,
  { size, eager = false }: CutOptions,
): AsyncGenerator<FileWindow> {
  let pieces: Buffer[] = []; // the bytes of the current window
  let place: Position = fileStart; // where that window begins
  let block = 0; // the block whose groups it takes
  let rows = 0;
  const cut = (open: boolean, oversized?: number): FileWindow => {
    const window = { bytes: concatBytes(pieces), ...place, open, ...(oversized !== undefined && { oversized }) };
    pieces = [];
    rows = 0;
    return window;
  };

  for await (const batch of batches) {
    const { bytes, ends, oversized } = batch;
    // A record that is too long to be carried is a window of its own.
    if (oversized !== undefined && rows > 0) yield cut(false);
    let from = 0; // the first record that belongs to the window
    for (const i of ends.keys()) {
      const byte = startOf(batch, i);
      const ofGroup = blockOf(batch.groups[i] as number, size);
      const begins = batch.groups[i] === byte;
      if (rows > 0 && (ofGroup !== block || (begins && rows >= size.rows))) {
        pieces.push(bytes.subarray(from, byte - batch.byte));
        from = byte - batch.byte;
        yield cut(false);
      }
      if (rows === 0) {
        place = { byte, line: batch.lines[i] ?? null };
        block = ofGroup;
      }
      rows++;
    }
    if (from < bytes.length) pieces.push(bytes.subarray(from));
    // Without its line end, the file's last record may grow.
    if (oversized !== undefined) yield cut(!batch.ended, oversized);
    else if (eager && rows > 0) yield cut(false);
  }
  if (rows > 0) yield cut(true);
}

/** Number of the block of a file's bytes to which a group that begins at `byte` belongs. */
export const blockOf = (byte: number, size: WindowSize): number => Math.floor(byte / size.bytes);
