/** Plain text: each line is a text, even a blank one, so that the lines of output and input correspond. */
import { isUtf8 } from 'node:buffer';
import { notUtf8 } from '../failure.js';
import { bareText } from '../kinds/roles.js';
import { type InputRecord, LineScanner } from '../records.js';
import { type ResultSettings, resultEdit, unparsedRecord } from '../results.js';
import { membersText } from '../splice.js';
import type { RowFormat } from './format.js';

/** Matches a file that holds only a byte-order mark, which has no lines. */
const isMarkAlone = ({ bytes, lineEnd, byte }: InputRecord): boolean =>
  byte === 0 && lineEnd.length === 0 && bytes.toString('latin1') === '\xef\xbb\xbf';

/** Reads lines of text, writes JSON lines. */
export const textToJsonl = (settings: ResultSettings): RowFormat => ({
  newScanner: () => new LineScanner(),
  linesAreRecords: true,
  outputHeader: undefined,
  isBlank: isMarkAlone,
  parse(record) {
    if (isMarkAlone(record)) return undefined;
    const { bytes, byte } = record;
    const text = bytes.toString('utf8');
    // A byte-order mark belongs to the file and not to its first text.
    const row = bareText(byte === 0 ? text.replace(/^\ufeff/, '') : text, 'text');
    return isUtf8(bytes) ? { row } : { row, failure: notUtf8() };
  },
  write: ({ bytes, oversized }, { row }, result) => [
    row === undefined
      ? `${unparsedRecord(result, settings, oversized === undefined ? bytes.toString('utf8') : undefined)}\n`
      : `{"text":${JSON.stringify(row.text)},${membersText(resultEdit(result, settings).members)}}\n`,
  ],
  splice: (_, { row }, members) => [`{"text":${JSON.stringify(row?.text)},${membersText(members)}}\n`],
});
