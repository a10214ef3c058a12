/** What is written, byte for byte. Rewards are told as R and messages as M; both are held elsewhere. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { jsonLines, rewardScore, temporaryDirectory, writeFile } from '../support/run.js';
import { makeSyntheticModel, readModelDescriptions } from '../support/synthetic-model.js';

const directory = temporaryDirectory();

/** The bytes as a string of as many characters. */
const latin1 = (bytes: string | Uint8Array): string => Buffer.from(bytes as string).toString('latin1');

const bytes = (...pieces: (string | number)[]): Buffer =>
  Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : Buffer.from([piece]))));

function masked(output: Uint8Array): string {
  return latin1(output)
    .replace(/-?\d+\.\d{4,}(?:e-?\d+)?/g, (number) => {
      assert.equal(String(Number(number)), number, 'a number is spelled as JavaScript does');
      assert.ok(number.replace(/e.*|\D/g, '').replace(/^0+/, '').length <= 9, `${number} says more than a float32`);
      return 'R';
    })
    .replace(/"message":"(?:[^"\\]|\\.)+"/g, '"message":M');
}

interface Case {
  readonly name: string;
  readonly args?: readonly string[];
  readonly input: string | Uint8Array;
  readonly output: string | Uint8Array;
  readonly code?: number;
}

const quick = ['-q', '-j', '1'];

async function check({ args = [], input, output, code = 0 }: Omit<Case, 'name'>): Promise<void> {
  const run = await rewardScore([...quick, ...args], { stdin: input });
  assert.equal(masked(run.bytes), latin1(output));
  assert.equal(run.stderr, '');
  assert.equal(run.code, code);
}

const cases = (title: string, table: readonly Case[]): void => {
  describe(title, { concurrency: 2 }, () => {
    for (const entry of table) test(entry.name, () => check(entry));
  });
};

/** Lines that are written apart from each other: one input for all of them. */
type Line = readonly [input: string | Uint8Array, output: string | Uint8Array];

const linesCheck = (lines: readonly Line[], code: number, args: readonly string[] = []): Promise<void> =>
  check({
    args,
    input: Buffer.concat(lines.map(([input]) => Buffer.from(input as string))),
    output: Buffer.concat(lines.map(([, output]) => Buffer.from(output as string))),
    code,
  });

const bad = (code: string, more = ''): string => `"reward":null,"reward_error":{"code":"${code}","message":M${more}}`;

