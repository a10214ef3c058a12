/** Inputs without a row: a notice, which --strict refuses before a model is opened or anything is written. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { rewardScore, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();

const directory = temporaryDirectory();
const file = (name: string, content: string | Uint8Array): string => writeFile(directory, name, content);
const empty = file('empty.jsonl', '');
const one = file('one.jsonl', '{"text":"a"}\n');
const header = file('header.csv', 'text,n\r\n');
const row = file('row.csv', 'text,n\na,1\n');
const says = (where: string): string => `reward-score: ${where}, got none: there is nothing to score`;

const files = [
  empty,
  file('blank.jsonl', '\n  \n\r\n'),
  file('array.json', '[ ]\n'),
  file('empty.json', ''),
  file('empty.csv', '\n'),
  header,
  file('empty.txt', ''),
  file('packed.jsonl.gz', gzipSync('')),
  join(root, 'test/oracle/parquet/rows-0.parquet'),
];

describe('a file without a row', { concurrency: 2 }, () => {
  for (const path of files) {
    test(path.slice(path.lastIndexOf('/') + 1), async () => {
      const told = await rewardScore([path, '--to', 'jsonl']);
      assert.deepEqual([told.code, told.stdout], [0, '']);
      assert.ok(told.stderr.includes(`${says(`${path}: expected rows`)}\n`), told.stderr);
      const refused = await rewardScore([path, '--to', 'jsonl', '--strict']);
      assert.deepEqual([refused.code, refused.stderr], [2, `${says(`${path}: expected rows`)} (--strict)\n`]);
    });
  }
});

test('standard input without a row, in each command', async () => {
  for (const args of [[], ['best'], ['eval'], ['--dry-run'], ['--from', 'csv']]) {
    const told = await rewardScore(args);
    assert.ok(told.stderr.includes(`${says('standard input: expected rows')}\n`), `${args}: ${told.stderr}`);
    assert.equal(told.code, 0, `${args}`);
    const refused = await rewardScore([...args, '--strict']);
    assert.deepEqual([refused.code, refused.stderr], [2, `${says('standard input: expected rows')} (--strict)\n`]);
  }
});

test('a stream in which nothing comes is no notice', async () => {
  const { code, stderr } = await rewardScore(['--stream', '--strict']);
  assert.deepEqual([code, stderr.includes('expected rows')], [0, false]);
});

test('it is counted in the summary, of score and of eval', async () => {
  for (const command of ['score', 'eval']) {
    const summary = join(directory, `${command}.json`);
    await rewardScore([command, empty, '--summary', summary]);
    const { rows, notices } = JSON.parse(readFileSync(summary, 'utf8')) as { rows: number; notices: object };
    assert.deepEqual([rows, notices], [0, { NO_ROWS: 1 }]);
  }
});

test('--strict writes nothing, and holds no output', async () => {
  const output = join(directory, 'refused.jsonl');
  const { code, stderr } = await rewardScore([empty, '-o', output, '--strict', '-m', one]);
  // The model is not looked at, which would be refused too.
  assert.deepEqual([code, stderr], [2, `${says(`${empty}: expected rows`)} (--strict)\n`]);
  for (const path of [output, `${output}.partial`, `${output}.run.lock`]) assert.ok(!existsSync(path), path);
});

describe('one of several inputs has a row', { concurrency: 2 }, () => {
  for (const [name, args] of [
    ['of JSON lines', [empty, one]],
    ['of CSV', [header, row]],
    ['a bad one', [file('bad.jsonl', 'no JSON\n'), '--exit-zero']],
    ['in a folder', [empty, one, '--output-dir', join(directory, 'folder')]],
    ['in another shard', [one, '--shard', '2/2', '-o', join(directory, 'second.jsonl')]],
  ] as const) {
    test(name, async () => {
      const { code, stderr } = await rewardScore([...args, '--strict']);
      assert.deepEqual([code, stderr.includes('expected rows')], [0, false], stderr);
    });
  }

  test('and none of several has one', async () => {
    const { code, stderr } = await rewardScore([empty, files[1] as string, '--strict']);
    assert.deepEqual([code, stderr], [2, `${says('expected rows in one of 2 inputs')} (--strict)\n`]);
    const folder = await rewardScore([empty, '--output-dir', join(directory, 'none'), '--strict']);
    assert.deepEqual([folder.code, existsSync(join(directory, 'none'))], [2, false]);
  });
});
