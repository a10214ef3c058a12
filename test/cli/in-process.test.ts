/** A run inside a process does what the binary does, to the byte; and what only such a run can show. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { type Run, rewardScore, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';
import { runInProcess } from '../support/run-in-process.js';

useTinyModel();
const directory = temporaryDirectory();
const rows = '{"text":"a"}\n{"prompt":"b","response":" c"}\nnot JSON\n';
const csv = writeFile(directory, 'rows.csv', 'id,text\n1,a\n2,b\n');
const labelled = writeFile(
  directory,
  'labelled.jsonl',
  Array.from({ length: 20 }, (_, i) => `{"text":"t${i}","label":${i % 2},"reward":${i}}\n`).join(''),
);
const candidates = '{"prompt":"p","candidates":[" a"," b"," c"]}\n';

interface CommandLine {
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const commandLines: readonly CommandLine[] = [
  { args: ['--version'] },
  { args: ['--help'] },
  { args: ['best', '--help'] },
  { args: ['help', 'model'] },
  { args: ['completion', 'zsh'] },
  { args: ['--form', 'csv'] },
  { args: ['eval', '--output', 'x', labelled] },
  { args: ['merge', 'a.jsonl'] },
  { args: ['--max-length', 'all'], env: { REWARD_SCORE_FROM: 'xml' } },
  { args: ['model', 'info', '--json'] },
  { args: ['model', 'list', '-q'] },
  { args: [join(directory, 'missing.jsonl')], env: { REWARD_SCORE_QUIET: '1' } },
  { args: ['-j', '1'], stdin: rows },
  { args: ['-q', '--exit-zero', '--details'], stdin: rows },
  { args: ['-j', '1', csv], env: { REWARD_SCORE_DELIMITER: ',', REWARD_SCORE_TO: '' } },
  { args: ['best', '-q', '-j', '1', '--rank'], stdin: candidates },
  { args: ['eval', '--json', '--bootstrap', '100', '--fail-under', 'auc=0.9', labelled] },
  { args: ['model', 'check', '--against', labelled, '--json', '-q', '-j', '1'] },
];

/** Without what is another number each time. */
const comparable = ({ code, signal, stdout, stderr }: Run) => ({
  code,
  signal,
  stdout,
  stderr: stderr.replace(/[\d.]+ s, [\d.,]+ rows\/s/g, '… s'),
});

describe('the binary and a run in the process do the same', { concurrency: 2 }, () => {
  for (const { args, ...options } of commandLines) {
    const variables = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`);
    test([...variables, ...args].join(' ').replaceAll(`${directory}/`, ''), async () => {
      const [expected, got] = await Promise.all([rewardScore(args, options), runInProcess(args, options)]);
      assert.deepEqual(comparable(got), comparable(expected));
    });
  }

  test('--debug shows where an error came from', async () => {
    const args = [join(directory, 'missing.jsonl'), '--debug'];
    for (const { code, stderr } of [await rewardScore(args), await runInProcess(args)]) {
      assert.equal(code, 2);
      assert.match(stderr, /^reward-score: FatalError: .*missing\.jsonl: expected a file.*\n {4}at /);
    }
  });
});

describe('in a process', () => {
  test('the environment and the directory are as they were afterwards', async () => {
    const before = { ...process.env };
    const directoryBefore = process.cwd();
    await runInProcess(['--version'], { env: { REWARD_SCORE_QUIET: '1', SOMETHING: 'else' }, cwd: directory });
    assert.deepEqual([{ ...process.env }, process.cwd()], [before, directoryBefore]);
  });

  test('without files, a terminal as standard input is shown the help', async () => {
    for (const command of ['score', 'best', 'eval']) {
      const stdin = Object.assign(Readable.from([]), { isTTY: true });
      const { code, stdout, stderr } = await runInProcess([command], { stdin });
      assert.deepEqual([code, stdout], [2, ''], command);
      assert.match(stderr, new RegExp(`^Usage: reward-score ${command} \\[options\\] \\[file\\.\\.\\.\\]\n`));
    }
  });

  test('a signal ends a run that waits for rows, and what is finished is written', async () => {
    const signals = new EventEmitter();
    const stdin = new PassThrough();
    stdin.write('{"text":"a"}\n');
    const onStdout = (): void => void signals.emit('SIGTERM', 'SIGTERM');
    const run = await runInProcess(['--stream', '-j', '1'], { stdin, signals, onStdout });
    assert.deepEqual([run.code, run.signal], [null, 'SIGTERM']);
    assert.match(run.stdout, /^\{"text":"a","reward":[-\d.]+\}\n$/);
    assert.match(run.stderr, /reward-score: SIGTERM: finishing the rows in work; once more to end at once\n/);
    assert.equal(signals.listenerCount('SIGTERM'), 0, 'a listener was left behind');
  });
});
