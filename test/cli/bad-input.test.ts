/**
 * What is said of bad input, word for word, and what is written for it, byte for byte. The rows of a table share one
 * run of the binary for each way of writing them; in the expected output a reward is R.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Run } from '../support/in-process.js';
import { jsonLines, rewardScore, temporaryDirectory, writeFile } from '../support/run.js';
import { makeSyntheticModel, readModelDescriptions } from '../support/synthetic-model.js';
import { testWrongUses } from '../support/wrong-use.js';

const directory = temporaryDirectory();

type Bytes = string | Buffer;

/** One record of the input. */
interface Row {
  readonly input: Bytes;
  readonly code?: string;
  readonly message?: string;
  /** Further members of reward_error: `,"index":1`. */
  readonly more?: string;
  /** What is written for it, without its line end; `…` stands for reward_error's members. */
  readonly output: Bytes;
  /** What --to scores writes. Default: null, and R for a row without a code. */
  readonly score?: string;
  /** What --errors says of it besides. */
  readonly unparsed?: string;
}

const bytes = (...pieces: (string | number)[]): Buffer =>
  Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : Buffer.from([piece]))));

const latin1 = (value: Bytes): string => Buffer.from(value as string).toString('latin1');
const masked = (output: Bytes): string => latin1(output).replace(/-?\d+\.\d{4,}(?:e-?\d+)?/g, 'R');

const errorOf = ({ code, message, more = '' }: Row): string =>
  latin1(`"reward_error":{"code":"${code}","message":${JSON.stringify(message)}${more}}`);

/** The output record; with `reasons` false that of a run whose --errors takes them. */
function expected(row: Row, reasons = true): string {
  const output = latin1(row.output);
  if (row.code === undefined) return output;
  return output.replace(latin1(',…'), reasons ? `,${errorOf(row)}` : '');
}

// --- Tables ---------------------------------------------------------------------------------------------------------

const good = (input: string): Row => ({ input, output: `${input.slice(0, -1)},"reward":R}` });

/** A row that fails as a whole, and to which the reason is spliced. */
const spliced = (input: Bytes, code: string, message: string): Row => {
  const text = latin1(input);
  const brace = text.lastIndexOf('}');
  const comma = text.slice(0, brace).trim() === '{' ? '' : ',';
  const output = `${text.slice(0, brace)}${comma}"reward":null,${latin1('…')}${text.slice(brace)}`;
  return { input, code, message, output: Buffer.from(output, 'latin1') };
};

/** A line that is no row: it is quoted in the reason. */
const unparsed = (input: Bytes, code: string, message: string): Row => {
  const quoted = input.toString().trim();
  return {
    input,
    code,
    message,
    more: `,"input":${JSON.stringify(quoted)}`,
    output: '{"reward":null,…}',
    unparsed: quoted,
  };
};

const noJson = (line: string, shown = line): Row =>
  unparsed(line, 'BAD_JSON', `expected a JSON object or string, got no valid JSON: ${shown}`);
const noRow = (line: string, kind: string): Row =>
  unparsed(line, 'BAD_ROW', `expected a JSON object or string, got ${kind}`);

const NOT_UTF8 =
  'expected UTF-8, got other bytes; if it is in another encoding, convert it first: iconv -f LATIN1 -t UTF-8';
const HALF = 'expected valid Unicode, got half of a surrogate pair';
const INSTEAD =
  'name another with --reward-field, replace what is there with --rescore, or keep it and score the other rows with --use-rewards';
const FIELDS = 'expected text, messages, or prompt with response, candidates, or chosen and rejected, got';

