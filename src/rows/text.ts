/** Plain text: each line is a text, a blank one too, so that the output lines up with the input. */
import { isUtf8 } from 'node:buffer';
import { failure } from './failure.js';
import type { RowFormat } from './format.js';
import { LineScanner } from './records.js';
import { type ResultSettings, resultMembers, unreadRecord } from './result.js';

/** Reads lines of text, writes JSON lines. */
export const textToJsonl = (settings: ResultSettings): RowFormat => ({
  newScanner: () => new LineScanner(),
  linesAreRecords: true,
  outputHeader: undefined,
  isBlank: () => false,
  parse({ bytes, byte }) {
    const text = bytes.toString('utf8');
    // A byte-order mark belongs to the file and not to its first text.
    const row = { text: byte === 0 ? text.replace(/^\ufeff/, '') : text };
    return isUtf8(bytes) ? { row } : { row, failure: failure('BAD_UTF8', 'the line has bytes that are not UTF-8') };
  },
  write: ({ bytes, oversized }, { row }, result) => [
    row === undefined
      ? `${unreadRecord(result, settings, oversized === undefined ? bytes.toString('utf8') : undefined)}\n`
      : `{"text":${JSON.stringify(row.text)},${resultMembers(result, settings)}}\n`,
  ],
});
