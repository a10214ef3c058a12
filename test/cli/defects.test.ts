/** What no part of the program expected is a defect of it, and is reported as one, wherever it happened. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runBinary } from '../support/binary.js';
import type { Run } from '../support/in-process.js';
import { root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();

const directory = temporaryDirectory();
const rows = writeFile(directory, 'rows.jsonl', '{"text":"hello bad~tokenize"}\n{"text":"a"}\n');
const labelled = writeFile(
  directory,
  'labelled.jsonl',
  Array.from({ length: 20 }, (_, i) => `{"text":"t${i}","label":${i % 2},"reward":${i}}\n`).join(''),
);

const MESSAGE = 'reward-score: unexpected error: broken on purpose (--debug shows where)\n';

/** Runs with a defect in the worker at a stage. */
const broken = (at: string, args: readonly string[]): Promise<Run> =>
  runBinary(['-q', '-j', '1', ...args], {
    compiled: at === 'tokenize',
    nodeFlags: ['--import', join(root, 'test/support/break-worker.mjs')],
    env: { BREAK: JSON.stringify([{ how: 'defect', at }]) },
  });

describe('a defect in a worker', { concurrency: 2 }, () => {
  for (const at of ['prepared', 'ready', 'tokenize', 'scored']) {
    test(`when it is ${at}`, async () => {
      const { code, stdout, stderr } = await broken(at, [rows]);
      assert.deepEqual([code, stdout, stderr], [1, '', MESSAGE]);
    });
  }

  for (const [command, args] of [
    ['eval', ['eval', labelled.replace('labelled', 'unscored')]],
    ['best', ['best', '--group', 'text', rows]],
    ['model prepare', ['model', 'prepare', join(root, 'fixtures/tiny-gpt2')]],
  ] as const) {
    writeFile(directory, 'unscored.jsonl', '{"text":"a","label":1}\n{"text":"b","label":0}\n');
    test(`of ${command}`, async () => {
      const workers = command === 'model prepare' ? [] : ['-j', '1'];
      const { code, stdout, stderr } = await runBinary([...args, '-q', ...workers], {
        nodeFlags: ['--import', join(root, 'test/support/break-worker.mjs')],
        env: { BREAK: JSON.stringify([{ how: 'defect', at: command === 'model prepare' ? 'prepared' : 'scored' }]) },
      });
      assert.deepEqual([code, stdout, stderr], [1, '', MESSAGE]);
    });
  }

  test('--debug shows where in the worker', async () => {
    for (const [at, source] of [
      ['scored', 'scorer/thread.ts'], // of the bundle
      ['tokenize', 'model/tokenizer/tokenizer.ts'],
    ] as const) {
      const { code, stderr } = await broken(at, ['--debug', rows]);
      assert.equal(code, 1);
      assert.match(stderr, /^reward-score: TypeError: broken on purpose\n {4}at /);
      const line = new RegExp(`\\n {4}at .*/src/${source}:(\\d+):`).exec(stderr)?.[1];
      const text = readFileSync(join(root, 'src', source), 'utf8').split('\n')[Number(line) - 1];
      assert.match(text ?? stderr, at === 'scored' ? /postMessage\(/ : /\.encode\(/);
    }
  });
});

test('a defect in the metrics of eval', async () => {
  const nodeFlags = ['--import', join(root, 'test/support/break-metrics.mjs')];
  const args = ['eval', '-q', '--bootstrap', '100', labelled];
  const { code, stdout, stderr } = await runBinary(args, { nodeFlags });
  assert.deepEqual([code, stdout, stderr], [1, '', MESSAGE]);
  const debugged = await runBinary([...args, '--debug'], { nodeFlags });
  assert.match(
    debugged.stderr,
    /^reward-score: RangeError: broken on purpose\n {4}at .*[\s\S]*\/src\/evaluation\/.*\.ts:\d+:\d+/,
  );
});