describe('JSONL', { concurrency: 2 }, () => {
  test('good rows keep their bytes', () =>
    linesCheck(
      [
        ['\ufeff{"text":"a mark"}\n', '\ufeff{"text":"a mark","reward":R}\n'],
        ['{"text":"a"}\n', '{"text":"a","reward":R}\n'],
        ['{"text":"a"}\r\n', '{"text":"a","reward":R}\r\n'],
        ['{"z":1,"text":"a","b":2,"a":3,"1":4}\n', '{"z":1,"text":"a","b":2,"a":3,"1":4,"reward":R}\n'],
        [
          '{"id":12345678901234567890,"x":1.50,"y":-0,"z":1E5,"text":"a"}\n',
          '{"id":12345678901234567890,"x":1.50,"y":-0,"z":1E5,"text":"a","reward":R}\n',
        ],
        [
          '{"text":"caf\\u00e9 \\/ \\ud83d\\ude00 café \u2028"}\n',
          '{"text":"caf\\u00e9 \\/ \\ud83d\\ude00 café \u2028","reward":R}\n',
        ],
        [' \t{ "text" : "a" , "b" : [ 1,  2 ] } \t\n', ' \t{ "text" : "a" , "b" : [ 1,  2 ] ,"reward":R} \t\n'],
        ['{"text":"}","o":{"x":{}}}\n', '{"text":"}","o":{"x":{}},"reward":R}\n'],
        ['{"text":"a","text":"b"}\n', '{"text":"a","text":"b","reward":R}\n'],
        ['{"__proto__":1,"text":"a"}\n', '{"__proto__":1,"text":"a","reward":R}\n'],
        ['"a"\n', '{"text":"a","reward":R}\n'],
        ['"a"\r\n', '{"text":"a","reward":R}\r\n'],
        ['"\\u00e9 \\"x\\""\n', '{"text":"\\u00e9 \\"x\\"","reward":R}\n'],
        ['\n', ''],
        ['\r\n', ''],
        [' \t \n', ''],
        ['{"prompt":"a","candidates":["b","c"]}\n', '{"prompt":"a","candidates":["b","c"],"reward":[R,R]}\n'],
        ['{"prompt":"a","candidates":["b"]}\n', '{"prompt":"a","candidates":["b"],"reward":[R]}\n'],
        ['{"chosen":"a","rejected":"b"}\n', '{"chosen":"a","rejected":"b","reward_chosen":R,"reward_rejected":R}\n'],
        [
          '{"chosen":"a","rejected":"b","reward":1}\n',
          '{"chosen":"a","rejected":"b","reward":1,"reward_chosen":R,"reward_rejected":R}\n',
        ],
        ['{"text":"no line end"}', '{"text":"no line end","reward":R}\n'],
      ],
      0,
    ));

  test('bad rows', () =>
    linesCheck(
      [
        ['{"text":"good"}\n', '{"text":"good","reward":R}\n'],
        ['{}\n', `{${bad('BAD_ROW')}}\n`],
        ['{ }\r\n', `{ ${bad('BAD_ROW')}}\r\n`],
        ['{"id":1}\n', `{"id":1,${bad('BAD_ROW')}}\n`],
        ['{"text":5}\n', `{"text":5,${bad('BAD_ROW')}}\n`],
        ['{"prompt":"a"}\n', `{"prompt":"a",${bad('BAD_ROW')}}\n`],
        ['{"prompt":"a","response":5}\n', `{"prompt":"a","response":5,${bad('BAD_ROW')}}\n`],
        ['{"messages":"a"}\n', `{"messages":"a",${bad('BAD_ROW')}}\n`],
        ['{"messages":[{"role":"user"}]}\n', `{"messages":[{"role":"user"}],${bad('BAD_ROW')}}\n`],
        ['{"messages":[{"content":"a"}]}\n', `{"messages":[{"content":"a"}],${bad('BAD_ROW')}}\n`],
        ['{"prompt":"a","candidates":"b"}\n', `{"prompt":"a","candidates":"b",${bad('BAD_ROW')}}\n`],
        ['{"candidates":["b"]}\n', `{"candidates":["b"],${bad('BAD_ROW')}}\n`],
        [
          '{"prompt":[5],"chosen":"a","rejected":"b"}\n',
          `{"prompt":[5],"chosen":"a","rejected":"b",${bad('BAD_ROW')}}\n`,
        ],
        ['nonsense\n', `{${bad('BAD_JSON', ',"input":"nonsense"')}}\n`],
        ['nonsense\r\n', `{${bad('BAD_JSON', ',"input":"nonsense"')}}\r\n`],
        ['{"text":"a"\n', `{${bad('BAD_JSON', ',"input":"{\\"text\\":\\"a\\""')}}\n`],
        ['{"text":"a"}{"text":"b"}\n', `{${bad('BAD_JSON', ',"input":"{\\"text\\":\\"a\\"}{\\"text\\":\\"b\\"}"')}}\n`],
        ['[1, 2]\n', `{${bad('BAD_ROW', ',"input":"[1, 2]"')}}\n`],
        ['12345678901234567890\n', `{${bad('BAD_ROW', ',"input":"12345678901234567890"')}}\n`],
        ['null\n', `{${bad('BAD_ROW', ',"input":"null"')}}\n`],
        ['{"text":""}\n', `{"text":"",${bad('EMPTY_TEXT')}}\n`],
        ['""\n', `{"text":"",${bad('EMPTY_TEXT')}}\n`],
        ['{"prompt":"a","response":""}\n', `{"prompt":"a","response":"",${bad('EMPTY_TEXT')}}\n`],
        ['{"messages":[]}\n', `{"messages":[],${bad('EMPTY_TEXT')}}\n`],
        [
          '{"messages":[{"role":"user","content":""}]}\n',
          `{"messages":[{"role":"user","content":""}],${bad('EMPTY_TEXT')}}\n`,
        ],
        [
          '{"messages":[{"role":"user","content":"a"}],"response":""}\n',
          `{"messages":[{"role":"user","content":"a"}],"response":"",${bad('EMPTY_TEXT')}}\n`,
        ],
        ['{"prompt":"a","candidates":[]}\n', `{"prompt":"a","candidates":[],${bad('EMPTY_TEXT')}}\n`],
        [
          '{"prompt":"a","candidates":["b","",5]}\n',
          '{"prompt":"a","candidates":["b","",5],"reward":[R,null,null],' +
            '"reward_error":{"code":"EMPTY_TEXT","message":M,"index":1}}\n',
        ],
        [
          '{"prompt":"a","candidates":[{"id":1},"b"]}\n',
          '{"prompt":"a","candidates":[{"id":1},"b"],"reward":[null,R],' +
            '"reward_error":{"code":"BAD_ROW","message":M,"index":0}}\n',
        ],
        [
          '{"prompt":"a","candidates":["\\ud800","b"]}\n',
          '{"prompt":"a","candidates":["\\ud800","b"],"reward":[null,R],' +
            '"reward_error":{"code":"BAD_UTF8","message":M,"index":0}}\n',
        ],
        [
          '{"chosen":"a","rejected":""}\n',
          '{"chosen":"a","rejected":"","reward_chosen":R,"reward_rejected":null,' +
            '"reward_error":{"code":"EMPTY_TEXT","message":M}}\n',
        ],
        [
          '{"chosen":"","rejected":""}\n',
          '{"chosen":"","rejected":"","reward_chosen":null,"reward_rejected":null,' +
            '"reward_error":{"code":"EMPTY_TEXT","message":M}}\n',
        ],
        ['{"text":"\\ud800 a"}\n', `{"text":"\\ud800 a",${bad('BAD_UTF8')}}\n`],
        ['{"text":"a \\udc00"}\n', `{"text":"a \\udc00",${bad('BAD_UTF8')}}\n`],
        ['{"id":"\\ud800","text":"a"}\n', '{"id":"\\ud800","text":"a","reward":R}\n'],
        [bytes('{"text":"a', 0xff, '"}\n'), bytes('{"text":"a', 0xff, `",${bad('BAD_UTF8')}}\n`)],
        [
          bytes('{"id":"', 0xe2, 0x82, '","text":"a"}\n'),
          bytes('{"id":"', 0xe2, 0x82, `","text":"a",${bad('BAD_UTF8')}}\n`),
        ],
        [bytes('{"text":"', 0xc0, 0x80, '"}\n'), bytes('{"text":"', 0xc0, 0x80, `",${bad('BAD_UTF8')}}\n`)],
        [bytes('a ', 0xff, '\n'), `{${bad('BAD_UTF8', ',"input":"a \ufffd"')}}\n`],
        [bytes('"a ', 0xff, '"\n'), `{${bad('BAD_UTF8', ',"input":"\\"a \ufffd\\""')}}\n`],
        [bytes('["', 0xff, '"]'), `{${bad('BAD_UTF8', ',"input":"[\\"\ufffd\\"]"')}}\n`],
      ],
      3,
    ));

  test('a reward that is there already gives way to null, in its place', async () => {
    const exists = '"reward_error":{"code":"FIELD_EXISTS","message":M}';
    await linesCheck(
      [
        ['{"text":"good"}\n', '{"text":"good","reward":R}\n'],
        ['{"text":"a","reward":5}\n', `{"text":"a","reward":null,${exists}}\n`],
        ['{"reward":null,"text":"a"}\n', `{"reward":null,"text":"a",${exists}}\n`],
        [
          '{"prompt":"a","candidates":["b"],"reward":[5]}\n',
          `{"prompt":"a","candidates":["b"],"reward":null,${exists}}\n`,
        ],
        [
          '{"chosen":"a","rejected":"b","reward_rejected":5}\n',
          `{"chosen":"a","rejected":"b","reward_rejected":null,"reward_chosen":null,${exists}}\n`,
        ],
      ],
      3,
    );
    // Of two things that are wrong with a row either may be told; two fields of one name may not be written.
    const rows = ['{"text":"good"}', '{"id":1,"reward":5}', '{"prompt":[5],"response":"a","reward":5}'];
    const { stdout } = await rewardScore(quick, { stdin: `${rows.join('\n')}\n` });
    const lines = stdout.trimEnd().split('\n').slice(1);
    for (const [i, line] of lines.entries())
      assert.ok(line.startsWith(`${rows[i + 1]?.replace(/5}$/, 'null')},"reward_error":{`), line);
    assert.equal(lines.length, 2);
  });

  test('--reward-field', () =>
    linesCheck(
      [
        ['{"text":"a","reward":1}\n', '{"text":"a","reward":1,"my \\"score\\"":R}\n'],
        [
          '{"chosen":"a","rejected":"b"}\n',
          '{"chosen":"a","rejected":"b","my \\"score\\"_chosen":R,"my \\"score\\"_rejected":R}\n',
        ],
        ['"a"\n', '{"text":"a","my \\"score\\"":R}\n'],
        ['{"id":1}\n', '{"id":1,"my \\"score\\"":null,"reward_error":{"code":"BAD_ROW","message":M}}\n'],
        ['x\n', '{"my \\"score\\"":null,"reward_error":{"code":"BAD_JSON","message":M,"input":"x"}}\n'],
      ],
      3,
      ['--reward-field', 'my "score"'],
    ));

  test('--to scores', () =>
    linesCheck(
      [
        ['{"text":"a"}\n', 'R\n'],
        ['nonsense\r\n', 'null\n'],
        ['\n', ''],
        ['{"prompt":"a","candidates":["b","","c"]}\n', '[R,null,R]\n'],
        ['{"prompt":"a","candidates":5}\n', 'null\n'],
        ['{"chosen":"a","rejected":"b"}\n', '[R,R]\n'],
        ['{"text":"a","reward":5}\n', 'null\n'],
        ['"a"', 'R\n'],
      ],
      3,
      ['--to', 'scores'],
    ));
});

