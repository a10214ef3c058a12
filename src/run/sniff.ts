/** Recognises input that is not what it is read as. */
import { closeSync, openSync, readSync } from 'node:fs';
import { usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import { parquet } from '../parquet/container.js';
import { isFile } from '../platform/files.js';
import { columnKey } from '../rows/formats/csv-header.js';
import type { FormatSettings } from '../rows/formats/index.js';
import { JsonError, valueEnd } from '../rows/json-scanner.js';
import { namesThatAreRead } from '../rows/kinds/roles.js';
import type { InputRecord } from '../rows/records.js';
import type { Input } from './input.js';

const ZIP = 'a zip archive (or xlsx); take the JSONL or CSV out of it first';
const UTF_16 = 'UTF-16; convert it first: iconv -f UTF-16 -t UTF-8';
const UTF_16LE = 'UTF-16; convert it first: iconv -f UTF-16LE -t UTF-8';
const UTF_16BE = 'UTF-16; convert it first: iconv -f UTF-16BE -t UTF-8';

const piped = (what: string, command: string): string => `${what}: ${command} FILE | reward-score`;
const packed = (what: string, tool: string): string => piped(`${what}; decompress it`, `${tool} -dc`);
const asLines = (what: string): string => `${what}; write its rows as JSON lines or Parquet first`;

interface Signature {
  /** A byte is a character. */
  readonly bytes: string;
  /** Where they stand, where that is not the beginning. */
  readonly at?: number;
  readonly what: string;
}

const packedByBzip2 = packed('bzip2', 'bzip2');
const arrow = asLines('Arrow');
const pickle = asLines('a pickle');

/** Gzip and zstd are read (containers.ts), and so is Parquet. */
const signatures: readonly Signature[] = [
  { bytes: 'PAR1', what: 'Parquet that is compressed as a whole; decompress it first' },
  { bytes: 'PK\x03\x04', what: ZIP },
  { bytes: 'PK\x05\x06', what: ZIP },
  // After BZh and a digit.
  { bytes: '1AY&SY', at: 4, what: packedByBzip2 },
  { bytes: '\x17rE8P\x90', at: 4, what: packedByBzip2 },
  { bytes: '\xfd7zXZ\0', what: packed('xz', 'xz') },
  { bytes: '\x5d\0\0', what: packed('LZMA', 'xz') },
  { bytes: 'LZIP\x01', what: packed('lzip', 'lzip') },
  { bytes: '\x04"M\x18', what: packed('lz4', 'lz4') },
  { bytes: '\x1f\x9d', what: packed('what compress wrote', 'gzip') },
  { bytes: '\xff\x06\0\0sNaPpY', what: 'snappy; decompress it first' },
  { bytes: "7z\xbc\xaf'\x1c", what: piped('a 7z archive; take the rows out of it', '7z x -so') },
  { bytes: 'Rar!\x1a\x07', what: 'a RAR archive; take the JSONL or CSV out of it first' },
  { bytes: 'ustar', at: 257, what: piped('a tar archive; take the rows out of it', 'tar -xOf') },
  { bytes: '%PDF-', what: 'a PDF; give its rows as JSON lines or CSV' },
  { bytes: '\xd0\xcf\x11\xe0', what: 'an old file of Office (xls, doc); save it as CSV first' },
  { bytes: 'SQLite format 3\0', what: asLines('an SQLite database') },
  { bytes: 'ARROW1\0\0', what: arrow },
  { bytes: '\xff\xff\xff\xff', what: arrow },
  { bytes: 'Obj\x01', what: asLines('Avro') },
  { bytes: '\x89HDF\r', what: asLines('HDF5') },
  { bytes: '\x93NUMPY', what: asLines('an array of NumPy') },
  { bytes: '\x80\x04\x95', what: pickle },
  { bytes: '\x80\x05\x95', what: pickle },
  { bytes: '\xff\xfe', what: UTF_16 },
  { bytes: '\xfe\xff', what: UTF_16 },
  // These files begin with a brace and have no byte-order mark before it.
  { bytes: '{\0', what: UTF_16LE },
  { bytes: '\0{', what: UTF_16BE },
];

/** Bytes from the beginning in which all of them are. */
const SIGNED = 512;

/** Whether in two pairs of bytes those at `zero` are 0 and the others are not, as in UTF-16 of Latin letters. */
const looksWide = (first: Buffer, zero: 0 | 1): boolean =>
  first.length >= 4 && [0, 1, 2, 3].every((i) => (first[i] === 0) === (i % 2 === zero));

const SEVERAL_LINES = 'expected one JSON object a line, got one over several lines; use: jq -c . FILE';

/**
 * Refuses input that evidently is not lines of text, or not JSON where that is to come.
 *
 * @param first the first record of the file
 * @throws FatalError `usage`
 */
export function refuseForeignInput(
  first: Buffer,
  place: string,
  { from, fields, rewardField }: Pick<FormatSettings, 'from' | 'fields' | 'rewardField'>,
): void {
  const json = from === 'jsonl' || from === 'json';
  const beginning = first.toString('latin1', 0, SIGNED);
  const signature = signatures.find(({ bytes, at = 0 }) => beginning.startsWith(bytes, at));
  const got = signature?.what ?? (looksWide(first, 1) ? UTF_16LE : looksWide(first, 0) ? UTF_16BE : undefined);
  if (got !== undefined) throw usageError(`${place}: expected ${json ? 'JSON lines' : 'lines of text'}, got ${got}`);
  if (!json) return;
  const text = first
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trim();
  if (text.startsWith('[')) {
    throw usageError(`${place}: expected one JSON object a line, got a JSON array; use: jq -c '.[]' FILE`);
  }
  if (text === '{') throw usageError(`${place}: ${SEVERAL_LINES}`);
  const flags = flagsOfHeader(text, [...namesThatAreRead, ...Object.values(fields), rewardField]);
  if (flags !== undefined) {
    throw usageError(`${place}: expected JSON lines, got the header of a table; read it with ${flags}`);
  }
}

/** The most bytes of a header that are looked at. */
const LONGEST_HEADER = 1 << 16;

/** How the rows are read that a line seems to be the header of; undefined where it is none, or has no known column. */
function flagsOfHeader(line: string, known: readonly string[]): string | undefined {
  if (line.length > LONGEST_HEADER || line.startsWith('{')) return undefined;
  const keys = new Set(known.map(columnKey));
  const hasKnown = (delimiter: string): boolean => {
    const names = line.split(delimiter).map((cell) => columnKey(cell.trim().replace(/^"(.*)"$/, '$1')));
    return names.every((name) => /^[^"{}[\]]+$/.test(name)) && names.some((name) => keys.has(name));
  };
  const from = optionName('from');
  if (isJson(line)) return undefined;
  if (hasKnown(',')) return `${from} csv`;
  if (hasKnown('\t')) return `${from} tsv`;
  return hasKnown(';') ? `${from} csv ${optionName('delimiter')} ';'` : undefined;
}

/** Bytes after the first line in which the end of an object is looked for that does not end in it. */
const LOOKED_AT = 1 << 16;

/**
 * Refuses an object that begins in the first line and ends in a later one. A line that is broken off is a bad row: what
 * follows it does not go on with it.
 *
 * @param first the first record of JSON lines
 * @throws FatalError `usage`
 */
export async function refuseSeveralLines(input: Input, first: InputRecord): Promise<void> {
  const { bytes, byte, line } = first;
  // With its line end, a line that is cut within a string does not go on.
  if (bytes.indexOf('{') < 0 || endOfObject(Buffer.concat([bytes, Buffer.from('\n')])) !== 'later') return;
  const atMost = byte + bytes.length + LOOKED_AT;
  const beginning = await input.peekBytes(atMost);
  await input.reset();
  const end = endOfObject(beginning.subarray(byte));
  if (end === 'here' || (end === 'later' && beginning.length >= atMost)) {
    throw usageError(`${input.name}:${line}: ${SEVERAL_LINES}`);
  }
}

/** Whether an object that begins with the text ends in it, or might end later; undefined where it is no object. */
function endOfObject(text: Buffer): 'here' | 'later' | undefined {
  try {
    valueEnd(text, text.indexOf('{'));
    return 'here';
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return error.byte >= text.length ? 'later' : undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What a file is that was to be Parquet, and what to do. */
export function otherThanParquet({ size, container }: Pick<Input, 'size' | 'container'>): string {
  if (size === 0) return 'an empty file; fetch or write it again';
  if (container !== undefined) return `a file that is compressed as a whole (${container.name}); decompress it first`;
  if (size !== undefined && size < SHORTEST_PARQUET) return `a file of ${size} bytes; if it was cut, fetch it again`;
  return `something else; say which it is with ${optionName('from')}`;
}

/** Bytes of its beginning and its end, which every file of it has. */
const SHORTEST_PARQUET = 12;

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
