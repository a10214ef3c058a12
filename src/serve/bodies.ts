/** Bodies of `POST /v1/rewards`: rows as JSON or as JSON lines, and their output records in the same form. */
import { isUtf8 } from 'node:buffer';
import { clip } from '../rows/describe-value.js';
import { isBlankLine } from '../rows/formats/jsonl.js';
import { arrayElements, documentValue, JsonError, kindAt, objectMembers, type Span } from '../rows/json-scanner.js';
import type { ReceivedBody } from './body-reader.js';
import { Lines } from './lines.js';
import { Refusal } from './refusal.js';

/** Rows to score, and how their records are sent back. */
export interface RowsBody {
  /** JSON lines without blank ones, each with its line end. */
  readonly lines: Buffer;
  readonly contentType: string;
  /** The body of the answer, from the rows' records: a line each, in pieces of whole lines. */
  readonly answer: (records: readonly Buffer[]) => Buffer;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const COMMA = 0x2c;

export const bodyTypes = ['application/json', 'application/x-ndjson'] as const;
export type BodyType = (typeof bodyTypes)[number];

/** @throws Refusal 400 where the body holds no rows, 413 or 429 where it holds more than there is room for */
export const readRows = (type: BodyType, body: ReceivedBody): RowsBody =>
  type === 'application/json' ? readJsonRows(body) : readJsonLines(body);

/** JSON lines, as a file has them: a line that is not JSON is a bad row, and the records hold the rows' own bytes. */
function readJsonLines({ bytes, takeRow }: ReceivedBody): RowsBody {
  const lines = new Lines(bytes.length + 1);
  for (let from = afterBlankLines(bytes, 0); from < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, from) + 1 || bytes.length;
    const line = bytes.subarray(from, end);
    if (!isBlankLine(line)) {
      takeRow();
      lines.add(line);
    }
    from = afterBlankLines(bytes, end);
  }
  return { lines: lines.bytes, contentType: 'application/x-ndjson', answer: (records) => Buffer.concat(records) };
}

/** Where the next line that is not white space begins: megabytes of line ends do not cost an object each. */
function afterBlankLines(bytes: Buffer, from: number): number {
  let start = from;
  for (let at = from; ; at++) {
    const byte = bytes[at];
    if (byte === NEWLINE) start = at + 1;
    else if (byte === undefined || (byte !== SPACE && byte !== 0x09 && byte !== 0x0d)) return start;
  }
}

/** `{"rows": […]}` or an array. The rows are not parsed here: their records hold the bytes that the client sent. */
function readJsonRows({ bytes, takeRow }: ReceivedBody): RowsBody {
  const whole = documentOf(bytes);
  const isBare = kindAt(bytes, whole) === 'an array';
  const rows = isBare ? whole : rowsMember(bytes, whole);
  const lines = new Lines(bytes.length);
  for (const { start, end } of arrayElements(bytes, rows)) {
    takeRow();
    lines.add(bytes.subarray(start, end));
  }
  const [open, close] = (isBare ? ['[', ']'] : ['{"rows":[', ']}']).map((text) => Buffer.from(text)) as [
    Buffer,
    Buffer,
  ];
  return {
    lines: lines.bytes,
    contentType: 'application/json',
    answer(records) {
      const last = records.at(-1)?.subarray(0, -1) ?? Buffer.alloc(0); // The line end is left out.
      const answer = Buffer.concat([open, ...records.slice(0, -1), last, close]);
      // A record has no line end within it, so each stands between two records.
      for (let at = answer.indexOf(NEWLINE); at >= 0; at = answer.indexOf(NEWLINE, at)) answer[at] = COMMA;
      return answer;
    },
  };
}

function rowsMember(json: Buffer, whole: Span): Span {
  const expected = 'expected {"rows": [...]} or an array of rows';
  const kind = kindAt(json, whole);
  if (kind !== 'an object') throw new Refusal(400, `${expected}, got ${kind}`);
  let rows: Span | undefined;
  let other: string | undefined;
  for (const { name, value } of objectMembers(json, whole)) {
    if (name === 'rows') rows = value;
    else other ??= name;
  }
  if (rows === undefined || kindAt(json, rows) !== 'an array') {
    // The beginning of a long value is enough to name it.
    const beginning = json.subarray(whole.start, Math.min(whole.end, whole.start + 1000)).toString('utf8');
    throw new Refusal(400, `${expected}, got ${clip(beginning)}`);
  }
  if (other === undefined) return rows;
  throw new Refusal(
    400,
    `${expected}, got a member ${clip(JSON.stringify(other))} beside rows; how rows are scored is the server's`,
  );
}

/**
 * Finds the value of a JSON body.
 *
 * @throws Refusal 400 where the body is not JSON
 */
export function documentOf(body: Buffer): Span {
  if (!isUtf8(body)) throw new Refusal(400, 'expected a body of JSON: not UTF-8');
  try {
    return documentValue(body);
  } catch (error) {
    if (error instanceof JsonError) throw new Refusal(400, `expected a body of JSON: ${error.message}`);
    throw error;
  }
}
