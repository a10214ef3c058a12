/** What a run survives of its workers, through the real binary: deaths, deadlines, hangs and crashes, at every stage. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runBinary, runProgram } from '../support/binary.js';
import type { Run } from '../support/in-process.js';
import { jsonLines, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();

const directory = temporaryDirectory();

/** What a row's text has in it for break-worker.mjs to break the worker at that stage. */
const markers = {
  window: 'bad~window',
  parse: 'bad~parse',
  tokenize: 'bad~tokenize',
  score: 'bad^score',
  answer: 'bad~answer',
} as const;
type Stage = keyof typeof markers;
const stages = Object.keys(markers) as Stage[];

interface Fault {
  readonly how: 'throw' | 'exit' | 'heap' | 'loop' | 'hang' | 'slow' | 'huge' | 'segfault';
  readonly at: 'load' | Stage;
  readonly from?: number;
  readonly to?: number;
}

let runs = 0;

/** Scores with these faults. What happens once in a run is counted in a file. */
function broken(faults: readonly Fault[], args: readonly string[], env = {}): Promise<Run> {
  const heap = faults.some(({ how }) => how === 'heap' || how === 'huge') ? ['--max-old-space-size=64'] : [];
  return runBinary(['-j', '1', '--no-progress', ...args], {
    compiled: true,
    nodeFlags: [...heap, '--import', join(root, 'test/support/break-worker.mjs')],
    env: { BREAK: JSON.stringify(faults), BREAK_COUNT: join(directory, `count-${runs++}`), ...env },
  });
}

const jsonl = (texts: readonly string[]): string =>
  texts.map((text, id) => `${JSON.stringify({ id, text })}\n`).join('');
const textsWith = (count: number, culprits: readonly number[], at: Stage = 'tokenize'): string[] =>
  Array.from({ length: count }, (_, id) => (culprits.includes(id) ? `hello ${markers[at]} ${id}` : `hello ${id}`));

const undisturbed = async (...args: string[]): Promise<Run> => {
  const run = await runBinary(['-q', '-j', '1', ...args]);
  assert.equal(run.code, 0, run.stderr);
  return run;
};

const reasons = {
  throw: 'threw: broken on purpose',
  exit: 'ended with code 7',
  heap: 'ran out of JavaScript heap memory',
  loop: 'showed no sign of life for 1 s',
} as const;
type Way = keyof typeof reasons;
const ways = Object.keys(reasons) as Way[];

/** A loop is found by its deadline; a heap fills up in its own time. */
const timeout = (how: Way): string[] => (how === 'loop' ? ['--worker-timeout', '1'] : []);

describe('at every stage', { concurrency: 3 }, () => {
  const files = stages.map((at) => writeFile(directory, `once-${at}.jsonl`, jsonl(textsWith(30, [3, 29], at))));
  const want = undisturbed(...files);

  for (const how of ways) {
    test(`a worker that dies once, by ${how}: the bytes of an undisturbed run, and exit code 0`, async () => {
      const faults = stages.map((at) => ({ how, at, to: 1 }));
      const run = await broken(faults, [...files, ...timeout(how)]);
      assert.equal(run.code, 0, run.stderr);
      assert.ok(run.bytes.equals((await want).bytes));
      for (const window of [0, 1, 2]) {
        assert.match(
          run.stderr,
          new RegExp(`a worker thread ${reasons[how]} at window ${window}: its rows, from line 1 on,`),
        );
      }
      // The fourth is only counted.
      assert.equal(run.stderr.match(/at window/g)?.length, 3, run.stderr);
    });

    test(`a row that ends every worker, by ${how}: a bad row, and the other windows are not touched`, async () => {
      const good = writeFile(directory, `good-${how}.jsonl`, jsonl(textsWith(5, [])));
      const culprits = stages.map((at) => writeFile(directory, `${how}-${at}.jsonl`, jsonl([markers[at]])));
      const args = [...culprits.flatMap((file) => [good, file]), good, ...timeout(how)];
      const run = await broken(
        stages.map((at) => ({ how, at })),
        ['-j', '2', ...args],
      );
      assert.equal(run.code, 3, run.stderr);
      const lines = run.stdout.split('\n');
      const { stdout: neighbours } = await undisturbed(good);
      for (const [i, at] of stages.entries()) {
        assert.equal(`${lines.splice(0, 5).join('\n')}\n`, neighbours, `before ${at}`);
        const [{ reward, reward_error: error } = {}] = jsonLines(lines.shift() as string);
        // A throw beside the handler comes when the answer is out.
        if (how === 'throw' && at === 'answer') assert.equal(typeof reward, 'number');
        else assertCrash(error, how, `${i} ${at}`);
      }
      assert.equal(lines.join('\n'), neighbours);
    });
  }

  function assertCrash(error: unknown, how: Way, where: string): void {
    const { code, message } = (error ?? {}) as Record<string, unknown>;
    const expected = `scoring this row alone ended a worker thread twice: it ${reasons[how]}`;
    assert.deepEqual({ code, message }, { code: 'WORKER_CRASH', message: expected }, where);
  }
});

