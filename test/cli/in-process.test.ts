/** A run inside a process does what the binary does, to the byte; and what only such a run can show. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PassThrough } from 'node:stream';
import { before, describe, test } from 'node:test';
import { commands } from '../../dist/cli/command-table.js';
import { runBinary } from '../support/binary.js';
import type { Run } from '../support/in-process.js';
import { type RunOptions, rewardScore, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

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

/** OUT in an argument or a variable is a folder of the run's own, in which files are compared too. */
interface CommandLine {
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Before it, to its own folder. */
  readonly first?: readonly (readonly string[])[];
}

const shardOf = (shard: number): string[] => ['-q', labelled, '--shard', `${shard}/2`, '-o', `OUT/${shard}.jsonl`];
const tiny = join(root, 'fixtures/tiny-gpt2');
const cache = { REWARD_SCORE_CACHE: 'OUT/cache' };
/** The program as newer Node has compiled it, which it keeps for the binary alone. */
const KEPT_BY_NODE = 'cache/compiled';

const commandLines: readonly CommandLine[] = [
  { args: ['--version'] },
  { args: ['--help'] },
  { args: ['best', '--help'] },
  { args: ['help', 'model'] },
  { args: ['completion', 'zsh'] },
  { args: ['completion', 'tcsh'] },
  { args: ['serve', '--port', 'all'] },
  { args: ['serve', '--host', '0.0.0.0'] },

  { args: ['--form', 'csv'] },
  { args: ['--max-length', 'all'], env: { REWARD_SCORE_FROM: 'xml' } },
  { args: [join(directory, 'missing.jsonl')], env: { REWARD_SCORE_QUIET: '1' } },
  { args: ['-m', directory], stdin: rows },
  { args: ['-j', '1'], stdin: rows },
  { args: ['-j', '1', '--dry-run'], stdin: rows },
  { args: ['-j', '1', '--on-error', 'fail'], stdin: rows },
  { args: ['-q', '--exit-zero', '--details'], stdin: rows },
  { args: ['-q', '-j', '2', '--to', 'scores', '--stream'], stdin: rows },
  { args: ['-j', '1', csv], env: { REWARD_SCORE_DELIMITER: ',', REWARD_SCORE_TO: '' } },
  { args: ['-j', '1', '-o', 'OUT/out.jsonl', '--errors', 'OUT/bad', '--summary', 'OUT/summary'], stdin: rows },
  { args: [csv, '-j', '1', '-o', 'OUT/out.csv.gz'], env: { REWARD_SCORE_ON_ERROR: 'skip' } },
  { args: [csv, '-o', 'OUT/out.csv', '--resume'], first: [['-q', csv, '-o', 'OUT/out.csv']] },
  { args: [csv, '-o', 'OUT/out.csv', '--resume', '--details'], first: [['-q', csv, '-o', 'OUT/out.csv']] },

  { args: ['best', '-q', '-j', '1', '--rank'], stdin: candidates },
  { args: ['best', '-j', '1', '--pairs'], stdin: candidates },
  { args: ['best', '-j', '1', '--group', 'label', labelled, '-o', 'OUT/best.jsonl'] },
  { args: ['best', '-j', '1'], stdin: rows },

  { args: ['eval', '--output', 'x', labelled] },
  { args: ['eval', '--bootstrap', '100', labelled] },
  { args: ['eval', '--json', '--bootstrap', '100', '--fail-under', 'auc=0.9', labelled] },
  { args: ['eval', '-q', '--bootstrap', '100', '--report', 'OUT/report.html', '--junit', 'OUT/junit.xml', labelled] },
  { args: ['eval', '--fail-under', 'nonsense=1', labelled] },

  { args: ['compare', '--bootstrap', '100', labelled, labelled] },
  { args: ['compare', '--json', '--fields', 'label,reward', '--bootstrap', '100', labelled] },

  { args: ['explain', '-j', '1', '--row', '2', '--trace'], stdin: rows },
  { args: ['explain', '-j', '1', '--row', '3', '--json', '--report', 'OUT/row.html'], stdin: rows },
  { args: ['explain', '-q', '-j', '1', '--row', '9'], stdin: rows },

  { args: ['summary', 'OUT/1.jsonl', 'OUT/2.jsonl'], first: [shardOf(2)] },
  { args: ['summary', 'OUT/2.jsonl', '--json'], first: [shardOf(2)] },

  { args: ['doctor', '--thorough'] },
  { args: ['doctor', 'everything'] },

  { args: ['merge', 'a.jsonl'] },
  { args: ['merge', 'OUT/1.jsonl', 'OUT/2.jsonl', '-o', 'OUT/all.jsonl'], first: [shardOf(1), shardOf(2)] },
  { args: ['merge', 'OUT/2.jsonl', '-o', 'OUT/all.jsonl'], first: [shardOf(2)] },

  { args: ['model', 'info', '--json'] },
  { args: ['model', 'info', join(directory, 'missing')] },
  { args: ['model', 'list', '-q'] },
  { args: ['model', 'prepare', tiny], env: cache },
  { args: ['model', 'prepare', '--precision', 'int4'] },
  { args: ['model', 'list', '--json'], env: cache, first: [['model', 'prepare', '-q', tiny]] },
  { args: ['model', 'prune'], env: cache, first: [['model', 'prepare', '-q', tiny]] },
  { args: ['model', 'prune', '--all'], env: cache, first: [['model', 'prepare', '-q', tiny]] },
  { args: ['model', 'pull'] },
  { args: ['model', 'pull', '--offline', 'org/name'], env: { HF_HUB_CACHE: 'OUT/hub' } },
  { args: ['model', 'check', '--against', labelled, '--json', '-q', '-j', '1'] },
  {
    args: ['model', 'check', '--against', 'OUT/out.jsonl', '-j', '1'],
    first: [['-q', labelled, '-o', 'OUT/out.jsonl']],
  },
];

