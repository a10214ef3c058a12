/** Wrong flags, files, formats and inputs; and what help, version and variables do. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { runBinary } from '../support/binary.js';
import { rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';
import { testWrongUses, USAGE, type WrongUse } from '../support/wrong-use.js';

const directory = temporaryDirectory();
const fixture = join(root, 'fixtures/tiny-gpt2');

const wrongUses = (what: string, uses: readonly WrongUse[]): void => testWrongUses(what, directory, uses);

const file = (name: string, content: string | Uint8Array): string => writeFile(directory, name, content);
const good = file('good.jsonl', '{"text":"a"}\n');
const folder = join(directory, 'folder');
mkdirSync(folder);

const invalid = (option: string, value: string, expected: string): string =>
  `option '${option}' argument '${value}' is invalid. ${expected}`;

wrongUses('flags', [
  { args: ['--nope'], stderr: "unknown option '--nope'; reward-score score --help lists them" },
  { args: ['score', good, '-x'], stderr: "unknown option '-x'; reward-score score --help lists them" },
  { args: ['--form', 'csv'], stderr: "unknown option '--form'; did you mean --from?" },
  { args: ['--from'], stderr: "option '--from <format>' argument missing" },
  {
    args: ['--from', 'xml'],
    stderr: invalid('--from <format>', 'xml', 'Allowed choices are jsonl, csv, tsv, text, json, parquet.'),
  },
  {
    args: ['--to', 'text'],
    stderr: invalid('--to <format>', 'text', 'Allowed choices are jsonl, csv, tsv, scores, parquet.'),
  },
  ...['ab', '"', 'é'].map((value) => ({
    args: ['--from', 'csv', '--delimiter', value],
    stderr: invalid('--delimiter <character>', value, 'Expected one ASCII character that is no quote or line end.'),
  })),
  ...['text', 'messages', 'rejected'].map((name) => ({
    args: [`--${name}`, ''],
    stderr: invalid(`--${name} <field>`, '', 'Expected the name of a field.'),
  })),
  { args: ['--reward-field', ' '], stderr: invalid('--reward-field <name>', ' ', 'Expected the name of a field.') },
  { args: ['-m', ''], stderr: invalid('-m, --model <dir|id>', '', 'Expected the name of a model.') },
  { args: ['--tokenizer', ''], stderr: invalid('--tokenizer <dir|id>', '', 'Expected the name of a model.') },
  { args: ['-o', ''], stderr: invalid('-o, --output <file>', '', 'Expected the name of a file.') },
  { args: ['--summary', ''], stderr: invalid('--summary <file>', '', 'Expected the name of a file.') },
  ...['0', '1.5', '1e3', '99999999999999999999'].map((value) => ({
    args: ['--max-length', value],
    stderr: invalid('--max-length <tokens>', value, 'Expected a whole number from 1 up.'),
  })),
  ...['-1', 'all', '100000'].map((value) => ({
    args: ['-j', value],
    stderr: invalid('-j, --workers <number>', value, 'Expected a whole number from 0 to 256.'),
  })),
  {
    args: ['--truncation-side', 'middle'],
    stderr: invalid('--truncation-side <side>', 'middle', 'Allowed choices are left, right.'),
  },
  {
    args: ['--activation', 'tanh'],
    stderr: invalid('--activation <name>', 'tanh', 'Allowed choices are none, sigmoid, softmax.'),
  },
  {
    args: ['--activation', 'softmax'],
    stderr: 'expected --activation none or sigmoid for a model with one label: softmax of one number is 1',
  },
  { args: ['--logit', '1'], stderr: 'expected --logit to be one of 0 (LABEL_0), got 1' },
  { args: ['--logit', 'good'], stderr: 'expected --logit to be one of 0 (LABEL_0), got good' },
  {
    args: ['--max-length', '257'],
    stderr: "expected --max-length of at most 256, the model's positions, got 257",
  },
  ...['-1', '1.5', 'all'].map((value) => ({
    args: ['--reserve', value],
    stderr: invalid('--reserve <tokens>', value, 'Expected a whole number from 0 up.'),
  })),
  ...['256', '1000'].map((value) => ({
    args: ['--reserve', value],
    stderr: `expected --reserve of less than the 256 tokens kept of a text, got ${value}`,
  })),
  {
    args: ['--max-length', '64', '--reserve', '64'],
    stderr: 'expected --reserve of less than the 64 tokens kept of a text, got 64',
  },
  {
    args: ['--truncation-side', 'right', '--reserve', '1'],
    stderr: 'expected --truncation-side left with --reserve, got right: it is the end of a prompt that is kept',
  },
  {
    args: ['--template', 'nothing.jinja'],
    stderr:
      /^expected --template chai, dialogrpt, chatml, model, pair, none or a Jinja file, got nothing\.jinja \(ENOENT/,
  },
  {
    args: ['--template', folder],
    stderr: /^expected --template chai, dialogrpt, chatml, model, pair, none or a Jinja file, got .*folder \(EISDIR/,
  },
  {
    args: ['--template', 'model'],
    stderr: `${join(root, 'models/starter')}: expected a chat template for --template model, found none`,
  },
  ...[
    ['{% for %}', 'expected a name, got %}'],
    ['{{ messages', 'expected }}, got the end of the template'],
    ['{% if messages %}', 'expected elif or else or endif, got the end of the template'],
  ].map(([source, problem], i) => {
    const path = file(`broken-${i}.jinja`, source as string);
    return { args: ['-q', '--template', path], stderr: `${path}, line 1: expected a Jinja chat template: ${problem}` };
  }),
]);

wrongUses('variables', [
  {
    args: [],
    env: { REWARD_SCORE_FROM: 'xml' },
    stderr:
      "option '--from <format>' value 'xml' from env 'REWARD_SCORE_FROM' is invalid. " +
      'Allowed choices are jsonl, csv, tsv, text, json, parquet.',
  },
  {
    args: [],
    env: { REWARD_SCORE_WORKERS: 'many' },
    stderr:
      "option '-j, --workers <number>' value 'many' from env 'REWARD_SCORE_WORKERS' is invalid. " +
      'Expected a whole number from 0 to 256.',
  },
  {
    args: [],
    env: { REWARD_SCORE_MAX_LENGTH: '257' },
    stderr: "expected --max-length of at most 256, the model's positions, got 257",
  },
  {
    args: [],
    env: { REWARD_SCORE_MODEL: './missing' },
    stderr: './missing: expected a model directory, found nothing of that name',
  },
]);

const csv = (name: string, content: string): string => file(name, content);

wrongUses('formats', [
  {
    args: ['--to', 'csv', good],
    stderr:
      'expected --to jsonl or scores for jsonl input, got csv: its rows have no common columns; say which fields are columns with --keep',
  },
  {
    args: ['--to', 'tsv'],
    stdin: '',
    stderr:
      'expected --to jsonl or scores for jsonl input, got tsv: its rows have no common columns; say which fields are columns with --keep',
  },
  {
    args: ['--from', 'text', '--to', 'csv'],
    stderr:
      'expected --to jsonl or scores for text input, got csv: its rows have no common columns; say which fields are columns with --keep',
  },
  {
    args: [good, csv('mixed.csv', 'text\na\n')],
    stderr: 'expected input files of one format, got jsonl and csv; say which with --from',
  },
  {
    args: ['--delimiter', ';', good],
    stderr: 'expected --delimiter with CSV input only, the input is jsonl; add --from csv?',
  },
]);

const missing = join(directory, 'missing.jsonl');
const unfinished = file('unfinished.jsonl.partial', '{"text":"a","reward":1}\n').replace('.partial', '');
const link = join(directory, 'link.jsonl');
symlinkSync(good, link);
const noFolder = join(directory, 'no-folder');

wrongUses('files', [
  { args: [missing], stderr: `${missing}: expected a file, found none of that name` },
  { args: [good, missing], stderr: `${missing}: expected a file, found none of that name` },
  { args: [folder], stderr: `${folder}: expected a file, got a directory` },
  { args: [`${good}/x`], stderr: `${good}/x: expected a file, found none of that name` },
  { args: ['-', good, '-'], stderr: 'expected standard input (-) once at most' },
  { args: [good, '-o', good], stderr: `${good}: expected --output to be another file than the input` },
  { args: [good, '-o', link], stderr: `${good}: expected --output to be another file than the input` },
  { args: [good, '-o', folder], stderr: `${folder}: expected --output to be a file, got a directory` },
  {
    args: [good, '-o', join(noFolder, 'out.jsonl')],
    stderr: `${noFolder}/out.jsonl: expected --output in a directory that is there, found no directory ${noFolder}`,
  },
  {
    args: [good, '-o', join(good, 'out.jsonl')],
    stderr: `${good}/out.jsonl: expected --output in a directory that is there, found no directory ${good}`,
  },
  {
    args: [good, '-o', unfinished],
    stderr:
      `${unfinished}.partial: holds the work of an unfinished run; ` +
      '--resume goes on with it, --overwrite throws it away',
  },
  {
    args: [`${unfinished}.partial`, '--from', 'jsonl', '--overwrite', '-o', unfinished],
    stderr: `${unfinished}.partial: expected --output to be another file than the input`,
  },
  { args: [good, '--summary', folder], stderr: `${folder}: expected --summary to be a file, got a directory` },
  {
    args: [good, '--summary', join(noFolder, 's.json')],
    stderr: `${noFolder}/s.json: expected --summary in a directory that is there, found no directory ${noFolder}`,
  },
  { args: [good, '--summary', good], stderr: `${good}: expected --summary to be another file than the input` },
  {
    args: [good, '--summary', join(directory, 'same.jsonl'), '-o', join(directory, 'folder/../same.jsonl')],
    stderr: `${directory}/same.jsonl: expected --summary to be another file than --output`,
  },
]);

const utf16 = (text: string, bigEndian = false): Buffer => {
  const bytes = Buffer.from(text, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
};

const exported: readonly (readonly [name: string, content: string | Uint8Array, got: string])[] = [
  ['data.xlsx', 'PK\x03\x04\x14\0\x06\0', 'a zip archive (or xlsx); take the JSONL or CSV out of it first'],
  ['le.jsonl', utf16('\ufeff{"text":"a"}\n'), 'UTF-16; convert it first: iconv -f UTF-16 -t UTF-8'],
  ['be.jsonl', utf16('\ufeff{"text":"a"}\n', true), 'UTF-16; convert it first: iconv -f UTF-16 -t UTF-8'],
  ['le-bare.jsonl', utf16('{"text":"a"}\n'), 'UTF-16; convert it first: iconv -f UTF-16LE -t UTF-8'],
  ['be-bare.jsonl', utf16('{"text":"a"}\n', true), 'UTF-16; convert it first: iconv -f UTF-16BE -t UTF-8'],
  ...(
    [
      ['BZh91AY&SYz\x1c', 'bzip2; decompress it: bzip2 -dc FILE | reward-score'],
      ['BZh9\x17rE8P\x90\0\0', 'bzip2; decompress it: bzip2 -dc FILE | reward-score'],
      ['\xfd7zXZ\0\0\x04', 'xz; decompress it: xz -dc FILE | reward-score'],
      ['\x5d\0\0\x80\0\xff', 'LZMA; decompress it: xz -dc FILE | reward-score'],
      ['\x04"M\x18d@', 'lz4; decompress it: lz4 -dc FILE | reward-score'],
      ["7z\xbc\xaf'\x1c\0\x04", 'a 7z archive; take the rows out of it: 7z x -so FILE | reward-score'],
      [`a.jsonl${'\0'.repeat(250)}ustar\0`, 'a tar archive; take the rows out of it: tar -xOf FILE | reward-score'],
      ['PK\x05\x06\0\0', 'a zip archive (or xlsx); take the JSONL or CSV out of it first'],
      ['Rar!\x1a\x07\x01\0', 'a RAR archive; take the JSONL or CSV out of it first'],
      ['%PDF-1.7\n%', 'a PDF; give its rows as JSON lines or CSV'],
      ['\xd0\xcf\x11\xe0\xa1', 'an old file of Office (xls, doc); save it as CSV first'],
      ['SQLite format 3\0', 'an SQLite database; write its rows as JSON lines or Parquet first'],
      ['\xff\xff\xff\xff\x10', 'Arrow; write its rows as JSON lines or Parquet first'],
      ['\x80\x04\x95\x10', 'a pickle; write its rows as JSON lines or Parquet first'],
    ] as const
  ).map(([bytes, got], i) => [`signed-${i}`, Buffer.from(bytes, 'latin1'), got] as const),
];

wrongUses('input that is something else', [
  ...exported.map(([name, content, got]) => {
    const path = file(name, content);
    return { args: [path], stderr: `${path}:1: expected JSON lines, got ${got}` };
  }),
  {
    args: ['--from', 'csv'],
    stdin: 'PK\x03\x04\x14\0\x06\0',
    stderr:
      'standard input:1: expected lines of text, got a zip archive (or xlsx); take the JSONL or CSV out of it first',
  },
  {
    args: ['--from', 'text'],
    stdin: utf16('\ufeffHello\n'),
    stderr: 'standard input:1: expected lines of text, got UTF-16; convert it first: iconv -f UTF-16 -t UTF-8',
  },
  ...['[{"text":"a"},{"text":"b"}]', '[\n  {"text": "a"}\n]\n', '\ufeff[]'].map((stdin) => ({
    args: [],
    stdin,
    stderr: "standard input:1: expected one JSON object a line, got a JSON array; use: jq -c '.[]' FILE",
  })),
  {
    args: [],
    stdin: '\n \n{\r\n  "text": "a"\r\n}\r\n',
    stderr: 'standard input:3: expected one JSON object a line, got one over several lines; use: jq -c . FILE',
  },
  ...[
    '{ "text": "a",\n  "n": 1 }\n{"text": "b"}\n',
    '\ufeff{"text": "a"\n, "n": [\n1]}',
    '\n{"messages": [\n{"role": "user", "content": "a"},\r\n{"role": "user", "content": "b"}\n]}\n',
    `{"messages": [\n${'{"role": "user", "content": "a"},\n'.repeat(5000)}`,
  ].map((stdin) => ({
    args: [],
    stdin,
    stderr: /^standard input:[12]: expected one JSON object a line, got one over several lines; use: jq -c \. FILE$/,
  })),
  ...(
    [
      ['text\nhello\n', '--from csv'],
      ['id, Prompt ,Response\r\n1,a,b\r\n', '--from csv'],
      ['"prompt","response"\n"a","b"\n', '--from csv'],
      ['\ufeffid\ttext\n1\ta\n', '--from tsv'],
      ['id;chosen;rejected\n', "--from csv --delimiter ';'"],
      ['reward,label\n1,0\n', '--from csv'],
    ] as const
  ).map(([stdin, flags]) => ({
    args: [],
    stdin,
    stderr: `standard input:1: expected JSON lines, got the header of a table; read it with ${flags}`,
  })),
  {
    args: ['--text', 'Body'],
    stdin: 'id,body\n1,a\n',
    stderr: 'standard input:1: expected JSON lines, got the header of a table; read it with --from csv',
  },
  {
    args: [good, file('array.jsonl', '[1]\n')],
    stderr: `${directory}/array.jsonl:1: expected one JSON object a line, got a JSON array; use: jq -c '.[]' FILE`,
  },
]);

describe('a first line that is only broken is a bad row', { concurrency: 2 }, () => {
  for (const stdin of [
    '{"text":"a",\n',
    '{"text":"a",\n{"text":"b"}\n',
    '{"text":"a,\n{"text":"b"}\n',
    '{"text":\n{"text":"b"}\n{"text":"c"}\n',
    '{"messages":[\n{"text":"b"}\n{"text":"c"}\n',
    '{"text":"a"} ,\n{"text":"b"}\n',
    'hello, world\n{"text":"b"}\n',
    'not JSON\n',
    'text, and {more}\n',
  ]) {
    test(JSON.stringify(stdin), async () => {
      const { code, stdout } = await rewardScore(['-m', fixture], { stdin });
      assert.equal(code, 3);
      assert.match(stdout, /^\{"reward":null,"reward_error":\{"code":"BAD_JSON"/);
      assert.equal(stdout.split('\n').length, stdin.split('\n').length);
    });
  }

  test('a stream is not read on before it is answered', async () => {
    const stdin = new PassThrough();
    stdin.write('{"text":"a",\n');
    const { stdout } = await rewardScore(['--stream', '-m', fixture, '-j', '1'], {
      stdin,
      onStdout: () => stdin.end(),
    });
    assert.match(stdout, /^\{"reward":null,"reward_error":\{"code":"BAD_JSON"/);
  });
});

const columns = 'columns to score: text, messages, or prompt with response, candidates, or chosen and rejected';
const taken = (field: string): string =>
  `expected no field ${field}, which the reward is written to; name another with --reward-field, ` +
  'replace what is there with --rescore, or keep it and score the other rows with --use-rewards';

wrongUses('headers and reward fields', [
  {
    args: ['--from', 'csv'],
    stdin: 'id,name\n1,a\n',
    stderr: `standard input:1: expected ${columns}; got "id", "name"`,
  },
  { args: ['--from', 'csv'], stdin: '\nprompt\na\n', stderr: `standard input:2: expected ${columns}; got "prompt"` },
  { args: ['--from', 'csv'], stdin: 'candidates\n', stderr: `standard input:1: expected ${columns}; got "candidates"` },
  {
    args: ['--from', 'csv'],
    stdin: 'id;text\n1;a\n',
    stderr: `standard input:1: expected ${columns}; got "id;text"; is it --delimiter ';'?`,
  },
  {
    args: ['--from', 'csv'],
    stdin: 'id\ttext\n1\ta\n',
    stderr: `standard input:1: expected ${columns}; got "id\\ttext"; is it --delimiter '\\t'?`,
  },
  {
    args: ['--from', 'tsv'],
    stdin: 'id,text\n1,a\n',
    stderr: `standard input:1: expected ${columns}; got "id,text"; is it --delimiter ','?`,
  },
  {
    args: ['--from', 'csv', '--text', 'Body', '--prompt', 'text'],
    stdin: 'id,text\n',
    stderr: 'standard input:1: expected a column "Body" (--text), got "id", "text"',
  },
  {
    args: ['--from', 'csv', '--prompt', 'Promp', '--response', 'response'],
    stdin: 'PROMPT, Response \na,b\n',
    stderr: 'standard input:1: expected a column "Promp" (--prompt), got "PROMPT", " Response "; did you mean PROMPT?',
  },
  {
    args: ['-q', '--text', 'TEXTE'],
    stdin: '{"id":1,"text":"a"}\n',
    stderr: 'standard input:1: expected a field "TEXTE" (--text), got ["id","text"]; did you mean text?',
  },
  {
    args: ['--from', 'csv'],
    stdin: 'id "x",text\n',
    stderr: 'standard input:1: not a CSV header: expected quotes around the whole field, got one inside it',
  },
  {
    args: ['--from', 'csv'],
    stdin: '"id,text\n1,a\n',
    stderr: 'standard input:1: not a CSV header: expected a closing quote, got the end of the input',
  },
  {
    args: ['--from', 'csv'],
    stdin: Buffer.from('caf\xe9,text\n', 'latin1'),
    stderr:
      'standard input:1: expected a header in UTF-8, got other bytes; ' +
      'if it is in another encoding, convert it first: iconv -f LATIN1 -t UTF-8',
  },
  {
    args: [csv('one.csv', 'id,text\n'), csv('two.csv', 'id,Text\n')],
    stderr: `${directory}/two.csv:1: expected the columns "id", "text" in every file, got "id", "Text"`,
  },
  { args: [], stdin: '\n{"text":"a","reward":1}\n', stderr: `standard input:2: ${taken('reward')}` },
  { args: [], stdin: '\ufeff{"reward":null,"text":"a"}\n', stderr: `standard input:1: ${taken('reward')}` },
  {
    args: [],
    stdin: '{"chosen":"a","rejected":"b","reward_chosen":1}\n',
    stderr: `standard input:1: ${taken('reward_chosen')}`,
  },
  {
    args: ['--chosen', 'a.good', '--rejected', 'a.bad'],
    stdin: '{"a":{"good":"a","bad":"b"},"reward_rejected":1}\n',
    stderr: `standard input:1: ${taken('reward_rejected')}`,
  },
  { args: ['--reward-field', 'id'], stdin: '{"text":"a","id":1}\n', stderr: `standard input:1: ${taken('id')}` },
  { args: ['--reward-field', 'text'], stderr: `standard input:1: ${taken('text')}` },
  { args: ['--from', 'text', '--reward-field', 'text'], stderr: `standard input:1: ${taken('text')}` },
  { args: ['--from', 'csv'], stdin: 'text, Reward \na,1\n', stderr: `standard input:1: ${taken('reward')}` },
  {
    args: ['--from', 'csv', '--reward-field', 'Score'],
    stdin: 'chosen,rejected,score_rejected\n',
    stderr: `standard input:1: ${taken('score_rejected')}`,
  },
]);

describe('nothing is written by a run that is refused', { concurrency: 2 }, () => {
  for (const [name, args] of [
    ['a wrong flag', ['--nope']],
    ['a row with a reward', []],
    ['a template that cannot be read', ['-q', '--template', file('open.jinja', '{% if messages %}')]],
  ] as const) {
    test(name, async () => {
      const [output, summary] = [join(folder, `${name}.jsonl`), join(folder, `${name}.json`)];
      const stdin = name === 'a row with a reward' ? '{"text":"a","reward":1}\n' : '"a"\n';
      const { code, stdout } = await rewardScore([...args, '-o', output, '--summary', summary], { stdin });
      assert.equal(code, USAGE);
      assert.equal(stdout, '');
      for (const path of [output, `${output}.partial`, summary]) assert.ok(!existsSync(path), path);
    });
  }
});

describe('variables and flags', { concurrency: 2 }, () => {
  const scored = (args: readonly string[], env: Record<string, string>, stdin = '"a"\n') =>
    rewardScore(args, { env: { REWARD_SCORE_WORKERS: '1', ...env }, stdin });

  test('a variable sets its flag', async () => {
    const env = { REWARD_SCORE_REWARD_FIELD: 'score', REWARD_SCORE_FROM: 'text', REWARD_SCORE_QUIET: '1' };
    const { code, stdout, stderr } = await scored([], env);
    assert.match(stdout, /^\{"text":"\\"a\\"","score":[-\d.]+\}\n$/);
    assert.deepEqual([code, stderr], [0, '']);
  });

  test('a flag beats its variable', async () => {
    const env = { REWARD_SCORE_REWARD_FIELD: 'score', REWARD_SCORE_FROM: 'csv', REWARD_SCORE_MODEL: './missing' };
    const { code, stdout } = await scored(['--reward-field', 'r', '--from', 'jsonl', '-m', fixture], env);
    assert.match(stdout, /^\{"text":"a","r":[-\d.]+\}\n$/);
    assert.equal(code, 0);
  });

  test('a variable beats the default, and an empty one is none', async () => {
    const { stdout } = await scored([], { REWARD_SCORE_TO: 'scores', REWARD_SCORE_FROM: '', REWARD_SCORE_MODEL: '' });
    assert.match(stdout, /^[-\d.]+\n$/);
  });

  for (const value of ['0', 'false', 'no', 'off', '']) {
    test(`REWARD_SCORE_QUIET=${value} is off`, async () => {
      assert.match((await scored([], { REWARD_SCORE_QUIET: value })).stderr, /\nreward-score: 1 row, /);
    });
  }

  test('an opposite turns off what a variable turned on', async () => {
    const stdin = '{"text":"a","reward":1}\n';
    const rescore = { REWARD_SCORE_RESCORE: '1' };
    assert.equal((await scored([], rescore, stdin)).code, 0);
    const kept = await scored(['--no-rescore'], rescore, stdin);
    assert.deepEqual([kept.code, kept.stderr.includes('expected no field reward')], [USAGE, true]);
    assert.match((await scored(['--no-quiet'], { REWARD_SCORE_QUIET: '1' })).stderr, /\nreward-score: 1 row, /);
    // The last of two counts.
    assert.equal((await scored(['--no-quiet', '-q'], {})).stderr, '');
    assert.doesNotMatch((await scored(['--no-debug', missing], { REWARD_SCORE_DEBUG: '1' })).stderr, /\n {4}at /);
    const cache = join(directory, 'cache-on');
    assert.equal((await scored(['--cache', '-q'], { REWARD_SCORE_CACHE: cache, REWARD_SCORE_NO_CACHE: '1' })).code, 0);
    assert.ok(existsSync(join(cache, 'prepared')));
  });

  test('of two that exclude each other, the flag beats the variable', async () => {
    const output = join(directory, 'either.jsonl');
    const run = (args: readonly string[], env: Record<string, string>) =>
      scored(['-q', '-m', fixture, good, '-o', output, ...args], env);
    assert.equal((await run([], {})).code, 0);
    for (const [args, env] of [
      [['--resume'], { REWARD_SCORE_OVERWRITE: '1' }],
      [['--resume'], { REWARD_SCORE_STREAM: '1' }],
      [['--overwrite'], { REWARD_SCORE_RESUME: '1' }],
      [['--limit', '1'], { REWARD_SCORE_SHARD: '2/2' }],
      [['--top-percent', '100'], { REWARD_SCORE_MIN_REWARD: '1000' }],
      [['--rescore'], { REWARD_SCORE_USE_REWARDS: '1' }],
    ] as const) {
      const { code, stderr } = await run(args, env);
      assert.deepEqual([code, stderr], [0, ''], args.join(' '));
      assert.match(readFileSync(output, 'utf8'), /^\{"text":"a","reward":-?\d.*\n$/, args.join(' '));
    }
    // A switch that is turned off excludes nothing.
    const off = await run(['--no-resume'], { REWARD_SCORE_OVERWRITE: '1' });
    assert.deepEqual([off.code, off.stderr], [0, '']);
  });

  test('two from one source exclude each other', async () => {
    for (const [args, env, got] of [
      [['--resume', '--overwrite'], {}, '--resume or --overwrite'],
      [
        [],
        { REWARD_SCORE_RESUME: '1', REWARD_SCORE_OVERWRITE: 'yes' },
        'REWARD_SCORE_RESUME or REWARD_SCORE_OVERWRITE',
      ],
      [['--shard', '1/2', '--limit', '1'], {}, '--shard or --limit'],
      [['--stream', '--shard', '1/2'], {}, '--stream or --shard'],
    ] as const) {
      const { code, stderr } = await scored(args, env);
      assert.deepEqual([code, stderr], [USAGE, `reward-score: expected ${got}, got both\n`]);
    }
    const { stderr } = await scored(['best', '--rank', '--pairs'], {});
    assert.equal(stderr, 'reward-score: expected --rank or --pairs, got both\n');
  });

  test('REWARD_SCORE_NO_CACHE', async () => {
    for (const [value, kept] of [
      ['0', true],
      ['1', false],
    ] as const) {
      const cache = join(directory, `cache-${value}`);
      const { code } = await scored(['-q'], { REWARD_SCORE_CACHE: cache, REWARD_SCORE_NO_CACHE: value });
      assert.equal(code, 0);
      assert.equal(existsSync(join(cache, 'prepared')), kept, `REWARD_SCORE_NO_CACHE=${value}`);
    }
  });
});

describe('help, version and stacks', { concurrency: 2 }, () => {
  for (const [args, stdout] of [
    [['--help'], /^Usage: reward-score [\s\S]*\n {2}score /],
    [['-h'], /^Usage: reward-score /],
    [['score', '--help'], /^Usage: reward-score score [\s\S]*--truncation-side <side>[\s\S]*REWARD_SCORE_MAX_LENGTH/],
    [['--version'], /^\d+\.\d+\.\d+\n$/],
    [['-V'], /^\d+\.\d+\.\d+\n$/],
  ] as const) {
    test(args.join(' '), async () => {
      const run = await rewardScore(args);
      assert.match(run.stdout, stdout);
      assert.deepEqual([run.code, run.stderr], [0, '']);
    });
  }

  for (const [args, title] of [
    [[], 'Scores conversations'],
    [['score', '-j', '1'], 'Scores conversations'],
    [['best'], 'Choose the best candidate'],
    [['eval'], 'Evaluate a reward model'],
    [['explain'], 'Show how a row is scored'],
  ] as const) {
    test(`a terminal and no file: ${args.join(' ') || 'no arguments'}`, async () => {
      const stdin = Object.assign(Readable.from([]), { isTTY: true });
      const { code, stdout, stderr } = await rewardScore(args, { stdin, terminal: { columns: 80 } });
      assert.deepEqual([code, stdout], [USAGE, '']);
      const command = args[0] ?? 'score';
      assert.ok(stderr.startsWith(title), stderr);
      for (const part of [
        `\nUsage: reward-score ${command} [options] [file...]\n`.replace(/\.{3}/, command === 'explain' ? '' : '...'),
        '\nExamples:\n  ',
        `reward-score ${command} --help lists the flags.\n`,
        ...(command === 'score' ? ['\nCommands: score, best, eval, ', 'reward-score --help says'] : []),
      ]) {
        assert.ok(stderr.includes(part), `${part} in ${stderr}`);
      }
      const lines = stderr.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 80)), 0);
      assert.ok(lines < 25, `${lines} lines`);
    });
  }

  test('--version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    assert.equal((await runBinary(['--version'])).stdout, `${version}\n`);
  });

  test('help says which flags a command does not start without', async () => {
    for (const [command, flag] of [
      ['merge', '-o, --output'],
      ['model check', '--against'],
    ] as const) {
      const { stdout } = await rewardScore([...command.split(' '), '--help']);
      const entry = stdout.slice(stdout.indexOf(`\n  ${flag} `)).split(/\n {2}-/)[1];
      assert.match(entry ?? '', /\(required\)/, `${command} ${flag}`);
    }
  });

  test('every flag that help shows is documented with its variable', async () => {
    const { stdout } = await rewardScore(['score', '--help']);
    const page = readFileSync(join(root, 'docs/cli.md'), 'utf8');
    const flags = [...stdout.matchAll(/^ {2}(?:-\w, )?--([a-z-]+)/gm)].map(([, flag]) => flag as string);
    assert.ok(flags.length > 35, `only ${flags.length} flags were found`);
    for (const flag of flags) {
      if (flag === 'help') continue;
      const variable = `REWARD_SCORE_${flag.toUpperCase().replaceAll('-', '_')}`;
      assert.ok(page.includes(variable), `${flag} has no ${variable}`);
    }
  });

  for (const [args, env] of [
    [['--debug'], {}],
    [[], { REWARD_SCORE_DEBUG: '1' }],
  ] as const) {
    test(`${args.join('') || 'REWARD_SCORE_DEBUG=1'} shows the stack`, async () => {
      const { code, stderr } = await rewardScore([...args, missing], { env });
      assert.match(stderr, /^reward-score: .*expected a file, found none of that name\n {4}at /);
      assert.equal(code, USAGE);
    });
  }
});
