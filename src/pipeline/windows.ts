import { concatBytes } from '../bytes.js';
import { fileStart, type Place, type RecordBatch, startOf } from '../rows/records.js';
import type { Window } from '../worker/messages.js';

export interface WindowSize {
  /** Window k of a file holds the records that start in its bytes [k·bytes, (k + 1)·bytes) … */
  readonly bytes: number;
  /** … cut further after this many records. */
  readonly rows: number;
}

/**
 * Windows of a size that a worker scores in some seconds: small enough for progress to move and for the last ones
 * to keep every worker busy, large enough for rows that share a beginning to meet.
 *
 * @param parameters of the model
 */
export function windowSizeFor(parameters: number): WindowSize {
  const bytes = 2 ** Math.round(Math.log2((8192 * 124e6) / parameters));
  return { bytes: Math.min(Math.max(bytes, 2048), 262_144), rows: 4096 };
}

const NEWLINE = 0x0a;

/** A window of one file. */
export type FileWindow = Omit<Window, 'index' | 'file'>;

export interface CutOptions {
  readonly size: WindowSize;
  /** Records go on in a window only with those that came together with them. */
  readonly eager?: boolean;
}

/**
 * Cuts the records of one file into windows. Where they begin is a function of the records' bytes and the size alone:
 * not of how the bytes came in chunks, nor of time (unless `eager`).
 */
export async function* cutWindows(
  batches: AsyncIterable<RecordBatch>,
  { size, eager = false }: CutOptions,
): AsyncGenerator<FileWindow> {
  let pieces: Buffer[] = []; // of the window so far
  let place: Place = fileStart; // where it begins
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
    let from = 0; // of what belongs to the window
    for (const [i, end] of ends.entries()) {
      const byte = startOf(batch, i);
      if (rows === 0) place = { byte, line: batch.lines[i] ?? null };
      rows++;
      const full = blockOf(batch.byte + end, size) !== blockOf(byte, size) || rows === size.rows;
      if (!full && oversized === undefined) continue;
      pieces.push(bytes.subarray(from, end));
      from = end;
      // Without its line end, the file's last record may be longer one day.
      yield cut(pieces.at(-1)?.at(-1) !== NEWLINE, oversized);
    }
    if (from < bytes.length) pieces.push(bytes.subarray(from));
    if (eager && rows > 0) yield cut(false);
  }
  if (rows > 0) yield cut(true);
}

/** Number of the block of a file's bytes that a record beginning at `byte` belongs to. */
export const blockOf = (byte: number, size: WindowSize): number => Math.floor(byte / size.bytes);