cases('CSV', [
  {
    name: 'a column more',
    args: ['--from', 'csv'],
    input: 'id,text\n1,Hello\n',
    output: 'id,text,reward\n1,Hello,R\n',
  },
  {
    name: 'quotes, line ends in quotes, CRLF, byte-order mark, no last line end',
    args: ['--from', 'csv'],
    input: '\ufeff"id", Text \r\n"1","a ""b"",\r\n\nc"\r\n2,d',
    output: '\ufeff"id", Text ,reward\r\n"1","a ""b"",\r\n\nc",R\r\n2,d,R\r\n',
  },
  {
    name: 'a byte-order mark before a quoted name with a line end in it',
    args: ['--from', 'csv'],
    input: '\ufeff"a\nb",text\n1,Hello\n',
    output: '\ufeff"a\nb",text,reward\n1,Hello,R\n',
  },
  {
    name: 'each record keeps its line end',
    args: ['--from', 'csv'],
    input: 'id,text\n1,a\r\n2,b\n3,c',
    output: 'id,text,reward\n1,a,R\r\n2,b,R\n3,c,R\n',
  },
  {
    name: 'short and long records',
    args: ['--from', 'csv'],
    input: 'id,text,note\n1,a\r\n2,b,c,d\n3,e,\n4\n',
    output: 'id,text,note,reward\n1,a,,\r\n2,b,c,d,\n3,e,,R\n4,,,\n',
    code: 3,
  },
  {
    name: 'a record that is not CSV',
    args: ['--from', 'csv'],
    input: 'id,text\n1,a "b" c\n2,"d"e\n3,f\n',
    output: 'id,text,reward\n1,a "b" c,\n2,"d"e,\n3,f,R\n',
    code: 3,
  },
  {
    name: 'other bad records',
    args: ['--from', 'csv'],
    input: bytes('id,text\n1,a', 0xff, '\n2,\n', 0xff, ',b\n3,""\n4,c\n'),
    output: bytes('id,text,reward\n1,a', 0xff, ',\n2,,\n', 0xff, ',b,\n3,"",\n4,c,R\n'),
    code: 3,
  },
  {
    name: 'blank records are passed over',
    args: ['--from', 'csv'],
    input: '\n\r\nid,text\n\n1,a\r\n\r\n2,b\n\n',
    output: 'id,text,reward\n1,a,R\r\n2,b,R\n',
  },
  {
    name: 'pairs are two columns',
    args: ['--from', 'csv'],
    input: 'prompt,chosen,rejected\nHi., Yo, No\nHi., Yo,\nHi.\n',
    output: 'prompt,chosen,rejected,reward_chosen,reward_rejected\nHi., Yo, No,R,R\nHi., Yo,,R,\nHi.,,,,\n',
    code: 3,
  },
  {
    name: 'candidates are a JSON array in one quoted cell',
    args: ['--from', 'csv'],
    input: 'prompt,candidates\nHi.,"["" Yo"","" No""]"\nHi.,"["" Yo""]"\nHi.,"["""","" No""]"\nHi.,x\nHi.,5\nHi.,[]\n',
    output:
      'prompt,candidates,reward\nHi.,"["" Yo"","" No""]","[R,R]"\nHi.,"["" Yo""]","[R]"\n' +
      'Hi.,"["""","" No""]","[null,R]"\nHi.,x,\nHi.,5,\nHi.,[],\n',
    code: 3,
  },
  {
    name: '--reward-field is quoted where it must be',
    args: ['--from', 'csv', '--reward-field', 'a,"b"'],
    input: 'id,text\n1,a\n',
    output: 'id,text,"a,""b"""\n1,a,R\n',
  },
  { name: 'a header alone', args: ['--from', 'csv'], input: 'id,text\r\n', output: 'id,text,reward\r\n' },
  { name: 'a header alone without a line end', args: ['--from', 'csv'], input: 'id,text', output: 'id,text,reward\n' },
  {
    name: '--delimiter stays',
    args: ['--from', 'csv', '--delimiter', ';'],
    input: 'id;text\n1;"a;b"\n2;c,d\n3\n',
    output: 'id;text;reward\n1;"a;b";R\n2;c,d;R\n3;;\n',
    code: 3,
  },
  {
    name: 'to TSV all cells are quoted anew',
    args: ['--from', 'csv', '--to', 'tsv'],
    input: '\ufeffid,"te,xt",text\r\n"1","a\tb","c,d"\r\n2,"e""f","g\nh"\r\n3\n',
    output: '\ufeffid\tte,xt\ttext\treward\r\n1\t"a\tb"\tc,d\tR\r\n2\t"e""f"\t"g\nh"\tR\r\n3\t\t\t\n',
    code: 3,
  },
  {
    name: 'to JSONL every column is a string',
    args: ['--from', 'csv', '--to', 'jsonl'],
    input: bytes('\ufeffid, Text ,"a ""b"""\r\n001,Hello,\r\n2,c,"x\r\ny"\r\n3,d\r\n4,,z\r\n5,e', 0xff, ',z'),
    output:
      '{"id":"001"," Text ":"Hello","a \\"b\\"":"","reward":R}\n' +
      '{"id":"2"," Text ":"c","a \\"b\\"":"x\\r\\ny","reward":R}\n' +
      `{${bad('BAD_CSV', ',"input":"3,d"')}}\n` +
      `{"id":"4"," Text ":"","a \\"b\\"":"z",${bad('EMPTY_TEXT')}}\n` +
      `{"id":"5"," Text ":"e\ufffd","a \\"b\\"":"z",${bad('BAD_UTF8')}}\n`,
    code: 3,
  },
  {
    name: 'to JSONL a pair and candidates',
    args: ['--from', 'csv', '--to', 'jsonl'],
    input: 'prompt,responses\nHi.,"["" Yo"",""""]"\n',
    output:
      '{"prompt":"Hi.","responses":"[\\" Yo\\",\\"\\"]","reward":[R,null],' +
      '"reward_error":{"code":"EMPTY_TEXT","message":M,"index":1}}\n',
    code: 3,
  },
  {
    name: 'to scores',
    args: ['--from', 'csv', '--to', 'scores'],
    input: 'id,text\n1,a\n\n2\n3,b',
    output: 'R\nnull\nR\n',
    code: 3,
  },
]);