const lines: readonly Row[] = [
  good('{"text":"the first row decides on the whole file"}'),
  noJson('nonsense'),
  noJson('{"text":"a"'),
  noJson('{"text":"a",}'),
  noJson("{'text':'a'}"),
  noJson('{text:"a"}'),
  noJson('{"text":"a"} // why'),
  noJson('{"text":"a"}{"text":"b"}'),
  noJson('{"text":NaN}'),
  noJson('{"text":"a\tb"}', '{"text":"a\ufffdb"}'),
  noJson('{"id":01}'),
  noJson('"unclosed'),
  noJson('\u001b[31mred', '\ufffd[31mred'),
  noJson(`{${' '.repeat(80)}`.trimEnd() + 'x'.repeat(80), `{${'x'.repeat(56)}...`),
  noJson(`${'x'.repeat(56)}😀${'x'.repeat(9)}`, `${'x'.repeat(56)}...`),
  noRow('[1, 2]', 'an array'),
  noRow('12345678901234567890', 'a number'),
  noRow('1e400', 'a number'),
  noRow('true', 'a boolean'),
  noRow('null', 'null'),
  spliced('{}', 'BAD_ROW', `${FIELDS} no fields`),
  spliced('{"id":1,"n":12345678901234567890}', 'BAD_ROW', `${FIELDS} ["id","n"]`),
  spliced('{"text":null,"prompt":"a"}', 'BAD_ROW', `${FIELDS} ["text (null)","prompt"]`),
  spliced('{"Text":"a"}', 'BAD_ROW', `${FIELDS} ["Text"]`),
  spliced(`{"${'k'.repeat(70)}":1}`, 'BAD_ROW', `${FIELDS} ["${'k'.repeat(55)}...`),
  spliced('{"text":5}', 'BAD_ROW', 'expected text to be a string, got a number'),
  spliced('{"text":1e400}', 'BAD_ROW', 'expected text to be a string, got a number'),
  spliced('{"text":["a"]}', 'BAD_ROW', 'expected text to be a string, got an array'),
  spliced('{"text":{}, "id":1 } ', 'BAD_ROW', 'expected text to be a string, got an object'),
  spliced('{"text":""}', 'EMPTY_TEXT', 'text is empty'),
  spliced('{"text":"good","text":""}', 'EMPTY_TEXT', 'text is empty'),
  spliced('{"input_text":""}', 'EMPTY_TEXT', 'input_text is empty'),
  { input: '""', code: 'EMPTY_TEXT', message: 'text is empty', output: '{"text":"","reward":null,…}' },
  {
    input: '{"text":"a","reward":5}',
    code: 'FIELD_EXISTS',
    message: `the row has a field reward already; ${INSTEAD}`,
    output: '{"text":"a","reward":null,…}',
  },
  good('{"text":"last"}'),
];

const ROLE = 'to have a string role, speaker, name, from or so, got';
const CONTENT = 'to have a string content, text, message, value or so, got';

const messages: readonly Row[] = [
  good('{"messages":[{"role":"user","content":"good"}]}'),
  spliced('{"messages":"a"}', 'BAD_ROW', 'expected messages to be an array of messages, got a string'),
  spliced('{"messages":{"role":"user"}}', 'BAD_ROW', 'expected messages to be an array of messages, got an object'),
  spliced('{"messages":["a"]}', 'BAD_ROW', `expected messages[0] ${ROLE} "a"`),
  spliced('{"messages":[{"content":"a"}]}', 'BAD_ROW', `expected messages[0] ${ROLE} {"content":"a"}`),
  spliced(
    '{"messages":[{"role":5,"content":"a"}]}',
    'BAD_ROW',
    `expected messages[0] ${ROLE} {"role":5,"content":"a"}`,
  ),
  spliced(
    '{"messages":[{"role":"user","content":"a"},{"role":"user","content":null}]}',
    'BAD_ROW',
    `expected messages[1] ${CONTENT} {"role":"user","content":null}`,
  ),
  spliced(
    `{"turns":[${'['.repeat(30_000)}${']'.repeat(30_000)}]}`,
    'BAD_ROW',
    `expected turns[0] ${ROLE} ${'['.repeat(57)}...`,
  ),
  spliced('{"messages":[]}', 'EMPTY_TEXT', 'expected messages to hold a message, got none'),
  spliced('{"messages":[{"role":"user","content":""}]}', 'EMPTY_TEXT', 'the last of messages is empty'),
  spliced('{"messages":[{"role":"user","content":"a"}],"response":""}', 'EMPTY_TEXT', 'response is empty'),
  spliced(
    '{"messages":[{"role":"user","content":"a"}],"response":7}',
    'BAD_ROW',
    'expected response to be a string or messages, got 7',
  ),
  spliced(
    '{"prompt":[{"role":"user","content":"a"}],"response":[{"role":"user","content":"a"}]}',
    'EMPTY_TEXT',
    'response has no message of its own',
  ),
  spliced('{"prompt":"a","response":""}', 'EMPTY_TEXT', 'response is empty'),
  spliced(
    '{"prompt":"a","completion":1e400}',
    'BAD_ROW',
    'expected completion to be a string or messages, got Infinity',
  ),
  spliced('{"prompt":"a","response":[{"role":"user"}]}', 'BAD_ROW', `expected response[0] ${CONTENT} {"role":"user"}`),
  spliced('{"prompt":5,"response":"a"}', 'BAD_ROW', 'expected prompt to be an array of messages, got a number'),
  spliced(
    '{"instruction":"a","input":5,"output":"b"}',
    'BAD_ROW',
    'expected input, which follows instruction, to be a string, got 5',
  ),
  spliced(
    '{"instruction":"a","input":{"x":1},"output":"b"}',
    'BAD_ROW',
    'expected input, which follows instruction, to be a string, got {"x":1}',
  ),
  spliced(
    '{"instruction":[{"role":"user","content":"a"}],"input":"b","output":"c"}',
    'BAD_ROW',
    'expected instruction to be a string, which input follows, got an array',
  ),
  good('{"instruction":"a","input":null,"output":"b"}'),
  good('{"instruction":[{"role":"user","content":"a"}],"input":"","output":"c"}'),
];

