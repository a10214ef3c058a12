/** Every command, and the library, starts as many workers as one rule says, by what the system lets the process have. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { join } from 'node:path';
import { after, before, mock, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { loadRewardModel } from '../../dist/index.js';
import { rewardScore, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();
process.env.REWARD_SCORE_CACHE = join(root, '.test-build/cache');

const directory = temporaryDirectory();
/** A window takes 262,144 bytes of rows for a model so small: three of them. */
const WINDOWS = 3;
const row = (fields: object): string => `${JSON.stringify({ text: 'a', ...fields, note: 'x'.repeat(60_000) })}\n`;
const content = (fields: (i: number) => object): string =>
  Array.from({ length: 11 }, (_, i) => row(fields(i))).join('');
const rows = writeFile(
  directory,
  'rows.jsonl',
  content((i) => ({ q: i, label: i % 2 })),
);
const checked = writeFile(
  directory,
  'checked.jsonl',
  content((i) => ({ reward: i })),
);

/** What /proc and /sys say; other files are the system's own. */
let pretended: Readonly<Record<string, string>> = {};

before(() => {
  const { readFileSync } = fs;
  mock.method(os, 'availableParallelism', () => 5);
  mock.method(fs, 'readFileSync', ((path: fs.PathOrFileDescriptor, ...options: never[]) => {
    const name = String(path);
    if (!/^\/(?:proc\/self\/cgroup|proc\/meminfo|sys\/fs\/cgroup\/)/.test(name)) return readFileSync(path, ...options);
    const content = pretended[name];
    if (content === undefined) throw new Error(`${name} is not there`);
    return content;
  }) as typeof readFileSync);
  syncBuiltinESMExports();
});
after(() => {
  mock.restoreAll();
  syncBuiltinESMExports();
});

/** How many threads a piece of work started. */
async function threadsOf(work: () => Promise<unknown>): Promise<number> {
  let started = 0;
  const onWorker = (_: Worker): void => void started++;
  process.on('worker', onWorker);
  await work();
  process.off('worker', onWorker);
  return started;
}

const doors: readonly (readonly [command: string, args: readonly string[]])[] = [
  ['score', ['score', rows]],
  ['best', ['best', '--group', 'q', rows]],
  ['eval', ['eval', '--bootstrap', '100', rows]],
  ['model check', ['model', 'check', join(root, 'fixtures/tiny-gpt2'), '--against', checked, '--tolerance', '1e9']],
];

const memory = { '/proc/meminfo': 'MemAvailable: 8000000 kB\n' };
const inGroup = { ...memory, '/proc/self/cgroup': '0::/\n' };

for (const [what, files, workers] of [
  ['as many as there are windows', memory, WINDOWS],
  ['a quota of two cores', { ...inGroup, '/sys/fs/cgroup/cpu.max': '200000 100000\n' }, 2],
  ['a limit of memory that leaves room for one', { ...inGroup, '/sys/fs/cgroup/memory.max': '80000000\n' }, 1],
] as const) {
  test(`${what}: ${workers}`, async () => {
    pretended = files;
    for (const [command, args] of doors) {
      const summary = join(directory, 'summary.json');
      const hasSummary = command !== 'model check';
      const threads = await threadsOf(async () => {
        const { code, stderr } = await rewardScore([...args, ...(hasSummary ? ['--summary', summary] : [])]);
        assert.equal(code, 0, stderr);
        const notice = /reward-score: 1 worker thread instead of 3: each needs about/;
        (workers === 1 ? assert.match : assert.doesNotMatch)(stderr, notice, command);
      });
      assert.equal(threads, workers, command);
      if (!hasSummary) continue;
      const { runtime } = JSON.parse(fs.readFileSync(summary, 'utf8')) as { runtime: { workers: number } };
      assert.equal(runtime.workers, workers, command);
    }
  });
}

test('the library does not know how many rows will come: one for each core', async () => {
  pretended = memory;
  const load = async (): Promise<void> => (await loadRewardModel(join(root, 'fixtures/tiny-gpt2'))).close();
  assert.equal(await threadsOf(load), 5);
  pretended = { ...inGroup, '/sys/fs/cgroup/cpu.max': '200000 100000\n' };
  assert.equal(await threadsOf(load), 2);
});
