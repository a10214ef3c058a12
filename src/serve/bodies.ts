/** Bodies of `POST /v1/rewards`: rows as JSON or as JSON lines, and their output records in the same form. */
import { preview, typeInWords } from '../rows/describe-value.js';
import { isBlankLine } from '../rows/formats/jsonl.js';
import { fileStart, LineScanner, splitRecords } from '../rows/records.js';
import { Refusal } from './refusal.js';

/** Rows to score, and how their records are given back. */
export interface RowsBody {
  /** JSON lines without blank ones, each with its line end. */
  readonly lines: Buffer;
  readonly contentType: string;
  /** The body of the answer, from a line for each row. */
  readonly answer: (records: Buffer) => Buffer;
}

const NEWLINE = Buffer.from('\n');

export const bodyTypes = ['application/json', 'application/x-ndjson'] as const;
export type BodyType = (typeof bodyTypes)[number];

/** @throws Refusal 400 where the body holds no rows */
export const readBody = (type: BodyType, body: Buffer): RowsBody =>
  type === 'application/json' ? readJsonRows(body) : readLines(body);

/** JSON lines, as a file has them: bytes that are no JSON are a bad row, and the records keep the rows' own bytes. */
function readLines(body: Buffer): RowsBody {
  const lines: Buffer[] = [];
  for (const { bytes, lineEnd } of splitRecords(body, fileStart, new LineScanner())) {
    if (isBlankLine(bytes)) continue;
    lines.push(bytes, lineEnd.length > 0 ? lineEnd : NEWLINE);
  }
  return { lines: Buffer.concat(lines), contentType: 'application/x-ndjson', answer: (records) => records };
}

/** `{"rows": […]}` or an array. */
function readJsonRows(body: Buffer): RowsBody {
  const value = parseJson(body);
  const bare = Array.isArray(value);
  const rows = bare ? value : rowsMember(value);
  const [open, close] = bare ? ['[', ']'] : ['{"rows":[', ']}'];
  return {
    lines: linesOf(rows, (index) => `rows[${index}]`),
    contentType: 'application/json',
    answer(records) {
      const objects = records.toString('utf8').trimEnd().replaceAll('\n', ',');
      return Buffer.from(`${open}${objects}${close}`);
    },
  };
}

function rowsMember(value: unknown): readonly unknown[] {
  const expected = 'expected {"rows": [...]} or an array of rows';
  if (typeof value !== 'object' || value === null) throw new Refusal(400, `${expected}, got ${typeInWords(value)}`);
  const { rows, ...others } = value as Record<string, unknown>;
  if (!Array.isArray(rows)) throw new Refusal(400, `${expected}, got ${preview(value)}`);
  const [other] = Object.keys(others);
  if (other === undefined) return rows;
  throw new Refusal(
    400,
    `${expected}, got a member ${preview(other)} beside rows; how rows are scored is the server's`,
  );
}

/** @throws Refusal 400 where the body is not JSON */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    const problem = error instanceof SyntaxError ? error.message : 'not UTF-8';
    throw new Refusal(400, `expected a body of JSON: ${problem}`);
  }
}

/** Values as JSON lines. */
export const linesOf = (values: readonly unknown[], nameOf: (index: number) => string): Buffer =>
  Buffer.from(
    values
      .map((value, index) => {
        try {
          return `${JSON.stringify(value)}\n`;
        } catch {
          // Written by recursion, unlike it is read.
          throw new Refusal(400, `${nameOf(index)}: nested too deeply`);
        }
      })
      .join(''),
  );