const several: readonly Row[] = [
  good('{"text":"first"}'),
  spliced('{"prompt":"a","candidates":"b"}', 'BAD_ROW', 'expected candidates to be an array, got a string'),
  spliced('{"prompt":"a","responses":[]}', 'EMPTY_TEXT', 'responses is empty'),
  spliced('{"candidates":["b"]}', 'BAD_ROW', `${FIELDS} ["candidates"]`),
  spliced('{"prompt":[1],"candidates":["b"]}', 'BAD_ROW', `expected prompt[0] ${ROLE} 1`),
  {
    input: '{"prompt":"a","candidates":["b","",5]}',
    code: 'EMPTY_TEXT',
    message: 'candidates[1] is empty',
    more: ',"index":1',
    output: '{"prompt":"a","candidates":["b","",5],"reward":[R,null,null],…}',
    score: '[R,null,null]',
  },
  {
    input: '{"prompt":"a","candidates":[{"id":1},{"content":"b"}]}',
    code: 'BAD_ROW',
    message: 'expected candidates[0] to be a string or messages, got {"id":1}',
    more: ',"index":0',
    output: '{"prompt":"a","candidates":[{"id":1},{"content":"b"}],"reward":[null,R],…}',
    score: '[null,R]',
  },
  {
    input: '{"prompt":"a","candidates":[null]}',
    code: 'BAD_ROW',
    message: 'expected candidates[0] to be a string or messages, got null',
    more: ',"index":0',
    output: '{"prompt":"a","candidates":[null],"reward":[null],…}',
    score: '[null]',
  },
  {
    input: '{"prompt":"a","candidates":["b","\\udc00"]}',
    code: 'BAD_UTF8',
    message: HALF,
    more: ',"index":1',
    output: '{"prompt":"a","candidates":["b","\\udc00"],"reward":[R,null],…}',
    score: '[R,null]',
  },
  {
    input: '{"prompt":"a","candidates":["b"],"reward":[5]}',
    code: 'FIELD_EXISTS',
    message: `the row has a field reward already; ${INSTEAD}`,
    output: '{"prompt":"a","candidates":["b"],"reward":null,…}',
  },
  {
    input: '{"chosen":"a","rejected":""}',
    code: 'EMPTY_TEXT',
    message: 'rejected is empty',
    output: '{"chosen":"a","rejected":"","reward_chosen":R,"reward_rejected":null,…}',
    score: '[R,null]',
  },
  {
    input: '{"chosen":["x"],"rejected":"b"}',
    code: 'BAD_ROW',
    message: `expected chosen[0] ${ROLE} "x"`,
    output: '{"chosen":["x"],"rejected":"b","reward_chosen":null,"reward_rejected":R,…}',
    score: '[null,R]',
  },
  {
    input: '{"chosen":"a","rejected":"b","reward_rejected":5}',
    code: 'FIELD_EXISTS',
    message: `the row has a field reward_rejected already; ${INSTEAD}`,
    output: '{"chosen":"a","rejected":"b","reward_rejected":null,"reward_chosen":null,…}',
  },
  spliced('{"chosen":"a"}', 'BAD_ROW', `${FIELDS} ["chosen"]`),
];

