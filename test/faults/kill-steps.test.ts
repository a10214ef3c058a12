/** A run is killed at each step that changes a file, once; gone on with, it ends as if nothing had been. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runBinary } from '../support/binary.js';
import {
  assertSame,
  csvRows,
  hurried,
  type Job,
  jsonlRows,
  placesOf,
  remove,
  resultsOf,
  stepsOf,
  uninterrupted,
} from '../support/fault-runs.js';
import { root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();

const folder = temporaryDirectory();
const jsonl = writeFile(folder, 'rows.jsonl', jsonlRows(9000));
const parquet = join(root, 'test/oracle/parquet/pages-long-v1.parquet');
const csv = writeFile(folder, 'rows.csv', csvRows(9000));

const jobs: readonly Job[] = [
  { args: ['-j', '2', jsonl], name: 'out.jsonl', errors: true },
  { args: ['-j', '1', csv, '--details'], name: 'out.csv.gz' },
  { args: ['-j', '1', parquet, '--exit-zero'], name: 'out.parquet' },
  { args: ['-j', '1', parquet, '--exit-zero', '--top-percent', '20'], name: 'best.jsonl.gz' },
];

for (const job of jobs) {
  test(`killed at every step: ${job.name}`, async (t) => {
    const { args } = placesOf(folder, job);
    const expected = await uninterrupted(folder, job);
    const steps = await listSteps(args, () => remove(folder, job));
    t.diagnostic(steps.join(' '));
    for (const name of ['write:.partial', 'datasync:.partial', 'rename:.run.json', 'rename:other']) {
      assert.ok(steps.includes(name), name);
    }
    const kills = killsOf(steps);
    t.diagnostic(`${kills.length} kills`);
    for (const [kill, what] of kills) {
      remove(folder, job);
      const killed = await runBinary(args, hurried({ FAULT_KILL: kill }));
      assert.equal(killed.signal, 'SIGKILL', `${what}: ${killed.stderr}`);
      const run = await runBinary([...args, '--resume'], {});
      assert.ok(run.code === 0 || run.code === 3, `${what}: ${run.stderr}`);
      assertSame(resultsOf(folder, job, run), expected, what);
    }
    remove(folder, job);
  });
}

test('killed at every step: a folder of outputs', async (t) => {
  const inputs = [writeFile(folder, 'small.jsonl', jsonlRows(300)), join(folder, 'small.parquet')];
  copyFileSync(parquet, inputs[1] as string);
  const args = ['-q', '-j', '1', '--exit-zero', ...inputs, '--output-dir', join(folder, 'outputs')];
  const written = ['small.jsonl', 'small.parquet'].map((name) => join(folder, 'outputs', name));
  const cleanUp = (): void => rmSync(join(folder, 'outputs'), { recursive: true, force: true });
  const steps = await listSteps(args, cleanUp);
  const expected = written.map((path) => readFileSync(path));
  const kills = killsOf(steps);
  t.diagnostic(`${kills.length} kills of ${steps.join(' ')}`);
  assert.ok(steps.filter((step) => step === 'rename:other').length >= 4);
  for (const [kill, what] of kills) {
    cleanUp();
    const killed = await runBinary(args, hurried({ FAULT_KILL: kill }));
    assert.equal(killed.signal, 'SIGKILL', `${what}: ${killed.stderr}`);
    const run = await runBinary([...args, '--resume']);
    assert.deepEqual([run.code, run.stderr], [0, ''], what);
    for (const [i, path] of written.entries()) assert.ok(readFileSync(path).equals(expected[i] as Buffer), what);
  }
});

describe('a finished run whose input has grown', () => {
  test('is killed at every step of going on', async (t) => {
    const file = join(folder, 'growing.jsonl');
    const job: Job = { args: ['-j', '1', file], name: 'grown.jsonl', errors: true };
    const { args, output, errors, runFile } = placesOf(folder, job);
    writeFileSync(file, jsonlRows(5000));
    await runBinary(args);
    const kept = [output, errors, runFile];
    for (const path of kept) copyFileSync(path, `${path}.kept`);
    const restore = (): void => {
      remove(folder, job);
      for (const path of kept) copyFileSync(`${path}.kept`, path);
    };
    writeFileSync(file, jsonlRows(9000));
    remove(folder, job);
    const expected = await uninterrupted(folder, job);

    restore();
    const steps = await listSteps([...args, '--resume'], restore);
    t.diagnostic(steps.join(' '));
    assert.ok(steps.includes('copy:.partial'));
    const kills = killsOf(steps);
    t.diagnostic(`${kills.length} kills`);
    for (const [kill, what] of kills) {
      restore();
      const before = readFileSync(output);
      const killed = await runBinary([...args, '--resume'], hurried({ FAULT_KILL: kill }));
      assert.equal(killed.signal, 'SIGKILL', what);
      const named = readFileSync(output);
      assert.ok(named.equals(before) || named.equals(expected.output), `${what}: FILE is neither the old nor the new`);
      const run = await runBinary([...args, '--resume']);
      assertSame(resultsOf(folder, job, run), expected, what);
    }
    for (const path of kept) rmSync(`${path}.kept`);
  });
});

async function listSteps(args: readonly string[], cleanUp: () => void): Promise<string[]> {
  const log = join(folder, 'steps.log');
  rmSync(log, { force: true });
  cleanUp();
  const run = await runBinary(args, hurried({ FAULT_LOG: log }));
  assert.ok(run.code === 0 || run.code === 3, run.stderr);
  return stepsOf(log);
}

/** Before each step, and in the middle of those that write; steps between the same two are killed at once. */
function killsOf(steps: readonly string[]): [string, string][] {
  const seen = new Set<string>();
  return steps.flatMap((name, i) => {
    const place = steps.slice(Math.max(0, i - 1), i + 2).join(' ');
    if (seen.has(place)) return [];
    seen.add(place);
    const before: [string, string] = [`${i}`, `before step ${i}, ${name}`];
    return /^(write|copy)/.test(name) ? [before, [`${i}:half`, `in the middle of step ${i}, ${name}`]] : [before];
  });
}
