import type { FoundRecord } from '../rows/records.js';
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
  batches: AsyncIterable<readonly FoundRecord[]>,
  { size, eager = false }: CutOptions,
): AsyncGenerator<FileWindow> {
  const records: FoundRecord[] = [];
  for await (const batch of batches) {
    for (const record of batch) {
      // A record that is too long to be carried is a window of its own.
      if (record.oversized !== undefined && records.length > 0) yield windowOf(records.splice(0), false);
      records.push(record);
      const next = record.byte + (record.oversized ?? 0) + record.to - record.from;
      const full = blockOf(next, size) !== blockOf(record.byte, size) || records.length === size.rows;
      if (full || record.oversized !== undefined) yield windowOf(records.splice(0), false);
    }
    if (eager && records.length > 0) yield windowOf(records.splice(0), false);
  }
  if (records.length > 0) yield windowOf(records, true);
}

/** Number of the block of a file's bytes that a record beginning at `byte` belongs to. */
export const blockOf = (byte: number, size: WindowSize): number => Math.floor(byte / size.bytes);

function windowOf(records: readonly FoundRecord[], open: boolean): FileWindow {
  const [first] = records as [FoundRecord];
  return {
    bytes: bytesOf(records),
    byte: first.byte,
    line: first.line,
    open,
    ...(first.oversized !== undefined && { oversized: first.oversized }),
  };
}

/** The records' bytes, one after the other. */
function bytesOf(records: readonly FoundRecord[]): Uint8Array {
  const bytes = new Uint8Array(records.reduce((sum, { from, to }) => sum + to - from, 0));
  let end = 0;
  for (let i = 0; i < records.length; ) {
    const { source, from } = records[i] as FoundRecord;
    let to = from;
    // Most stand one behind the other in memory too.
    for (; records[i]?.source === source && records[i]?.from === to; i++) to = (records[i] as FoundRecord).to;
    bytes.set(source.subarray(from, to), end);
    end += to - from;
  }
  return bytes;
}
