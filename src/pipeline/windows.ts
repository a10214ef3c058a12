import { concatBytes } from '../bytes.js';
import type { InputRecord } from '../rows/records.js';
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
  batches: AsyncIterable<readonly InputRecord[]>,
  { size, eager = false }: CutOptions,
): AsyncGenerator<FileWindow> {
  const records: InputRecord[] = [];
  for await (const batch of batches) {
    for (const record of batch) {
      // A record that is too long to be carried is a window of its own.
      if (record.oversized !== undefined && records.length > 0) yield windowOf(records.splice(0), false);
      records.push(record);
      const length = record.oversized ?? record.bytes.length;
      const next = record.byte + length + record.lineEnd.length;
      const full = blockOf(next, size) !== blockOf(record.byte, size) || records.length === size.rows;
      if (full || record.oversized !== undefined) yield windowOf(records.splice(0), false);
    }
    if (eager && records.length > 0) yield windowOf(records.splice(0), false);
  }
  if (records.length > 0) yield windowOf(records, true);
}

/** Number of the block of a file's bytes that a record beginning at `byte` belongs to. */
export const blockOf = (byte: number, size: WindowSize): number => Math.floor(byte / size.bytes);

function windowOf(records: readonly InputRecord[], open: boolean): FileWindow {
  const [first] = records as [InputRecord];
  return {
    bytes: concatBytes(records.flatMap(({ bytes, lineEnd }) => [bytes, lineEnd])),
    byte: first.byte,
    line: first.line,
    open,
    ...(first.oversized !== undefined && { oversized: first.oversized }),
  };
}
