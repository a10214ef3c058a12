/** What messages show of names from outside, and of errors of the system. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { perSecond } from '../../dist/cli/progress.js';
import { explainSystemError } from '../../dist/cli/system-errors.js';
import { environment, rewardScore, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();
const directory = temporaryDirectory();

/** An escape sequence, its one-character form of C1, and a character that turns what follows around. */
const hostile = 'a\u001b[31m\u009b2J\u202egnp';
const harmless = 'a\\u001b[31m\\u009b2J\\u202egnp';
/** Letters of many scripts; the Persian name has a joiner, as has the emoji. */
const ordinary = 'naïve 数据 данные دادهٔ می\u200cخواهم डेटा 👩\u200d🔬';

const obeyed = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
const lines = (text: string): string[] => text.trimEnd().split('\n');

describe('a name that a terminal would obey', () => {
  test('of a file with a bad row, or of none', async () => {
    const file = writeFile(directory, `${hostile}.jsonl`, 'not JSON\n');
    for (const args of [[file], [join(directory, hostile)], ['eval', file], ['--unknown', `--${hostile}`]]) {
      const { stderr } = await rewardScore(args);
      for (const line of lines(stderr)) assert.doesNotMatch(line, obeyed);
      assert.ok(stderr.includes(args[0] === '--unknown' ? '--unknown' : harmless), stderr);
    }
  });

  test('of a label: in what model info shows, and never in its JSON', async () => {
    const model = join(directory, `model ${ordinary}`);
    cpSync(join(root, 'fixtures/tiny-gpt2'), model, { recursive: true });
    const config = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8')) as object;
    writeFileSync(join(model, 'config.json'), JSON.stringify({ ...config, id2label: { 0: hostile, 1: ordinary } }));
    const { stdout, code } = await rewardScore(['model', 'info', model]);
    assert.equal(code, 0);
    for (const line of lines(stdout)) assert.doesNotMatch(line, obeyed);
    assert.ok(stdout.includes(`labels       ${harmless}, ${ordinary}\n`), stdout);
    assert.ok(stdout.includes(`directory    ${model}\n`), stdout);
    const { stdout: json } = await rewardScore(['model', 'info', model, '--json']);
    assert.deepEqual((JSON.parse(json) as { labels: unknown }).labels, [hostile, ordinary]);
    const { stderr } = await rewardScore(['-m', model], { stdin: '"a"\n' });
    assert.ok(stderr.includes(`the model has 0 (${harmless})`), stderr);
  });
});

test('names in any script stand as they are', async () => {
  const file = writeFile(directory, `${ordinary}.jsonl`, 'not JSON\n');
  const { stderr } = await rewardScore([file]);
  assert.ok(stderr.includes(`reward-score: ${file}:1: BAD_JSON: `), stderr);
});

test('a rate is written in digits', () => {
  assert.deepEqual(
    [0.075, 9.96, 99.4, 99.7, 100.2, 12_345].map((rate) => perSecond(rate, 1)),
    ['0.075', '10', '99', '100', '100', '12,345'],
  );
});

/** Runs the binary from a shell, after a command of the shell's own. */
const fromShell = (command: string): Promise<{ readonly code: unknown; readonly stderr: string }> =>
  new Promise((resolve) => {
    const binary = join(root, 'bin/reward-score.js');
    execFile(
      'sh',
      ['-c', `${command} && exec "$0" "$@"`, process.execPath, binary, '-q', binary],
      { env: environment() },
      (error, _, stderr) => resolve({ code: error?.code, stderr }),
    );
  });

test('a directory that was removed', async () => {
  const gone = join(directory, 'gone');
  mkdirSync(gone);
  const { code, stderr } = await fromShell(`cd '${gone}' && rmdir '${gone}'`);
  assert.equal(
    stderr,
    'reward-score: the current directory is no longer there; change to another one and start again\n',
  );
  assert.equal(code, 1);
});

// Which of the program's files or threads meets the limit is a matter of chance.
test('no more open files, where a thread begins', () => {
  const cause = Object.assign(new Error('Worker initialization failure: EMFILE'), { code: 'ERR_WORKER_INIT_FAILED' });
  const explained = explainSystemError(new Error('a worker thread threw', { cause }));
  assert.match(String(explained), /EMFILE: too many open files, a thread cannot begin; allow more open files/);
  const other = new Error('a worker thread threw', { cause: Object.assign(new Error('x'), { code: cause.code }) });
  assert.equal(explainSystemError(other), other);
});

// Later ones open a program's files one after the other, and need few at a time.
const opensOneByOne = Number(process.versions.node.split('.')[0]) > 20 && 'this Node opens modules one by one';

// The first limit is met when the program starts, the second when it loads a command.
for (const files of [19, 20]) {
  test(`no more than ${files} open files`, { skip: opensOneByOne }, async () => {
    const { code, stderr } = await fromShell(`ulimit -n ${files}`);
    assert.match(
      stderr,
      /^reward-score: EMFILE: too many open files, .*; allow more open files \(ulimit -n\) and start again\n$/,
    );
    assert.equal(code, 1);
  });
}
