import { concatBytes } from '../platform/bytes.js';
import type { RowFailure } from '../rows/failure.js';
import type { RowFormat } from '../rows/formats/format.js';
import { splitRecords } from '../rows/records.js';
import type { ScoredWindow, Window } from './protocol.js';

/** How a record is written that no thread can read. */
export interface UnparsedSettings {
  readonly format: RowFormat;
  /** Whether the output says why a row has no reward; where it does not, the account has the record. */
  readonly reasons: boolean;
  readonly dryRun: boolean;
}

/** A window of one record as a bad row that nobody parsed. */
export function writeUnparsed(window: Window, reason: RowFailure, settings: UnparsedSettings): ScoredWindow {
  const { format, reasons, dryRun } = settings;
  const { byte, line, oversized } = window;
  const whole = Buffer.from(window.bytes.buffer, window.bytes.byteOffset, window.bytes.byteLength);
  const record =
    oversized === undefined
      ? [...splitRecords(whole, window, format.newScanner())][0]
      : { bytes: whole.subarray(0, 0), lineEnd: whole, byte, line, oversized };
  const rows = record === undefined || format.isBlank(record) || window.rows === 0 ? [] : [record];
  const pieces = dryRun
    ? []
    : rows.flatMap((row) => format.write(row, { failure: reason }, { shape: 'single', rewards: [], failure: reason }));
  const failed = rows.map(({ bytes }) => ({
    row: 0,
    byte,
    line,
    failure: reason,
    ...(!reasons && oversized === undefined && { input: bytes.toString('utf8') }),
  }));
  return {
    bytes: concatBytes(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece))),
    stats: {
      rows: rows.length,
      forms: {},
      failed,
      rewards: new Float32Array(),
      truncatedRows: 0,
      truncatedTokens: 0,
      tokens: 0,
      computedTokens: 0,
      boundarySpaces: [],
    },
  };
}
