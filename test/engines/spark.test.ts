/** examples/spark on two executors: what dies is replaced, and each row has its reward once, in the order of its id. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { environment, jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';
import { commandOf, Latch, lineageOf, missing, statusOf } from './latch.js';
import { besidePython, missingModules, python, runPython } from './python.js';
import { until } from './until.js';

const skip = missing('java') ?? missingModules('pyspark', 'pyarrow') ?? false;
const example = (name: string): string => join(root, 'examples/spark', name);
const model = join(root, 'fixtures/tiny-gpt2');

const folder = temporaryDirectory();
const latch = new Latch(folder);
/** One in a hundred is bad; the ids are not in order. */
const input = writeFile(
  folder,
  'rows.jsonl',
  Array.from({ length: 20_000 }, (_, i) => {
    const id = (i * 7919) % 20_000;
    return `${JSON.stringify({ id, text: id % 100 === 77 ? '' : `hello ${id % 50}\nand ${id % 1000}` })}\n`;
  }).join(''),
);
const whole = new Map<unknown, Record<string, unknown>>();

before(async () => {
  if (skip) return;
  const { stdout } = await rewardScore(['-q', '-m', model, input]);
  for (const row of jsonLines(stdout)) whole.set(row.id, row);
});

// A short life is not worth the second compiler.
const javaOptions = `-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Djava.io.tmpdir=${folder}`;

const conf = Object.entries({
  'spark.driver.bindAddress': '127.0.0.1',
  'spark.driver.host': '127.0.0.1',
  'spark.ui.enabled': 'false',
  'spark.sql.shuffle.partitions': '2',
  'spark.driver.extraJavaOptions': javaOptions,
  'spark.executor.extraJavaOptions': javaOptions,
}).flatMap(([name, value]) => ['--conf', `${name}=${value}`]);

/** Scores on two executors of one core each, which are processes of their own. */
function submit(output: string) {
  const log = join(folder, `${output}.log`);
  const to = openSync(log, 'w');
  const args = ['--id', 'id', '--partitions', '6', input, join(folder, output), '-m', model, '-j', '1'];
  const child = spawn(
    besidePython('spark-submit'),
    [
      ...['--master', 'local-cluster[2,1,1024]', ...conf],
      ...['--py-files', example('reward_score_spark.py'), example('score.py'), ...args],
    ],
    {
      cwd: folder,
      stdio: ['ignore', to, to],
      env: {
        ...environment(),
        PATH: `${latch.bin}${delimiter}${process.env.PATH}`,
        PYSPARK_PYTHON: python,
        SPARK_LOCAL_DIRS: folder,
        SPARK_LOCAL_IP: '127.0.0.1',
        SPARK_LOCAL_HOSTNAME: '127.0.0.1',
      },
    },
  );
  closeSync(to);
  const closed = once(child, 'close') as Promise<[number | null]>;
  return {
    async ended(): Promise<string> {
      const [code] = await closed;
      const told = readFileSync(log, 'utf8');
      assert.equal(code, 0, told.slice(-5000));
      return told;
    },
  };
}

/** Parquet files of a folder, in order. */
async function rowsOf(output: string): Promise<Record<string, unknown>[]> {
  const program =
    'import json, sys, pyarrow.parquet as p\nfor row in p.read_table(sys.argv[1]).to_pylist(): print(json.dumps(row))';
  const { stdout } = await runPython('-c', program, join(folder, output));
  return jsonLines(stdout);
}

async function assertScored(output: string): Promise<void> {
  const rows = await rowsOf(output);
  assert.deepEqual(
    rows.map(({ id }) => id),
    Array.from({ length: 20_000 }, (_, id) => id),
  );
  let failed = 0;
  for (const { id, text, reward, reward_error } of rows) {
    const expected = whole.get(id) as Record<string, unknown>;
    assert.equal(text, expected.text);
    assert.deepEqual(reward_error, expected.reward_error ?? null);
    if (expected.reward === null) {
      assert.equal(reward, null);
      failed++;
      continue;
    }
    const wanted = Number(expected.reward);
    assert.ok(Math.abs((reward as number) - wanted) <= 1e-5 * Math.max(1, Math.abs(wanted)), `row ${id}`);
  }
  assert.equal(failed, 200);
}

const isGone = (pid: number): boolean => ['Z', undefined].includes(statusOf(pid)?.state);

describe('Spark', { skip }, () => {
  test('an executor is killed in the middle: another one does its work, and no co-process is left', async () => {
    latch.arm('score:1:SIGSTOP');
    const run = submit('executor');
    const pid = await Promise.race([latch.stopped(), run.ended().then(() => assert.fail('nothing was stopped'))]);
    const executor = lineageOf(pid).find((each) => commandOf(each).includes('CoarseGrainedExecutorBackend'));
    process.kill(executor ?? assert.fail('no executor'), 'SIGKILL');
    process.kill(pid, 'SIGCONT');
    await until('the co-process of the killed executor to end', () => isGone(pid));
    assert.match(await run.ended(), /Lost executor \d/);
    await assertScored('executor');
  });

  test('a co-process dies in the middle: its task fails, and is tried again', async () => {
    latch.arm('score:1:SIGKILL');
    const told = await submit('coprocess').ended();
    assert.match(told, /RuntimeError: reward-score --stream .* ended with -9 in the middle of its rows/);
    await assertScored('coprocess');
  });
});