/** What a run gave, and the files in its folder, without what is another number each time. */
const comparable = (folder: string, { code, signal, stdout, stderr }: Run) => ({
  code,
  signal,
  stdout: timeless(folder, stdout),
  stderr: timeless(folder, stderr),
  files: Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !path.startsWith(join(folder, KEPT_BY_NODE)))
      .sort()
      .map((path) => [relative(folder, path), timeless(folder, readFileSync(path, 'latin1'))]),
  ),
});

const timeless = (folder: string, text: string): string =>
  text
    .replaceAll(folder, 'OUT')
    .replaceAll(/[\d.]+ s, [\d.,]+ rows\/s|about [\d.]+ s/g, '… s')
    .replaceAll(/"(seconds|rowsPerSecond|savedSecondsAgo)": ?[\d.]+/g, '"$1":0')
    .replaceAll(/\d+:\d\d, [\d.,]+ rows\/s|(?<=row.*)\b[\d.]+(?=\s+finished)/g, '…')
    .replaceAll(/"digest":"\w+"/g, '"digest":"…"') // of a text with seconds in it
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:[\d.]+Z)?/g, '…');

type Start = (args: readonly string[], options: Pick<RunOptions, 'env'> & { readonly stdin: string }) => Promise<Run>;

/** Runs a command line in a folder of its own. */
async function inFolder(start: Start, name: string, { args, env = {}, stdin = '', first = [] }: CommandLine) {
  const folder = join(directory, name);
  mkdirSync(folder);
  const placed = (texts: readonly string[]): string[] => texts.map((text) => text.replace('OUT', folder));
  const variables = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, value.replace('OUT', folder)]));
  for (const before of first) await rewardScore(placed(before), { env: variables });
  return comparable(folder, await start(placed(args), { stdin, env: variables }));
}

describe('the binary and a run in the process do the same', { concurrency: 2 }, () => {
  // Who prepares a model says so.
  before(async () => {
    await rewardScore(['model', 'prepare', tiny]);
  });

  for (const [i, line] of commandLines.entries()) {
    const variables = Object.entries(line.env ?? {}).map(([name, value]) => `${name}=${value}`);
    test([...variables, ...line.args].join(' ').replaceAll(`${directory}/`, ''), async () => {
      const expected = await inFolder(runBinary, `binary-${i}`, line);
      const got = await inFolder(rewardScore, `process-${i}`, line);
      assert.deepEqual(got, expected);
    });
  }

  test('and no command is left out', () => {
    const compared = commandLines.map(({ args }) => args.join(' '));
    for (const { name } of commands) {
      const count = compared.filter((line) => line.startsWith(name)).length;
      assert.ok(name === 'score' || count >= 2, `${name} has ${count} lines`);
    }
  });

  test('--debug shows where an error came from', async () => {
    const args = [join(directory, 'missing.jsonl'), '--debug'];
    for (const { code, stderr } of [await runBinary(args), await rewardScore(args)]) {
      assert.equal(code, 2);
      assert.match(stderr, /^reward-score: FatalError: .*missing\.jsonl: expected a file.*\n {4}at /);
    }
  });
});

describe('in a process', () => {
  test('the environment and the directory are as they were afterwards', async () => {
    const before = { ...process.env };
    const directoryBefore = process.cwd();
    await rewardScore(['--version'], { env: { REWARD_SCORE_QUIET: '1', SOMETHING: 'else' }, cwd: directory });
    assert.deepEqual([{ ...process.env }, process.cwd()], [before, directoryBefore]);
  });

  test('a signal ends a run that waits for rows, and what is finished is written', async () => {
    const signals = new EventEmitter();
    const stdin = new PassThrough();
    stdin.write('{"text":"a"}\n');
    const onStdout = (): void => void signals.emit('SIGTERM', 'SIGTERM');
    const run = await rewardScore(['--stream', '-j', '1'], { stdin, signals, onStdout });
    assert.deepEqual([run.code, run.signal], [null, 'SIGTERM']);
    assert.match(run.stdout, /^\{"text":"a","reward":[-\d.]+\}\n$/);
    assert.match(run.stderr, /reward-score: SIGTERM: finishing the rows in work; once more to end at once\n/);
    assert.equal(signals.listenerCount('SIGTERM'), 0, 'a listener was left behind');
  });
});