describe('the row is found', { concurrency: 2 }, () => {
  const isCrash = (error: unknown): boolean => (error as { code?: unknown } | undefined)?.code === 'WORKER_CRASH';

  /** Rewards of all rows but the culprits' are those of a run without the fault, within rounding. */
  function compare(got: readonly unknown[], want: readonly unknown[], culprits: readonly number[]): void {
    assert.equal(got.length, want.length);
    for (const [i, reward] of got.entries()) {
      if (culprits.includes(i)) assert.ok(reward === null || reward === '', `row ${i}: ${reward}`);
      else {
        const expected = Number(want[i]);
        assert.ok(Math.abs(Number(reward) - expected) <= 2e-5 * Math.max(1, Math.abs(expected)), `row ${i}: ${reward}`);
      }
    }
  }

  for (const [what, count, culprits] of [
    ['the first', 10, [0]],
    ['the last', 10, [9]],
    ['several', 12, [2, 3, 7]],
    ['all', 2, [0, 1]],
  ] as const) {
    test(`JSONL: ${what}`, async () => {
      const file = writeFile(directory, `${what}.jsonl`, jsonl(textsWith(count, culprits)));
      const run = await broken([{ how: 'exit', at: 'tokenize' }], [file]);
      assert.equal(run.code, 3, run.stderr);
      const [got, want] = [run, await undisturbed(file)].map(({ stdout }) => jsonLines(stdout)) as [
        Record<string, unknown>[],
        Record<string, unknown>[],
      ];
      compare(
        got.map(({ reward }) => reward),
        want.map(({ reward }) => reward),
        culprits,
      );
      // What was in the row is in it still.
      assert.deepEqual(
        got.map(({ id, text }) => ({ id, text })),
        want.map(({ id, text }) => ({ id, text })),
      );
      assert.deepEqual(
        got.flatMap(({ reward_error: error }, i) => (isCrash(error) ? [i] : [])),
        culprits,
      );
      assert.match(run.stderr, new RegExp(`${file}:${culprits[0] + 1}: WORKER_CRASH: `));
    });
  }

  for (const at of ['tokenize', 'answer'] as const) {
    test(`CSV, with line ends in quotes, a short record and blank ones; it dies at ${at}`, async () => {
      const records = ['1,"two\nlines"', '', `2,"hello ${markers[at]}, ""you"""`, '3', '4,hello', ''];
      const file = writeFile(directory, `records-${at}.csv`, `id,text\n${records.join('\n')}\n`);
      const run = await broken([{ how: 'exit', at }], [file]);
      assert.equal(run.code, 3, run.stderr);
      const lines = run.stdout.split('\n');
      assert.deepEqual(
        [lines[0], lines[1], lines[3], lines[4], lines.length],
        ['id,text,reward', '1,"two', `2,"hello ${markers[at]}, ""you""",`, '3,,', 7],
      );
      assert.match(lines[2] as string, /^lines",-?[\d.]+$/);
      assert.match(lines[5] as string, /^4,hello,-?[\d.]+$/);
      assert.match(run.stderr, /records-\w+\.csv:5: WORKER_CRASH/);
    });
  }

  for (const at of ['tokenize', 'answer'] as const) {
    test(`text; it dies at ${at}`, async () => {
      const file = writeFile(directory, `lines-${at}.txt`, `hello\n${markers[at]}\nhello again`);
      const run = await broken([{ how: 'exit', at }], [file]);
      assert.equal(run.code, 3, run.stderr);
      const [first, second, third] = jsonLines(run.stdout);
      assert.deepEqual([typeof first?.reward, second?.reward, typeof third?.reward], ['number', null, 'number']);
      const { code, input } = (second?.reward_error ?? {}) as { code?: string; input?: string };
      assert.deepEqual([code, second?.text ?? input], ['WORKER_CRASH', markers[at]]);
    });
  }

  test('--to scores, and the summary counts it', async () => {
    const file = writeFile(directory, 'scores.jsonl', jsonl(textsWith(9, [4])));
    const summary = join(directory, 'scores.json');
    const run = await broken([{ how: 'exit', at: 'tokenize' }], [file, '--to', 'scores', '--summary', summary]);
    assert.equal(run.code, 3, run.stderr);
    compare(
      run.stdout
        .trimEnd()
        .split('\n')
        .map(JSON.parse as (line: string) => unknown),
      (await undisturbed(file, '--to', 'scores')).stdout.trimEnd().split('\n'),
      [4],
    );
    const { rows, failures, forms, rewardsWritten } = JSON.parse(readFileSync(summary, 'utf8')) as Record<
      string,
      unknown
    >;
    assert.deepEqual(
      { rows, failures, forms, rewardsWritten },
      { rows: 9, failures: { WORKER_CRASH: 1 }, forms: { text: 8 }, rewardsWritten: 8 },
    );
  });
});

describe('what is not the rows’ doing', { concurrency: 2 }, () => {
  const file = writeFile(directory, 'fatal.jsonl', jsonl(textsWith(5000, [4500])));

  test('workers that die before they are ready: exit code 1', async () => {
    const run = await broken([{ how: 'exit', at: 'load' }], ['-q', file]);
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^reward-score: a worker thread ended with code 7; what was finished before is kept/);
  });

  test('a worker stuck before it is ready: exit code 1', async () => {
    const run = await broken([{ how: 'loop', at: 'load' }], ['-q', file, '--worker-timeout', '1']);
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^reward-score: a worker thread showed no sign of life for 1 s/);
  });

  test('one whose successor is never ready: exit code 1, and what was finished is kept', async () => {
    const output = join(directory, 'successor.jsonl');
    const faults = [
      { how: 'exit', at: 'tokenize' },
      { how: 'exit', at: 'load', from: 2 },
    ] as const;
    const run = await broken(faults, ['-q', file, '-o', output]);
    assert.equal(run.code, 1);
    assert.match(run.stderr, /a worker thread ended with code 7; what was finished before is kept/);
    assert.equal(jsonLines(readFileSync(`${output}.partial`, 'utf8')).length, 4096);
  });
});