const unicode: readonly Row[] = [
  good('{"text":"\u{10ffff} \u0000 \ufeff".","id":"\\ud800"}'.replace('\u0000', '\\u0000').replace('".', '')),
  spliced('{"text":"\\ud800 a"}', 'BAD_UTF8', HALF),
  spliced('{"text":"a\\udc00\\ud800"}', 'BAD_UTF8', HALF),
  spliced('{"messages":[{"role":"\\ud800","content":"a"}]}', 'BAD_UTF8', HALF),
  spliced(bytes('{"text":"a', 0xff, '"}'), 'BAD_UTF8', NOT_UTF8),
  spliced(bytes('{"text":"a","id":"', 0xed, 0xa0, 0x80, '"}'), 'BAD_UTF8', NOT_UTF8),
  spliced(bytes('{"text":"caf', 0xe9, '"}'), 'BAD_UTF8', NOT_UTF8),
  unparsed(bytes('caf', 0xe9), 'BAD_UTF8', NOT_UTF8),
  unparsed(bytes('"', 0xc0, 0x80, '"'), 'BAD_UTF8', NOT_UTF8),
  unparsed(bytes('["', 0xf5, '"]'), 'BAD_UTF8', NOT_UTF8),
];

/** Of rows longer than 40 bytes. */
const sizes: readonly Row[] = [
  good(`{"text":"${'a'.repeat(29)}"}`),
  {
    input: `{"text":"${'a'.repeat(30)}"}`,
    code: 'ROW_TOO_LARGE',
    message: 'expected at most 40 bytes (--max-row-bytes), got 41',
    more: ',"bytes":41',
    output: '{"reward":null,…}',
  },
  {
    input: ' '.repeat(41),
    code: 'ROW_TOO_LARGE',
    message: 'expected at most 40 bytes (--max-row-bytes), got 41',
    more: ',"bytes":41',
    output: '{"reward":null,…}',
  },
  noJson('x'.repeat(40)),
  {
    input: bytes(0xff, 'x'.repeat(99)),
    code: 'ROW_TOO_LARGE',
    message: 'expected at most 40 bytes (--max-row-bytes), got 100',
    more: ',"bytes":100',
    output: '{"reward":null,…}',
  },
  good('{"text":"last"}'),
];

/** The fields that flags name: `--prompt a.b --response c`. */
const named: readonly Row[] = [
  { input: '{"a":{"b":"p"},"c":"r"}', output: '{"a":{"b":"p"},"c":"r","reward":R}' },
  spliced('{"id":1}', 'BAD_ROW', 'expected a field "a.b" (--prompt), got ["id"]'),
  spliced('{"a":5,"c":"r"}', 'BAD_ROW', 'expected a field "a.b" (--prompt), got ["a","c"]; did you mean a?'),
  spliced('{"a":{"b":"p"},"c":""}', 'EMPTY_TEXT', 'c is empty'),
  spliced('{"a":{"b":"p"},"c":[]}', 'EMPTY_TEXT', 'c has no message of its own'),
  spliced('{"a":{"b":7},"c":"r"}', 'BAD_ROW', 'expected a.b to be an array of messages, got a number'),
  spliced(
    '{"constructor":1,"__proto__":{"a":{"b":"p"}},"c":"r"}',
    'BAD_ROW',
    'expected a field "a.b" (--prompt), got ["constructor","__proto__","c"]',
  ),
];

const picky =
  '{% for message in messages %}{% if message.role == "system" %}{{ raise_exception("no\nsystem") }}{% endif %}' +
  '{% if message.content != "void" %}{{ message.content }}{% endif %}{% endfor %}';
const pickyPath = writeFile(directory, 'picky.jinja', picky);

const templates: readonly Row[] = [
  good('{"messages":[{"role":"user","content":"good"}]}'),
  spliced('{"messages":[{"role":"system","content":"a"}]}', 'TEMPLATE_ERROR', `${pickyPath}, line 1: no\nsystem`),
  spliced('{"messages":[{"role":"user","content":"void"}]}', 'EMPTY_TEXT', 'the text has no tokens'),
  {
    input: '{"messages":[{"role":"system","content":"a"}],"candidates":["b"]}',
    code: 'TEMPLATE_ERROR',
    message: `${pickyPath}, line 1: no\nsystem`,
    more: ',"index":0',
    output: '{"messages":[{"role":"system","content":"a"}],"candidates":["b"],"reward":[null],…}',
    score: '[null]',
  },
  {
    input: '{"prompt":"void","chosen":"a","rejected":"void"}',
    code: 'EMPTY_TEXT',
    message: 'the text has no tokens',
    output: '{"prompt":"void","chosen":"a","rejected":"void","reward_chosen":R,"reward_rejected":null,…}',
    score: '[R,null]',
  },
];

