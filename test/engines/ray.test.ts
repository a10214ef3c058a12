/** examples/ray on two actors: what dies is replaced, and each row has its reward once, in the order of the input. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { environment, jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';
import { commandOf, Latch, lineageOf, statusOf } from './latch.js';
import { missingModules, python, runPython } from './python.js';
import { until } from './until.js';

const skip = missingModules('ray.data', 'pyarrow') ?? false;
const model = join(root, 'fixtures/tiny-gpt2');
const count = 6000;
const folder = temporaryDirectory();
const latch = new Latch(folder);
/** One in a hundred is bad. */
const input = writeFile(
  folder,
  'rows.jsonl',
  Array.from({ length: count }, (_, id) => {
    const text = id % 100 === 77 ? '' : `hello ${id % 50}\nand ${id % 1000}`;
    return `${JSON.stringify({ id, text })}\n`;
  }).join(''),
);
let whole: Record<string, unknown>[] = [];

before(async () => {
  if (skip) return;
  whole = jsonLines((await rewardScore(['-q', '-m', model, input])).stdout);
});

/** Resolves to what the run printed. */
async function score(output: string): Promise<string> {
  const flags = ['--actors', '2', '--batch-size', '500'];
  const { stdout, stderr } = await promisify(execFile)(
    python,
    [join(root, 'examples/ray/score.py'), ...flags, input, join(folder, output), `model=${model}`],
    {
      maxBuffer: 1 << 28,
      env: {
        ...environment(),
        PATH: `${latch.bin}${delimiter}${process.env.PATH}`,
        PYTHONPATH: [join(root, 'python/src'), join(root, 'examples/ray')].join(delimiter),
        // A path of a socket has 107 bytes, and a temporary folder may be long.
        RAY_TMPDIR: '/tmp',
        RAY_USAGE_STATS_ENABLED: '0',
        RAY_ENABLE_UV_RUN_RUNTIME_ENV: '0',
        RAY_OVERRIDE_RESOURCES: JSON.stringify({ CPU: 4 }),
      },
    },
  );
  return stdout + stderr;
}

async function assertScored(output: string): Promise<void> {
  const program =
    'import json, sys, pyarrow.parquet as p\nfor row in p.read_table(sys.argv[1]).to_pylist(): print(json.dumps(row))';
  const { stdout } = await runPython('-c', program, join(folder, output));
  const rows = jsonLines(stdout) as Record<string, unknown>[];
  assert.deepEqual(
    rows.map(({ id }) => id),
    whole.map(({ id }) => id),
  );
  for (const [at, { text, reward, reward_error }] of rows.entries()) {
    const expected = whole[at] as Record<string, unknown>;
    assert.equal(text, expected.text);
    assert.deepEqual(reward_error, expected.reward_error ?? null);
    if (expected.reward === null) assert.equal(reward, null);
    else {
      const wanted = Number(expected.reward);
      assert.ok(Math.abs((reward as number) - wanted) <= 1e-5 * Math.max(1, Math.abs(wanted)), `row ${at}`);
    }
  }
  assert.equal(rows.filter(({ reward }) => reward === null).length, count / 100);
}

describe('Ray', { skip }, () => {
  test('an actor is killed in the middle: another one does its work, and no co-process is left', async () => {
    latch.arm('score:1:SIGSTOP');
    const run = score('actor');
    const pid = await Promise.race([latch.stopped(), run.then(() => assert.fail('nothing was stopped'))]);
    const actor = lineageOf(pid).find((each) => /^ray::.*Scorer|^ray::.*MapWorker/.test(commandOf(each)));
    process.kill(actor ?? assert.fail(`no actor: ${lineageOf(pid).map(commandOf).join(' < ')}`), 'SIGKILL');
    process.kill(pid, 'SIGCONT');
    await until('the co-process of the killed actor to end', () =>
      ['Z', undefined].includes(statusOf(pid)?.state) ? true : undefined,
    );
    await run;
    await assertScored('actor');
  });

  test('a co-process is killed in the middle: the actor starts another', async () => {
    latch.arm('score:1:SIGKILL');
    assert.match(await score('coprocess'), /ended \(exit code -9\).*the batch is scored again \(attempt 2 of 3\)/);
    await assertScored('coprocess');
  });
});