cases('TSV', [
  {
    name: 'a column more',
    args: ['--from', 'tsv'],
    input: '\ufeffid\ttext\r\n1\ta,b\r\n2\t"c ""d""\te"\r\n',
    output: '\ufeffid\ttext\treward\r\n1\ta,b\tR\r\n2\t"c ""d""\te"\tR\r\n',
  },
  {
    name: 'candidates',
    args: ['--from', 'tsv'],
    input: 'prompt\tcandidates\nHi.\t["Yo","No"]\nHi.\t"[""Yo"",""No""]"\n',
    output: 'prompt\tcandidates\treward\nHi.\t["Yo","No"]\t\nHi.\t"[""Yo"",""No""]"\t"[R,R]"\n',
    code: 3,
  },
  {
    name: 'to CSV all cells are quoted anew',
    args: ['--from', 'tsv', '--to', 'csv'],
    input: 'id\ttext\n1\ta,b\n"2"\t"c\td"\n3\te\tf\n',
    output: 'id,text,reward\n1,"a,b",R\n2,c\td,R\n3,e,f,\n',
    code: 3,
  },
]);

cases('text', [
  {
    name: 'each line is a record',
    args: ['--from', 'text'],
    input: bytes('\ufeffHello\n\n"a" \\ \tb\r\nc', 0xff, '\n\n'),
    output:
      `{"text":"Hello","reward":R}\n{"text":"",${bad('EMPTY_TEXT')}}\n{"text":"\\"a\\" \\\\ \\tb","reward":R}\n` +
      `{"text":"c\ufffd",${bad('BAD_UTF8')}}\n{"text":"",${bad('EMPTY_TEXT')}}\n`,
    code: 3,
  },
  {
    name: 'scores line up with the lines',
    args: ['--from', 'text', '--to', 'scores'],
    input: 'a\n\nb\r\n{"text":"c"}',
    output: 'R\nnull\nR\nR\n',
    code: 3,
  },
]);