describe('native code', { concurrency: 2 }, () => {
  test('that is being loaded when its thread is not needed: the process goes on', async () => {
    const program = join(root, 'test/support/end-in-addon.mjs');
    const run = await runProgram(program, { nodeFlags: ['--import', program] });
    assert.deepEqual([run.stdout, run.stderr, run.code], ['ended\n', '', 0]);
  });

  test('that is slow: it is waited for a while, and its rows are scored again', async () => {
    const slow = writeFile(directory, 'slow.jsonl', jsonl(textsWith(5, [3], 'score')));
    const want = await undisturbed(slow);
    const run = await broken([{ how: 'slow', at: 'score', to: 1 }], [slow, '--worker-timeout', '1']);
    // A machine with other work may not be done with it in the while that it is waited for.
    if (run.code === 1) return assert.match(run.stderr, /has shown no sign of life for 1 s and cannot be ended/);
    assert.match(run.stderr, /a worker thread showed no sign of life for 1 s at window 0: its rows, from line 1 on,/);
    assert.equal(run.code, 0, run.stderr);
    assert.ok(run.bytes.equals(want.bytes));
  });

  const file = writeFile(directory, 'native.jsonl', jsonl(textsWith(5000, [4500])));

  test('that hangs: exit code 1 at the deadline, and what was finished is kept', async () => {
    const output = join(directory, 'hang.jsonl');
    const summary = join(directory, 'hang.json');
    const args = [file, '-q', '-j', '2', '-o', output, '--summary', summary, '--worker-timeout', '1'];
    const run = await broken([{ how: 'hang', at: 'tokenize' }], args);
    assert.deepEqual([run.code, run.signal], [1, null], run.stderr);
    assert.match(
      run.stderr,
      /reward-score: a worker thread has shown no sign of life for 1 s and cannot be ended; what was finished before is kept, and --resume goes on with it; if the thread was only slow, name a longer --worker-timeout\n$/,
    );
    assert.equal(jsonLines(readFileSync(`${output}.partial`, 'utf8')).length, 4096);
    assert.ok(!existsSync(output));
    const { complete, exitCode } = JSON.parse(readFileSync(summary, 'utf8')) as Record<string, unknown>;
    assert.deepEqual({ complete, exitCode }, { complete: false, exitCode: 1 });
  });

  for (const [how, signal] of [
    ['huge', 'SIGABRT'],
    ['segfault', 'SIGSEGV'],
  ] as const) {
    test(`that crashes (${how}) ends the process, and what was finished is kept`, async () => {
      const output = join(directory, `${how}.jsonl`);
      const args = ['-q', file, '-o', output];
      const run = await broken([{ how, at: 'tokenize' }], args, { BREAK_OUTPUT: `${output}.partial` });
      assert.equal(run.signal, signal, run.stderr);
      assert.equal(jsonLines(readFileSync(`${output}.partial`, 'utf8')).length, 4096);
      assert.ok(!existsSync(output));
    });
  }
});

test('three workers load, run and end, twenty times over', async () => {
  for (let i = 0; i < 20; i++) {
    const run = await runBinary(['-q', '-j', '3', '--to', 'scores'], { stdin: '"hello"\n'.repeat(30) });
    assert.deepEqual([run.code, run.signal, run.stderr], [0, null, '']);
    assert.equal(run.stdout.split('\n').length, 31);
  }
});