// --- Their runs -----------------------------------------------------------------------------------------------------

const joined = (rows: readonly Bytes[], end = '\n'): Buffer =>
  Buffer.concat(rows.flatMap((row) => [Buffer.from(row as string), Buffer.from(end)]));

/** Lines for lines, so that the first that differs is shown and not all. */
function equalLines(run: Run, output: readonly string[], code = 3): void {
  assert.deepEqual(masked(run.bytes).split('\n'), [...output, '']);
  assert.deepEqual([run.code, run.stderr], [code, '']);
}

const byteOf = (rows: readonly Row[], index: number, end: string): number =>
  rows.slice(0, index).reduce((sum, { input }) => sum + Buffer.byteLength(input as string) + end.length, 0);

function jsonlTable(topic: string, rows: readonly Row[], flags: readonly string[] = []): void {
  describe(topic, { concurrency: 2 }, () => {
    const quick = ['-q', '-j', '1', ...flags];
    const bad = rows.flatMap((row, index) => (row.code === undefined ? [] : [{ row, index }]));

    test('each row with its reason', async () => {
      for (const [end, args] of [
        ['\n', []],
        ['\r\n', ['--reward-field', 'reward']],
      ] as const) {
        const run = await rewardScore([...quick, ...args], {
          stdin: joined(
            rows.map(({ input }) => input),
            end,
          ),
        });
        equalLines(
          run,
          rows.map((row) => `${expected(row)}${end.slice(0, -1)}`),
        );
      }
    });

    test('--to scores', async () => {
      const run = await rewardScore([...quick, '--to', 'scores'], { stdin: joined(rows.map(({ input }) => input)) });
      const scores = rows.map(({ code, score }) => score ?? (code === undefined ? 'R' : 'null'));
      equalLines(run, scores);
    });

    test('--errors', async () => {
      const path = join(directory, `${topic}.errors`);
      const run = await rewardScore([...quick, '--errors', path], { stdin: joined(rows.map(({ input }) => input)) });
      equalLines(
        run,
        rows.map((row) => expected(row, false)),
      );
      const reasons = bad.map(({ row, index }) => ({
        file: '-',
        line: index + 1,
        byte: byteOf(rows, index, '\n'),
        code: row.code,
        message: row.message,
        ...(JSON.parse(`{"_":0${row.more?.startsWith(',"input"') ? '' : (row.more ?? '')}}`) as object),
        ...(row.unparsed !== undefined && { input: row.unparsed }),
        _: undefined,
      }));
      assert.deepEqual(
        jsonLines(readFileSync(path, 'utf8')).map((line) => ({ ...line, _: undefined })),
        reasons,
      );
    });

    test('--on-error skip', async () => {
      const run = await rewardScore([...quick, '--on-error', 'skip'], {
        stdin: joined(rows.map(({ input }) => input)),
      });
      equalLines(
        run,
        rows.filter(({ code }) => code === undefined).map((row) => expected(row)),
      );
    });
  });
}

jsonlTable('lines', lines);
jsonlTable('messages', messages);
jsonlTable('candidates and pairs', several);
jsonlTable('Unicode', unicode);
jsonlTable('sizes', sizes, ['--max-row-bytes', '40']);
jsonlTable('fields named by flags', named, ['--prompt', 'a.b', '--response', 'c']);
jsonlTable('templates', templates, ['--template', pickyPath, '--last-speaker', 'any']);

// --- CSV ------------------------------------------------------------------------------------------------------------

interface CsvRow {
  readonly record: Bytes;
  readonly code?: string;
  readonly message?: string;
  readonly more?: string;
  /** The record as CSV, with the empty cells that it lacks. Default: as it is. */
  readonly csv?: string;
  /** Its cells; undefined: they are not read. */
  readonly cells?: readonly string[];
}

const INSIDE = 'expected quotes around the whole field, got one inside it';
const AFTER = 'expected a delimiter or line end after a closing quote; a quote inside quotes is written twice';