cases('empty input', [
  ...['jsonl', 'csv', 'tsv', 'text'].map((format) => ({
    name: `${format}: nothing`,
    args: ['--from', format],
    input: '',
    output: '',
  })),
  { name: 'csv to scores: nothing', args: ['--from', 'csv', '--to', 'scores'], input: '', output: '' },
  ...['jsonl', 'csv', 'tsv'].map((format) => ({
    name: `${format}: blank records only`,
    args: ['--from', format],
    input: '\n\r\n\n',
    output: '',
  })),
  { name: 'csv to tsv: nothing', args: ['--from', 'csv', '--to', 'tsv'], input: '', output: '' },
]);

describe('what is wrong is told', { concurrency: 2 }, () => {
  test('each failure on its line of stderr, then how many more', async () => {
    const rows = [
      ...['{"text":"a"}', '', 'nonsense', '[1]', '{"id":1}', '{"text":""}', '{"prompt":"a","candidates":["b",""]}'],
      ...['{"text":"\\ud800"}', '{"text":"a","reward":1}', '{"messages":[{"role":"user","text":5}]}', '{"text":null}'],
    ];
    const path = writeFile(directory, 'bad.jsonl', rows.join('\n'));
    const { code, stderr, stdout } = await rewardScore(['-j', '1', path]);
    assert.equal(code, 3);
    const expected = [
      /^no model named: /,
      /^reading: /,
      `${path}:3: BAD_JSON: expected a JSON object or string, got no valid JSON: nonsense`,
      `${path}:4: BAD_ROW: expected a JSON object or string, got an array`,
      `${path}:5: BAD_ROW: expected text, messages, or prompt with response, candidates, or chosen and rejected, got ["id"]`,
      `${path}:6: EMPTY_TEXT: text is empty`,
      `${path}:7: EMPTY_TEXT: candidates[1] is empty`,
      'and 4 more bad rows',
      /^10 rows, 9 bad, \d+\.\d s, [\d.,]+ rows\/s$/,
    ];
    const said = stderr
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^reward-score: /, ''));
    assert.equal(said.length, expected.length, stderr);
    for (const [i, line] of expected.entries()) {
      if (typeof line === 'string') assert.equal(said[i], line);
      else assert.match(said[i] as string, line);
    }
    const messages = jsonLines(stdout).map((row) => (row.reward_error as { message?: string } | undefined)?.message);
    assert.deepEqual(messages, [
      undefined,
      'expected a JSON object or string, got no valid JSON: nonsense',
      'expected a JSON object or string, got an array',
      'expected text, messages, or prompt with response, candidates, or chosen and rejected, got ["id"]',
      'text is empty',
      'candidates[1] is empty',
      'expected valid Unicode, got half of a surrogate pair',
      'the row has a field reward already; name another with --reward-field, replace what is there with --rescore, ' +
        'or keep it and score the other rows with --use-rewards',
      'expected messages[0] to have a string content, text, message, value or so, got {"role":"user","text":5}',
      'expected text, messages, or prompt with response, candidates, or chosen and rejected, got ["text (null)"]',
    ]);
  });

  test('a dry run counts rows by their forms, a run of scoring does not', async () => {
    const message = { role: 'user', content: 'a' };
    const rows = [{ messages: [message] }, 'a', { text: 'b' }, { prompt: 'a', response: ' b' }, { id: 1 }];
    const stdin = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const dry = await rewardScore(['-j', '1', '--dry-run'], { stdin });
    assert.match(dry.stderr, /\nreward-score: 5 rows \(2 text, 1 response, 1 messages\), 1 bad, \d/);
    assert.match((await rewardScore(['-j', '1'], { stdin })).stderr, /\nreward-score: 5 rows, 1 bad, /);
    assert.match((await rewardScore(['-j', '1', '--dry-run'])).stderr, /\nreward-score: 0 rows, \d/);
  });

  test('records of CSV on the line they begin on, and standard input by name', async () => {
    const csv = 'id,text\n1,"a\nb"\n2\n3,"c\nd" e\n4,f,g\n';
    const { code, stderr } = await rewardScore(['-j', '1', '--from', 'csv', '-'], { stdin: csv });
    assert.equal(code, 3);
    const [, , ...said] = stderr.trimEnd().split('\n');
    assert.deepEqual(said.slice(0, -1), [
      'reward-score: standard input:4: BAD_CSV: expected 2 fields as in the header, got 1',
      'reward-score: standard input:5: BAD_CSV: expected a delimiter or line end after a closing quote; a quote inside quotes is written twice',
      'reward-score: standard input:7: BAD_CSV: expected 2 fields as in the header, got 3',
    ]);
    assert.match(said.at(-1) as string, /^reward-score: 4 rows, 3 bad, /);
  });

  test('a quote that is never closed is one bad record', async () => {
    const run = await rewardScore(['-q', '-j', '1', '--from', 'csv', '--to', 'jsonl'], {
      stdin: 'id,text\n1,a\n2,"b\n3,c\n',
    });
    assert.equal(run.code, 3);
    assert.equal(
      masked(run.bytes),
      `{"id":"1","text":"a","reward":R}\n{${bad('BAD_CSV', ',"input":"2,\\"b\\n3,c\\n"')}}\n`,
    );
  });

  test('nothing is said with --quiet, and nothing of bad rows where there are none', async () => {
    assert.equal((await rewardScore(['-q', '-j', '1'], { stdin: 'nonsense\n' })).stderr, '');
    const { stderr } = await rewardScore(['-j', '1'], { stdin: '"a"\n' });
    assert.match(
      stderr,
      /^reward-score: no model named: .*\nreward-score: reading: .*\nreward-score: 1 row, \d+\.\d s, [\d.,]+ rows\/s\n$/,
    );
  });

  test('texts that are cut', async () => {
    const { stderr } = await rewardScore(['-j', '1', '--max-length', '4'], { stdin: '"a b c d e f"\n"a"\n' });
    assert.match(stderr, /\nreward-score: 2 rows, 1 cut to 4 tokens, /);
  });

  const seamHint =
    'reward-score: hint: no prompt ends and no response begins with white space; nothing is put between the two\n';
  const seam = (prompt: string, response: string): string => `${JSON.stringify({ prompt, response })}\n`;
  for (const [name, stdin, hinted] of [
    ['no white space at any seam', seam('a', 'b') + seam('c', 'd'), true],
    ['white space after a prompt', seam('a', 'b') + seam('c\n', 'd'), false],
    ['white space before a response', seam('a', ' b') + seam('c', 'd'), false],
    ['white space after the first 100 rows', seam('a', 'b').repeat(100) + seam('a ', 'b'), true],
    ['no rows of prompt and response', '"a"\n{"chosen":"a","rejected":"b"}\n', false],
  ] as const) {
    test(`hint: ${name}`, async () => {
      const { stderr } = await rewardScore(['-j', '1'], { stdin });
      assert.equal(stderr.split(seamHint).length - 1, hinted ? 1 : 0, stderr);
    });
  }
});

