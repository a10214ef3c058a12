import { concatBytes } from '../bytes.js';
import type { RecordScanner } from '../rows/records.js';
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

/**
 * Cuts one file into windows. Where they begin is a function of the bytes and the size alone: not of how the bytes
 * come in chunks, nor of time.
 */
export async function* cutWindows(
  chunks: AsyncIterable<Buffer>,
  scanner: RecordScanner,
  size: WindowSize,
): AsyncGenerator<Pick<Window, 'bytes' | 'firstLine'>> {
  let pieces: Buffer[] = []; // of the window so far, but for what stands in the present chunk
  let rows = 0; // whole records in the window so far
  let number = 0; // of the window by bytes
  let firstLine = 1;
  let chunkStart = 0; // position in the file
  for await (const chunk of chunks) {
    let windowStart = 0; // in this chunk
    let position = 0;
    for (;;) {
      const end = scanner.findEnd(chunk, position);
      if (end < 0) break;
      position = end;
      rows++;
      const next = Math.floor((chunkStart + end) / size.bytes);
      if (next !== number || rows === size.rows) {
        yield { bytes: concatBytes([...pieces, chunk.subarray(windowStart, end)]), firstLine };
        pieces = [];
        rows = 0;
        number = next;
        windowStart = end;
        firstLine = 1 + scanner.lines;
      }
    }
    pieces.push(chunk.subarray(windowStart));
    chunkStart += chunk.length;
  }
  const bytes = concatBytes(pieces);
  if (bytes.length > 0) yield { bytes, firstLine };
}