const csvRows: readonly CsvRow[] = [
  { record: '1,good', cells: ['1', 'good'] },
  { record: '"2","a ""b""\r\n\nc"', cells: ['2', 'a "b"\r\n\nc'] },
  { record: '3', code: 'BAD_CSV', message: 'expected 2 fields as in the header, got 1', csv: '3,' },
  { record: '4,a,b', code: 'BAD_CSV', message: 'expected 2 fields as in the header, got 3' },
  { record: ' ', code: 'BAD_CSV', message: 'expected 2 fields as in the header, got 1', csv: ' ,' },
  { record: '5,a "b"', code: 'BAD_CSV', message: INSIDE },
  { record: '6,"a"b', code: 'BAD_CSV', message: AFTER },
  { record: '7, "a"', code: 'BAD_CSV', message: INSIDE },
  { record: '8,', code: 'EMPTY_TEXT', message: 'text is empty', cells: ['8', ''] },
  { record: '9,""', code: 'EMPTY_TEXT', message: 'text is empty', cells: ['9', ''] },
  { record: bytes('10,caf', 0xe9), code: 'BAD_UTF8', message: NOT_UTF8, cells: ['10', 'caf\ufffd'] },
  { record: bytes(0xff, ',a'), code: 'BAD_UTF8', message: NOT_UTF8, cells: ['\ufffd', 'a'] },
  { record: bytes('"', 0xff, '",a,b'), code: 'BAD_CSV', message: 'expected 2 fields as in the header, got 3' },
  {
    record: `12,${'a'.repeat(40)}`,
    code: 'ROW_TOO_LARGE',
    message: 'expected at most 40 bytes (--max-row-bytes), got 43',
    more: ',"bytes":43',
    csv: ',',
  },
  { record: '13,\u{1f600}\u{10ffff}', cells: ['13', '\u{1f600}\u{10ffff}'] },
  { record: '14,"never closed\n15,a', code: 'BAD_CSV', message: 'expected a closing quote, got the end of the input' },
];

describe('CSV', { concurrency: 2 }, () => {
  const stdin = Buffer.concat([joined(['id,text', ...csvRows.map(({ record }) => record)]).subarray(0, -1)]);
  const quick = ['-q', '-j', '1', '--from', 'csv', '--max-row-bytes', '40'];
  const reward = ({ code }: CsvRow): string => (code === undefined ? 'R' : '');
  const own = ({ record, csv }: CsvRow): string => latin1(csv ?? record);

  test('to CSV', async () => {
    const run = await rewardScore(quick, { stdin });
    const records = csvRows.map((row) =>
      row.code === 'ROW_TOO_LARGE' ? `${own(row)},` : `${own(row)},${reward(row)}`,
    );
    equalLines(run, ['id,text,reward', ...records].join('\n').split('\n'));
  });

  test('to JSONL', async () => {
    const run = await rewardScore([...quick, '--to', 'jsonl'], { stdin });
    const records = csvRows.map(({ record, cells, code, message, more = '' }) => {
      const input = cells === undefined && more === '' ? `,"input":${JSON.stringify(record.toString())}` : '';
      const error =
        code === undefined
          ? ''
          : `"reward_error":{"code":"${code}","message":${JSON.stringify(message)}${more}${input}}`;
      if (cells === undefined) return latin1(`{"reward":null,${error}}`);
      const members = `"id":${JSON.stringify(cells[0])},"text":${JSON.stringify(cells[1])}`;
      return latin1(`{${members},"reward":${code === undefined ? 'R' : `null,${error}`}}`);
    });
    equalLines(run, records);
  });

  test('to scores', async () => {
    const run = await rewardScore([...quick, '--to', 'scores'], { stdin });
    equalLines(
      run,
      csvRows.map((row) => reward(row) || 'null'),
    );
  });

  test('--errors and --on-error skip', async () => {
    const path = join(directory, 'csv.errors');
    const run = await rewardScore([...quick, '--errors', path, '--on-error', 'skip'], { stdin });
    equalLines(
      run,
      ['id,text,reward', ...csvRows.filter(({ code }) => !code).map((row) => `${own(row)},R`)].join('\n').split('\n'),
    );
    let line = 2;
    let byte = Buffer.byteLength('id,text\n');
    const places = csvRows.map(({ record }) => {
      const place = { line, byte };
      line += record.toString('latin1' as never).split('\n').length;
      byte += Buffer.byteLength(record as string) + 1;
      return place;
    });
    const reasons = jsonLines(readFileSync(path, 'utf8')).map(({ line, byte, code, message }) => ({
      line,
      byte,
      code,
      message,
    }));
    assert.deepEqual(
      reasons,
      csvRows.flatMap(({ code, message }, i) => (code === undefined ? [] : [{ ...places[i], code, message }])),
    );
  });

  test('cells that hold JSON', async () => {
    const table = [
      ['Hi,"[""Yo"",""""]"', '"[R,null]"', 'EMPTY_TEXT', 'candidates[1] is empty'],
      ['Hi,x', '', 'BAD_ROW', 'expected column candidates to hold JSON, got x'],
      ['Hi,', '', 'BAD_ROW', 'expected column candidates to hold JSON, got '],
      ['Hi,5', '', 'BAD_ROW', 'expected candidates to be an array, got a number'],
      ['Hi,[]', '', 'EMPTY_TEXT', 'candidates is empty'],
      ['Hi,"[""\\ud800""]"', '"[null]"', 'BAD_UTF8', HALF],
    ] as const;
    const path = join(directory, 'json-cells.errors');
    const args = ['-q', '-j', '1', '--from', 'csv', '--errors', path];
    const run = await rewardScore(args, { stdin: joined(['prompt,candidates', ...table.map(([record]) => record)]) });
    equalLines(run, ['prompt,candidates,reward', ...table.map(([record, cell]) => `${record},${cell}`)]);
    assert.deepEqual(
      jsonLines(readFileSync(path, 'utf8')).map(({ code, message }) => [code, message]),
      table.map(([, , code, message]) => [code, message]),
    );
  });
});