describe('failures of scoring', { concurrency: 2 }, () => {
  let model: string;
  before(async () => {
    model = join(directory, 'nan');
    const description = (await readModelDescriptions()).find(({ name }) => name === 'nan-in-wte');
    assert.ok(description);
    await makeSyntheticModel(model, description);
  });

  // The NaN is in the embedding of token 262, " the".
  test('NON_FINITE', () =>
    linesCheck(
      [
        ['{"text":"good"}\n', '{"text":"good","reward":R}\n'],
        ['{"text":"in the text"}\n', `{"text":"in the text",${bad('NON_FINITE')}}\n`],
        [
          '{"prompt":"a","candidates":[" cat"," the cat"]}\n',
          '{"prompt":"a","candidates":[" cat"," the cat"],"reward":[R,null],' +
            '"reward_error":{"code":"NON_FINITE","message":M,"index":1}}\n',
        ],
        [
          '{"chosen":"in the text","rejected":"a"}\n',
          '{"chosen":"in the text","rejected":"a","reward_chosen":null,"reward_rejected":R,' +
            '"reward_error":{"code":"NON_FINITE","message":M}}\n',
        ],
        ['"good"\n', '{"text":"good","reward":R}\n'],
      ],
      3,
      ['-m', model],
    ));

  test('NON_FINITE in CSV and in scores', async () => {
    const stdin = 'id,text\n1,in the text\n2,good\n';
    const from = ['-q', '-j', '1', '-m', model, '--from', 'csv'];
    assert.equal(masked((await rewardScore(from, { stdin })).bytes), 'id,text,reward\n1,in the text,\n2,good,R\n');
    assert.equal(masked((await rewardScore([...from, '--to', 'scores'], { stdin })).bytes), 'null\nR\n');
  });

  test('TEMPLATE_ERROR, and templates that render nothing', async () => {
    const template = writeFile(
      directory,
      'picky.jinja',
      '{% for message in messages %}{% if message.role == "system" %}{{ raise_exception("no\nsystem") }}{% endif %}' +
        '{% if message.content != "void" %}{{ message.content }}{% endif %}{% endfor %}',
    );
    const messages = (...contents: string[]): string =>
      JSON.stringify(contents.map((content) => ({ role: content === 'S' ? 'system' : 'user', content })));
    await linesCheck(
      [
        [`{"messages":${messages('a')}}\n`, `{"messages":${messages('a')},"reward":R}\n`],
        [
          `{"messages":${messages('S', 'a')}}\n`,
          `{"messages":${messages('S', 'a')},${bad('TEMPLATE_ERROR')}}\n`.replace(
            bad('TEMPLATE_ERROR'),
            bad('TEMPLATE_ERROR'),
          ),
        ],
        [
          `{"messages":${messages('S')},"candidates":["a"]}\n`,
          `{"messages":${messages('S')},"candidates":["a"],"reward":[null],` +
            '"reward_error":{"code":"TEMPLATE_ERROR","message":M,"index":0}}\n',
        ],
        [`{"messages":${messages('void')}}\n`, `{"messages":${messages('void')},${bad('EMPTY_TEXT')}}\n`],
        [
          '{"messages":[],"candidates":["a","void"]}\n',
          '{"messages":[],"candidates":["a","void"],"reward":[R,null],' +
            '"reward_error":{"code":"EMPTY_TEXT","message":M,"index":1}}\n',
        ],
      ],
      3,
      ['--template', template, '--last-speaker', 'any'],
    );
    const { stderr } = await rewardScore(['-j', '1', '--template', template, '--last-speaker', 'any'], {
      stdin: `{"messages":${messages('S')}}\n`,
    });
    assert.equal(
      stderr.split('\n')[2],
      `reward-score: standard input:1: TEMPLATE_ERROR: ${template}, line 1: no system`,
    );
  });
});

