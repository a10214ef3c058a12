/**
 * Runs are killed at random moments, gone on with, and killed again, until they end.
 *
 * FAULT_SEED repeats the moments of an earlier run of this test; FAULT_KILLS sets how many there are.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { compressMember } from '../../dist/compression/compress.js';
import { runBinary } from '../support/binary.js';
import {
  assertSame,
  csvRows,
  type Job,
  jsonlRows,
  killedAfter,
  leftBy,
  packed,
  placesOf,
  randomNumbers,
  remove,
  resultsOf,
  textRows,
  uninterrupted,
} from '../support/fault-runs.js';
import { temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();

const folder = temporaryDirectory();
const seed = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000);
const kills = Number(process.env.FAULT_KILLS ?? 200);
const random = randomNumbers(seed);

const jsonl = jsonlRows(16_000);
const file = writeFile(folder, 'rows.jsonl', jsonl);
const part = writeFile(folder, 'part.jsonl', jsonlRows(6000, 16_000).trimEnd());
const csv = writeFile(folder, 'rows.csv', csvRows(14_000));
const text = writeFile(folder, 'rows.txt', textRows(16_000));
const gz = writeFile(folder, 'rows.jsonl.gz', packed(jsonl));
const zst = writeFile(folder, 'rows.jsonl.zst', await compressMember(Buffer.from(jsonl), 'zstd'));

const jobs: readonly Job[] = [
  { args: ['-j', '1', file], name: 'one.jsonl', errors: true },
  { args: ['-j', '3', csv, '--details'], name: 'three.csv' },
  { args: ['-j', '2', text, '--to', 'scores'], name: 'scores.txt', errors: true },
  { args: ['-j', '2', gz, part], name: 'packed.jsonl.gz' },
  { args: ['-j', '1', zst, '--on-error', 'skip'], name: 'skipped.jsonl.zst', errors: true },
  { args: ['-j', '2', part, file], name: 'files.jsonl', errors: true },
  { args: ['-j', '2'], stdin: Buffer.from(jsonl), name: 'pipe.jsonl' },
];

const hits = new Map<string, number>();
let killed = 0;
let longest = 0;

/** How long a run writes, in milliseconds: within that time it is killed. */
async function timeOf(job: Job): Promise<number> {
  const { args, runFile } = placesOf(folder, job);
  const { wrote, code, stderr } = await killedAfter(120_000, args, runFile, { stdin: job.stdin });
  assert.ok(code === 0 || code === 3, stderr);
  remove(folder, job);
  return wrote;
}

/** Kills and goes on until the run ends. @returns its results */
async function finishWithKills(job: Job, budget: number, usual: number, what: string) {
  const { args, runFile } = placesOf(folder, job);
  const given = { stdin: job.stdin };
  for (let generation = 0; ; generation++) {
    const resume = generation === 0 ? [] : ['--resume'];
    if (generation >= budget) {
      const run = await runBinary([...args, ...resume], job.stdin === undefined ? {} : { stdin: job.stdin });
      assert.ok(run.code === 0 || run.code === 3, `${what}: ${run.stderr}`);
      longest = Math.max(longest, generation);
      return resultsOf(folder, job, run);
    }
    // Now and then before it has begun to write.
    const early = random() < 0.1;
    const moment = random() * (early ? 1000 : usual);
    const from = early ? undefined : runFile;
    const { code, stderr } = await killedAfter(moment, [...args, ...resume], from, given);
    if (code !== null) {
      assert.ok(code === 0 || code === 3, `${what}, generation ${generation}: ${stderr}`);
      longest = Math.max(longest, generation);
      return resultsOf(folder, job, { code });
    }
    killed++;
    const where = leftBy(folder, job);
    hits.set(where, (hits.get(where) ?? 0) + 1);
  }
}

describe(`killed at random, FAULT_SEED=${seed}`, () => {
  const each = Math.ceil(kills / (jobs.length + 1));
  for (const job of jobs) {
    test(`${job.name}: ${each} kills`, async () => {
      const expected = await uninterrupted(folder, job);
      const usual = await timeOf(job);
      for (const before = killed; killed < before + each; ) {
        remove(folder, job);
        const left = before + each - killed;
        const budget = Math.min(left, 1 + Math.floor(random() * 4));
        const at = `seed ${seed}, ${job.name}, after ${killed - before} kills`;
        assertSame(await finishWithKills(job, budget, usual, at), expected, at);
      }
      remove(folder, job);
    });
  }

  test(`two shards, merged: ${each} kills`, async () => {
    const whole: Job = { args: ['-j', '2', file, part], name: 'whole.jsonl' };
    const expected = await uninterrupted(folder, whole);
    const usual = (await timeOf(whole)) / 2;
    for (const before = killed; killed < before + each; ) {
      const shards = [1, 2].map((i) => ({ ...whole, args: [...whole.args, '--shard', `${i}/2`], name: `s${i}.jsonl` }));
      for (const shard of shards) await finishWithKills(shard, 2, usual, `seed ${seed}, ${shard.name}`);
      const merged = join(folder, 'merged.jsonl');
      const run = await runBinary(['merge', '-q', ...shards.map((s) => placesOf(folder, s).output), '-o', merged]);
      assert.equal(run.code, 0, run.stderr);
      const joined = await runBinary([...placesOf(folder, { ...whole, name: 'merged.jsonl' }).args, '--resume']);
      const results = resultsOf(folder, { ...whole, name: 'merged.jsonl' }, joined);
      assert.ok(results.output.equals(expected.output));
      for (const shard of shards) remove(folder, shard);
      rmSync(merged);
    }
  });

  test('which moments they hit', (t) => {
    const places = [...hits].sort(([, a], [, b]) => b - a).map(([where, times]) => `${where}: ${times}`);
    t.diagnostic(`${killed} kills, at most ${longest} of one run; ${places.join(', ')}`);
  });
});