// --- Text -----------------------------------------------------------------------------------------------------------

test('text', async () => {
  const error = (code: string, message: string, more = ''): string =>
    `"reward":null,"reward_error":{"code":"${code}","message":${JSON.stringify(message)}${more}}`;
  const table: readonly [line: Bytes, output: string, score: string][] = [
    ['\ufeffa mark before the first', '{"text":"a mark before the first","reward":R}', 'R'],
    ['', `{"text":"",${error('EMPTY_TEXT', 'text is empty')}}`, 'null'],
    ['{"not":"read"}', '{"text":"{\\"not\\":\\"read\\"}","reward":R}', 'R'],
    [bytes('caf', 0xe9), `{"text":"caf\ufffd",${error('BAD_UTF8', NOT_UTF8)}}`, 'null'],
    [
      'x'.repeat(41),
      `{${error('ROW_TOO_LARGE', 'expected at most 40 bytes (--max-row-bytes), got 41', ',"bytes":41')}}`,
      'null',
    ],
    ['\ufeff', '{"text":"\ufeff","reward":R}', 'R'],
  ];
  const args = ['-q', '-j', '1', '--from', 'text', '--max-row-bytes', '40'];
  const stdin = joined(table.map(([line]) => line));
  equalLines(
    await rewardScore(args, { stdin }),
    table.map(([, output]) => latin1(output)),
  );
  equalLines(
    await rewardScore([...args, '--to', 'scores'], { stdin }),
    table.map(([, , score]) => score),
  );
});

describe('NON_FINITE', () => {
  let model: string;
  before(async () => {
    model = join(directory, 'nan');
    const description = (await readModelDescriptions()).find(({ name }) => name === 'nan-in-wte');
    assert.ok(description);
    await makeSyntheticModel(model, description);
  });

  test('a reward that is no number', async () => {
    const run = await rewardScore(['-q', '-j', '1', '-m', model], { stdin: '{"text":"in the text"}\n' });
    const error = '"reward_error":{"code":"NON_FINITE","message":"the reward is NaN"}';
    equalLines(run, [`{"text":"in the text","reward":null,${error}}`]);
  });
});

// --- Whole files ----------------------------------------------------------------------------------------------------

const utf16 = (text: string, bigEndian: boolean): Buffer => {
  const wide = Buffer.from(text, 'utf16le');
  return bigEndian ? wide.swap16() : wide;
};
const file = (name: string, content: Bytes): string => writeFile(directory, name, content);
const wide = Array.from({ length: 60 }, (_, i) => `c${i}`);