describe('files', { concurrency: 2 }, () => {
  const file = (name: string, content: string): string => writeFile(directory, name, content);

  test('several in the order given, standard input among them', async () => {
    const first = file('first.jsonl', '{"text":"1"}\n{"text":"2"}');
    const second = file('second.ndjson', '{"text":"3"}\r\n');
    const run = await rewardScore([...quick, second, '-', first], { stdin: '{"text":"4"}' });
    assert.equal(
      masked(run.bytes),
      '{"text":"3","reward":R}\r\n{"text":"4","reward":R}\n{"text":"1","reward":R}\n{"text":"2","reward":R}\n',
    );
    assert.equal(run.code, 0);
  });

  test('several of CSV under one header', async () => {
    const first = file('first.csv', '\n\ufeffid,text\r\n1,a\r\n2,b');
    const empty = file('empty.csv', '');
    const second = file('second.CSV', '"id","text"\n3,c\n');
    const run = await rewardScore([...quick, first, empty, second]);
    assert.equal(masked(run.bytes), latin1('\ufeffid,text,reward\r\n1,a,R\r\n2,b,R\r\n3,c,R\n'));
    assert.equal(run.code, 0);
  });

  test('there are no more workers than small files can keep busy, unless it is said how many', async () => {
    const row = '{"text":"a"}\n';
    const small = writeFile(directory, 'small.jsonl', row);
    const large = writeFile(directory, 'large.jsonl', row + '\n'.repeat(2e7));
    const packed = writeFile(directory, 'small.jsonl.gz', gzipSync(row));
    const workersOf = async (args: readonly string[], stdin = ''): Promise<number> => {
      const summary = join(directory, 'workers.json');
      const run = await rewardScore(['-q', '--limit', '1', '--summary', summary, ...args], { stdin });
      assert.equal(run.code, 0, run.stderr);
      return (JSON.parse(readFileSync(summary, 'utf8')) as { runtime: { workers: number } }).runtime.workers;
    };
    const all = await workersOf([], row);
    assert.equal(await workersOf([small]), 1);
    assert.equal(await workersOf([small, small]), Math.min(2, all));
    assert.equal(await workersOf(['-j', '3', small]), 3);
    assert.equal(await workersOf([large]), all);
    assert.equal(await workersOf([packed]), all);
    assert.equal(await workersOf([small, '-'], row), all);
    assert.equal(await workersOf([writeFile(directory, 'none.jsonl', '')]), 1);
  });

  test('formats by name', async () => {
    for (const [name, content, output] of [
      ['name.tsv', 'id\ttext\n1\ta\n', 'id\ttext\treward\n1\ta\tR\n'],
      ['name.txt', 'a\n', '{"text":"a","reward":R}\n'],
      ['name.other', '{"text":"a"}\n', '{"text":"a","reward":R}\n'],
    ] as const) {
      assert.equal(masked((await rewardScore([...quick, file(name, content)])).bytes), output);
    }
  });

  test('-o writes a file and nothing else, over one that is there', async () => {
    const input = file('in.jsonl', '{"text":"a"}\nnonsense\n');
    const output = file('out.jsonl', 'old');
    const run = await rewardScore(['score', input, '-j', '1', '-q', '-o', output]);
    assert.deepEqual({ code: run.code, stdout: run.stdout, stderr: run.stderr }, { code: 3, stdout: '', stderr: '' });
    assert.equal(
      masked(readFileSync(output)),
      `{"text":"a","reward":R}\n{${bad('BAD_JSON', ',"input":"nonsense"')}}\n`,
    );
    assert.ok(!existsSync(`${output}.partial`));
  });

  test('--overwrite throws away what an unfinished run left', async () => {
    const output = join(directory, 'again.jsonl');
    file('again.jsonl.partial', '{"text":"old","reward":1}\n');
    const run = await rewardScore([...quick, '--overwrite', '-o', output], { stdin: '"a"\n' });
    assert.equal(run.code, 0);
    assert.equal(masked(readFileSync(output)), '{"text":"a","reward":R}\n');
    assert.ok(!existsSync(`${output}.partial`));
  });

  test('-o - is standard output', async () => {
    const { bytes } = await rewardScore([...quick, '-o', '-'], { stdin: '"a"\n' });
    assert.equal(masked(bytes), '{"text":"a","reward":R}\n');
  });

  test('a FIFO is written to directly', {
    skip: process.platform === 'win32' ? 'there are no FIFOs on Windows' : false,
  }, async () => {
    const fifo = join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const [written, run] = await Promise.all([readFile(fifo), rewardScore([...quick, '-o', fifo], { stdin: '"a"\n' })]);
    assert.equal(masked(written), '{"text":"a","reward":R}\n');
    assert.deepEqual([run.code, run.stdout, run.stderr], [0, '', '']);
    assert.ok(!existsSync(`${fifo}.partial`));
  });
});
