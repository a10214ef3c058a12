/** JSON Lines: rows are parsed for their values, and written by splicing into the line's own bytes. */
import { isUtf8 } from 'node:buffer';
import { clip, typeInWords } from '../describe-value.js';
import { editObject } from '../edit-object.js';
import { failure, notUtf8 } from '../failure.js';
import { bareText, own, type Row } from '../kinds/roles.js';
import { type InputRecord, LineScanner } from '../records.js';
import { type ResultSettings, resultEdit, unparsedRecord } from '../results.js';
import { membersText, type SplicedMember } from '../splice.js';
import type { ParsedRecord, RowFormat } from './format.js';

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const NEWLINE = Buffer.from('\n');
const OPENING_QUOTE = 0x22;
const CLOSING_BRACE = 0x7d;

/**
 * Reads JSON lines and writes them back with the result spliced in before the closing brace.
 *
 * @param settings what is written
 * @param textField the field that a line which is a bare string is read as
 */
export const jsonlToJsonl = (settings: ResultSettings, textField: string): RowFormat => ({
  newScanner: () => new LineScanner(),
  linesAreRecords: true,
  outputHeader: undefined,
  isBlank: ({ bytes, oversized }) => oversized === undefined && isBlankLine(bytes),
  parse: (record) => parse(record, textField),
  write({ bytes, lineEnd, oversized }, { row }, result) {
    const end = lineEnd.length > 0 ? lineEnd : NEWLINE;
    const content = trimmed(bytes);
    if (row === undefined) {
      const input = oversized === undefined ? content.toString('utf8') : undefined;
      return [unparsedRecord(result, settings, input), end];
    }
    const { members, removed } = resultEdit(result, settings, (name) => own(row, name));
    const pieces = edited(bytes, row, members, removed);
    pieces.push(end);
    return pieces;
  },
  splice: ({ bytes, lineEnd }, { row = {} }, members, removed = []) => [
    ...edited(bytes, row, members, removed),
    lineEnd.length > 0 ? lineEnd : NEWLINE,
  ],
});

/** A line with other members, and without those that are removed. */
function edited(
  bytes: Buffer,
  row: Row,
  members: readonly SplicedMember[],
  removed: readonly string[],
): (Buffer | string)[] {
  if (members.length === 0 && removed.length === 0) return [bytes];
  const content = trimmed(bytes);
  const isThere =
    members.some(([name]) => Object.hasOwn(row, name)) || removed.some((name) => Object.hasOwn(row, name));
  if (content[0] === OPENING_QUOTE) {
    return isThere ? [`{${membersText(members)}}`] : ['{"text":', content, `,${membersText(members)}}`];
  }
  if (isThere) return editObject(bytes, members, removed);
  // Most rows are only added to, which takes no search for their members.
  const brace = bytes.lastIndexOf(CLOSING_BRACE);
  const comma = members.length === 0 || isEmpty(row) ? '' : ',';
  const added = comma + membersText(members);
  // Where nothing follows the brace, it takes no piece of its own.
  if (brace === bytes.length - 1) return [bytes.subarray(0, brace), `${added}}`];
  return [bytes.subarray(0, brace), added, bytes.subarray(brace)];
}

function isEmpty(row: Row): boolean {
  for (const name in row) if (Object.hasOwn(row, name)) return false;
  return true;
}

function parse({ bytes }: InputRecord, textField: string): ParsedRecord | undefined {
  const content = trimmed(bytes);
  if (content.length === 0) return undefined;
  const badBytes = isUtf8(content) ? undefined : notUtf8();
  const line = content.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // The wording of V8's reason changes with its version; the output's bytes must not depend on it.
    return {
      failure: badBytes ?? failure('BAD_JSON', `expected a JSON object or string, got no valid JSON: ${clip(line)}`),
    };
  }
  const row = typeof value === 'string' ? bareText(value, textField) : value;
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    return { failure: badBytes ?? failure('BAD_ROW', `expected a JSON object or string, got ${typeInWords(value)}`) };
  }
  if (badBytes === undefined) return { row: row as Row };
  // Nothing can be spliced into a bare string: its bytes would not be changed, and no JSON reader accepts them.
  return typeof value === 'string' ? { failure: badBytes } : { row: row as Row, failure: badBytes };
}

export const isBlankLine = (line: Buffer): boolean => trimmed(line).length === 0;

/** Removes JSON's white space around a line, and a byte-order mark before it. */
export function trimmed(bytes: Buffer): Buffer {
  let start = 0;
  let end = bytes.length;
  if (BYTE_ORDER_MARK.every((byte, i) => bytes[i] === byte)) start = BYTE_ORDER_MARK.length;
  while (start < end && isSpace(bytes[start])) start++;
  while (end > start && isSpace(bytes[end - 1])) end--;
  return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
}

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a;