testWrongUses('files that are refused', directory, [
  ...[false, true].map((bigEndian) => ({
    args: ['--from', 'csv'],
    stdin: utf16('id,text\n1,a\n', bigEndian),
    stderr: `standard input:1: expected lines of text, got UTF-16; convert it first: iconv -f UTF-16${bigEndian ? 'BE' : 'LE'} -t UTF-8`,
  })),
  {
    args: ['--from', 'text'],
    stdin: utf16('Hello\n', false),
    stderr: 'standard input:1: expected lines of text, got UTF-16; convert it first: iconv -f UTF-16LE -t UTF-8',
  },
  {
    args: [file('first.jsonl', '"a"\n'), file('second.jsonl', 'PAR1\x15\x04\n')],
    stderr: `${directory}/second.jsonl: expected a whole Parquet file, but it has 7 bytes; it was cut: fetch it again`,
  },
  {
    args: [file('plain.jsonl.gz', '"a"\n')],
    stderr: `${directory}/plain.jsonl.gz: expected gzip, as its name says, got something else; rename it if it is not compressed`,
  },
  {
    args: ['--from', 'csv', '--max-row-bytes', '6'],
    stdin: 'id,text\n1,a\n',
    stderr: 'standard input:1: expected a header of at most 6 bytes (--max-row-bytes), got more',
  },
  {
    args: ['--from', 'csv'],
    stdin: 'text,id, TEXT \na,1,b\n',
    stderr: 'standard input:1: expected one column text, which is read, got several of that name',
  },
  {
    args: ['--from', 'csv', '--prompt', 'q', '--response', 'a'],
    stdin: 'q,a,A\n',
    stderr: 'standard input:1: expected one column a, which is read, got several of that name',
  },
  {
    args: ['--from', 'csv'],
    stdin: 'prompt,response,bot_name,Bot_Name\n',
    stderr: 'standard input:1: expected one column bot_name, which is read, got several of that name',
  },
  {
    args: ['--from', 'csv'],
    stdin: `${wide.join(',')}\n`,
    stderr:
      'standard input:1: expected columns to score: text, messages, or prompt with response, candidates, or chosen and ' +
      `rejected; got ${wide
        .slice(0, 50)
        .map((name) => JSON.stringify(name))
        .join(', ')} and 10 more`,
  },
]);

test('a name that several columns have may stand where it is not read', async () => {
  const run = await rewardScore(['-q', '--from', 'csv'], { stdin: 'id,text,id,bot_name,bot_name\n1,a,2,b,c\n' });
  equalLines(run, ['id,text,id,bot_name,bot_name,reward', '1,a,2,b,c,R'], 0);
});

test('a column may be called __proto__', async () => {
  const run = await rewardScore(['-q', '--from', 'csv', '--text', '__proto__'], { stdin: 'id,__proto__\n1,a\n' });
  equalLines(run, ['id,__proto__,reward', '1,a,R'], 0);
});

describe('empty input', { concurrency: 2 }, () => {
  const packedMark = gzipSync('\ufeff');
  for (const format of ['jsonl', 'csv', 'tsv', 'text']) {
    test(format, async () => {
      const names: readonly [name: string, content: Bytes][] = [
        [`nothing.${format}`, ''],
        [`mark.${format}`, '\ufeff'],
        [`nothing.${format}.gz`, ''],
        [`member.${format}.gz`, gzipSync('')],
        [`members.${format}.gz`, Buffer.concat([gzipSync(''), gzipSync('')])],
        [`mark.${format}.gz`, packedMark],
        ...(format === 'text' ? [] : ([[`blank.${format}`, '\n\r\n\n']] as [string, Bytes][])),
      ];
      const files = [...names.map(([name, content]) => file(name, content)), '/dev/null'];
      for (const args of [[], ['--to', 'scores']]) {
        const run = await rewardScore(['-q', '-j', '1', '--from', format, ...args, ...files]);
        assert.deepEqual([run.stdout, run.stderr, run.code], ['', '', 0]);
      }
    });
  }

  test('a header alone', async () => {
    const run = await rewardScore(['-q', '--from', 'csv'], { stdin: '\ufeffid,text' });
    assert.deepEqual([run.stdout, run.stderr, run.code], ['\ufeffid,text,reward\n', '', 0]);
  });
});
