/** How a run ends when something outside of it does: readers, signals, workers. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runBinary, start } from '../support/binary.js';
import { jsonLines, root, temporaryDirectory, writeFile } from '../support/run.js';

const directory = temporaryDirectory();
/** Rows of a window of the bundled model. */
const WINDOW_ROWS = 4096;

const upTo = (count: number): number[] => Array.from({ length: count }, (_, id) => id);
const rows = (count: number): string =>
  upTo(count)
    .map((id) => `{"id":${id},"text":"hello ${id % 50}"}\n`)
    .join('');
const ids = (text: string): unknown[] => jsonLines(text).map(({ id }) => id);

/** Everything a stream gives until the process is over. */
function collect(child: ChildProcess, stream: 'stdout' | 'stderr'): { text: string } {
  const collected = { text: '' };
  child[stream]?.setEncoding('utf8').on('data', (chunk: string) => {
    collected.text += chunk;
  });
  return collected;
}

const firstOutput = (child: ChildProcess) => once(child.stdout as NodeJS.ReadableStream, 'data');

describe('the reader of the output goes away', () => {
  test('quietly, with exit code 0, and no more input is read', async () => {
    const child = start(['-j', '1', '-q']);
    const stderr = collect(child, 'stderr');
    let fed = 0;
    child.stdin?.on('error', () => undefined);
    const feed = (): void => {
      // As long as the program reads, there is more.
      while (child.stdin?.writable && child.stdin.write(rows(1000))) fed += 1000;
    };
    child.stdin?.on('drain', feed);
    feed();
    await firstOutput(child);
    child.stdout?.destroy();
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    assert.deepEqual([code, signal, stderr.text], [0, null, '']);
    assert.ok(fed < 1_000_000, `${fed} rows were read for a reader of some`);
  });

  test('as in a shell: | head -1', async () => {
    const file = writeFile(directory, 'head.jsonl', rows(20_000));
    const script = 'set -o pipefail; node bin/reward-score.js -q "$0" | head -1; echo "code $?"';
    const shell = spawn('bash', ['-c', script, file], {
      cwd: root,
      env: { ...process.env, REWARD_SCORE_CACHE: join(root, '.test-build/cache') },
    });
    const [stdout, stderr] = [collect(shell, 'stdout'), collect(shell, 'stderr')];
    await once(shell, 'close');
    assert.match(stdout.text, /^{"id":0,.*\ncode 0\n$/);
    assert.equal(stderr.text, '');
  });
});

describe('an error ends a run whose writer keeps the pipe open and waits', () => {
  for (const [what, args, expected] of [
    ['no such model', ['-m', './no-such-model'], /no-such-model: expected/],
    ['no such model, of a co-process', ['-m', './no-such-model', '--stream'], /no-such-model: expected/],
    ['no such model, of eval', ['eval', '-m', './no-such-model', '--label-field', 'id'], /no-such-model: expected/],
    ['a bad first record', ['--reward-field', 'text'], /expected no field text/],
  ] as const) {
    test(what, { timeout: 60_000 }, async () => {
      const child = start(args);
      const stderr = collect(child, 'stderr');
      child.stdin?.on('error', () => undefined);
      child.stdin?.write(rows(1));
      const [code] = (await once(child, 'close')) as [number | null];
      assert.equal(code, 2, stderr.text);
      assert.match(stderr.text, expected);
    });
  }
});

describe('signals', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`${signal}: whole rows are written, and the shell sees the signal`, async () => {
      const child = start(['-j', '1', '--no-progress']);
      const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')];
      // One window and a piece of the next; then the program waits for more.
      child.stdin?.write(rows(WINDOW_ROWS + 10));
      await firstOutput(child);
      child.kill(signal);
      const [code, by] = (await once(child, 'close')) as [number | null, string | null];
      assert.deepEqual([code, by], [null, signal]);
      assert.deepEqual(ids(stdout.text), upTo(WINDOW_ROWS));
      assert.match(stderr.text, new RegExp(`${signal}: finishing the rows in work; once more to end at once`));
    });
  }

  test('with -o, what was finished is kept under another name than the final one', async () => {
    const output = join(directory, 'interrupted.jsonl');
    const summary = join(directory, 'interrupted.json');
    const child = start(['-j', '1', '--no-progress', '-o', output, '--summary', summary]);
    const stderr = collect(child, 'stderr');
    child.stdin?.write(rows(WINDOW_ROWS + 10));
    while (!existsSync(`${output}.partial`) || readFileSync(`${output}.partial`).length === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    child.kill('SIGINT');
    await once(child, 'close');
    assert.ok(!existsSync(output));
    assert.deepEqual(ids(readFileSync(`${output}.partial`, 'utf8')), upTo(WINDOW_ROWS));
    assert.match(stderr.text, /4,096 rows are kept in .*interrupted\.jsonl\.partial/);
    const { complete, exitCode, rows: counted } = JSON.parse(readFileSync(summary, 'utf8')) as Record<string, unknown>;
    assert.deepEqual({ complete, exitCode, counted }, { complete: false, exitCode: 130, counted: WINDOW_ROWS });
  });
});

describe('a worker', () => {
  const broken = { nodeFlags: ['--import', join(root, 'test/support/break-worker.mjs')] };

  test('that dies before it is ready: exit code 1, and nothing is written', async () => {
    const file = writeFile(directory, 'broken.jsonl', rows(1));
    const output = join(directory, 'never.jsonl');
    const env = { BREAK: '[{"how":"exit","at":"start"}]' };
    const run = await runBinary(['-q', file, '-o', output], { ...broken, env });
    assert.equal(run.code, 1, run.stderr);
    assert.match(run.stderr, /^reward-score: a worker thread ended with code 7/);
    assert.deepEqual(
      readdirSync(directory).filter((name) => name.startsWith('never')),
      [],
    );
  });

  test('in which a library prints: it goes to standard error', async () => {
    const env = { BREAK: '[{"how":"noise","at":"load"}]' };
    const run = await runBinary(['-q', '-j', '1', '--to', 'scores'], { ...broken, stdin: '"hi"\n', env });
    assert.equal(run.code, 0);
    assert.match(run.stdout, /^-?[\d.]+\n$/);
    assert.equal(run.stderr, 'noise from a library\n');
  });
});
