/** Recognises input that is not lines of text. */
import { closeSync, openSync, readSync } from 'node:fs';
import { usageError } from '../errors.js';
import { parquet } from '../parquet/container.js';
import { isFile } from '../platform/files.js';

const UTF_16LE = 'UTF-16; convert it first: iconv -f UTF-16LE -t UTF-8';
const UTF_16BE = 'UTF-16; convert it first: iconv -f UTF-16BE -t UTF-8';

const signatures: readonly { readonly bytes: readonly number[]; readonly what: string }[] = [
  { bytes: [0x50, 0x41, 0x52, 0x31], what: 'Parquet that is compressed as a whole; decompress it first' },
  { bytes: [0x50, 0x4b, 0x03, 0x04], what: 'a zip archive (or xlsx); take the JSONL or CSV out of it first' },
  { bytes: [0xff, 0xfe], what: 'UTF-16; convert it first: iconv -f UTF-16 -t UTF-8' },
  { bytes: [0xfe, 0xff], what: 'UTF-16; convert it first: iconv -f UTF-16 -t UTF-8' },
  // These files begin with a brace and have no byte-order mark before it.
  { bytes: [0x7b, 0x00], what: UTF_16LE },
  { bytes: [0x00, 0x7b], what: UTF_16BE },
];

/** Whether in two pairs of bytes those at `zero` are 0 and the others are not, as in UTF-16 of Latin letters. */
const looksWide = (first: Buffer, zero: 0 | 1): boolean =>
  first.length >= 4 && [0, 1, 2, 3].every((i) => (first[i] === 0) === (i % 2 === zero));

/**
 * Refuses input that evidently is not lines of text.
 *
 * @param first the first record of the file
 * @throws FatalError `usage`
 */
export function refuseForeignInput(first: Buffer, place: string, json: boolean): void {
  const signature = signatures.find(({ bytes }) => bytes.every((byte, i) => first[i] === byte));
  const got = signature?.what ?? (looksWide(first, 1) ? UTF_16LE : looksWide(first, 0) ? UTF_16BE : undefined);
  if (got !== undefined) throw usageError(`${place}: expected ${expected(json)}, got ${got}`);
  if (!json) return;
  const text = first
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trim();
  if (text.startsWith('[')) {
    throw usageError(`${place}: expected one JSON object a line, got a JSON array; use: jq -c '.[]' FILE`);
  }
  if (text === '{') {
    throw usageError(`${place}: expected one JSON object a line, got one over several lines; use: jq -c . FILE`);
  }
}

const expected = (json: boolean): string => (json ? 'JSON lines' : 'lines of text');

/** Whether a file begins as Parquet does: its name need not say it. A pipe is not looked at. */
export function isParquet(path: string): boolean {
  if (!isFile(path)) return false;
  const head = Buffer.alloc(8);
  try {
    const file = openSync(path, 'r');
    try {
      return parquet.matches(head.subarray(0, readSync(file, head, 0, head.length, 0))) === true;
    } finally {
      closeSync(file);
    }
  } catch {
    return false; // That it cannot be read is said when it is opened as an input.
  }
}
