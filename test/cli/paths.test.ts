/** What is read: patterns of paths, and JSON arrays. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { expandPath } from '../../dist/platform/glob.js';
import { jsonLines, rewardScore, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();
const directory = temporaryDirectory();

describe('a pattern of paths', () => {
  mkdirSync(join(directory, 'data/deep/er'), { recursive: true });
  for (const [i, name] of [
    'b.jsonl',
    'a.jsonl',
    'a.csv',
    '.hidden.jsonl',
    'deep/c.jsonl',
    'deep/er/d.jsonl',
    'x[1].jsonl',
  ].entries()) {
    writeFile(directory, join('data', name), name.endsWith('csv') ? 'text\nc\n' : `{"text":"hello ${i}","id":${i}}\n`);
  }
  const at = (pattern: string): string[] =>
    expandPath(join(directory, 'data', pattern)).map((path) => path.slice(directory.length + 6));

  for (const [pattern, names] of [
    ['*.jsonl', ['a.jsonl', 'b.jsonl', 'x[1].jsonl']],
    ['?.jsonl', ['a.jsonl', 'b.jsonl']],
    ['[!b].jsonl', ['a.jsonl']],
    ['[a-b].*', ['a.csv', 'a.jsonl', 'b.jsonl']],
    ['.*.jsonl', ['.hidden.jsonl']],
    ['**/*.jsonl', ['a.jsonl', 'b.jsonl', 'deep/c.jsonl', 'deep/er/d.jsonl', 'x[1].jsonl']],
    ['d*/*.jsonl', ['deep/c.jsonl']],
    ['x[1].jsonl', ['x[1].jsonl']],
    ['none*', []],
    ['absent.jsonl', ['absent.jsonl']],
  ] as const) {
    test(pattern, () => assert.deepEqual(at(pattern), names));
  }

  test('is one input, in sorted order', async () => {
    const { code, stdout } = await rewardScore(['-q', join(directory, 'data/?.jsonl')]);
    assert.equal(code, 0);
    assert.deepEqual(
      jsonLines(stdout).map(({ id }) => id),
      [1, 0],
    );
    const evaluated = await rewardScore(['eval', '-q', join(directory, 'data/?.jsonl')]);
    assert.equal(evaluated.code, 0);
  });

  test('that stands for no file is refused', async () => {
    const { code, stderr } = await rewardScore([join(directory, 'none*.jsonl')]);
    assert.equal(code, 2);
    assert.match(stderr, /none\*\.jsonl: expected a pattern of files that are there, found none of them/);
  });
});

describe('a JSON array', () => {
  const array = `\ufeff [\n  {"text": "a, [b] {c} \\" \\\\",\n   "n": 12345678901234567890,\n   "of": [1,\n  {"x": []}]},\r\n  "bare" , {"text":\t"c"}\n]\n`;
  const expected = [
    '{"text": "a, [b] {c} \\" \\\\","n": 12345678901234567890,"of": [1,{"x": []}],"reward":R}',
    '{"text":"bare","reward":R}',
    '{"text":\t"c","reward":R}',
  ];
  const withoutRewards = (text: string): string[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/"reward":-?[\d.e-]+/, '"reward":R'));

  test('is read element by element, each with its own bytes', async () => {
    for (const path of [
      writeFile(directory, 'array.json', array),
      writeFile(directory, 'array.json.gz', gzipSync(array)),
    ]) {
      const { code, stdout, stderr } = await rewardScore(['-q', path]);
      assert.equal(code, 0, stderr);
      assert.deepEqual(withoutRewards(stdout), expected);
    }
    const piped = await rewardScore(['-q', '--from', 'json'], { stdin: array });
    assert.deepEqual(withoutRewards(piped.stdout), expected);
  });

  test('of one line, of none, and lines in the place of one', async () => {
    const one = await rewardScore(['-q', '--to', 'scores', '--from', 'json'], { stdin: '[{"text":"a"},{"text":"b"}]' });
    assert.match(one.stdout, /^-?[\d.]+\n-?[\d.]+\n$/);
    for (const [stdin, rows] of [
      ['[]', 0],
      [' [ ] ', 0],
      ['{"text":"a"}\n{"text":"b"}\n', 2],
    ] as const) {
      const { code, stdout } = await rewardScore(['-q', '--from', 'json'], { stdin });
      assert.deepEqual([code, jsonLines(stdout).length], [0, rows]);
    }
  });

  test('that is cut or wrong ends the run where it is', async () => {
    for (const [stdin, message] of [
      [
        '[{"text":"a"},\n{"text":"b"}',
        /standard input:2: expected the array to be closed by \], got the end of the file/,
      ],
      ['[{"text":"a"},\n]', /standard input:2: expected an element, got \]/],
      ['[{"text":"a"}]\n{}', /standard input:2: expected nothing after the array, got other bytes/],
      ['[{"text":"a\n"}]', /standard input:2: expected a string to end in its line/],
    ] as const) {
      const { code, stderr } = await rewardScore(['-q', '--from', 'json'], { stdin });
      assert.notEqual(code, 0);
      assert.match(stderr, message);
    }
  });

  test('gives no element the white space behind it, and makes no number of two', async () => {
    const stdin = '[ {"text":\n "c"\n} ,\t3, "a" \n , {"text":"b","n":1\n2}\t\n, 1 2, {"n":\n{"x":1\r\n, "y":2\n} } ]';
    const { stdout } = await rewardScore(['-q', '--from', 'json', '--errors', join(directory, 'errors')], { stdin });
    assert.deepEqual(withoutRewards(stdout), [
      '{"text":"c","reward":R}',
      '{"reward":null}',
      '{"text":"a","reward":R}',
      '{"reward":null}',
      '{"reward":null}',
      '{"n":{"x":1, "y":2} ,"reward":null}',
    ]);
  });

  test('has elements whose numbers stand in the place of lines', async () => {
    const path = writeFile(directory, 'numbered.json', '[\n  {\n    "text": "a"\n  },\n  {\n    "text": ""\n  }\n]\n');
    const errors = join(directory, 'numbered.errors');
    assert.equal((await rewardScore(['-q', path, '--errors', errors])).code, 3);
    const [error, ...others] = jsonLines(readFileSync(errors, 'utf8'));
    assert.deepEqual([error?.line, error?.code, others], [2, 'EMPTY_TEXT', []]);
  });

  test('has no shares, and is refused as JSON lines', async () => {
    const path = writeFile(directory, 'shares.json', '[{"text":"a"},{"text":"b"}]');
    const shard = await rewardScore([path, '--shard', '1/2', '-o', join(directory, 'out.jsonl')]);
    assert.equal(shard.code, 2);
    assert.match(shard.stderr, /expected JSON lines for --shard, got a JSON array/);
    const lines = await rewardScore(['--from', 'jsonl', path]);
    assert.equal(lines.code, 2);
  });
});
