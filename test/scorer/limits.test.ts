/** Cores and memory that a process may use, read from trees made up here; and the number of workers that follows. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { cpu } from '../../dist/model/backend/cpu.js';
import { readLimits } from '../../dist/platform/limits.js';
import { chooseWorkerCount } from '../../dist/scorer/worker-count.js';
import { temporaryDirectory } from '../support/run.js';

const directory = temporaryDirectory();
const MB = 1e6;

function tree(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(directory, 'root-'));
  for (const [name, content] of Object.entries({ 'proc/meminfo': 'MemAvailable:    1000000 kB\n', ...files })) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

const everything = { cores: availableParallelism(), freeBytes: 1_024_000_000 };

test('without control groups: affinity, and what is free', () => {
  assert.deepEqual(readLimits(tree({})), everything);
});

test('a system without /proc has all of its memory free', () => {
  assert.ok(readLimits(join(directory, 'nowhere')).freeBytes > 100 * MB);
});

for (const [what, files, expected] of [
  [
    'version 2: the tightest limit on the way to the root',
    {
      'proc/self/cgroup': '0::/a/b\n',
      'sys/fs/cgroup/a/b/cpu.max': 'max 100000\n',
      'sys/fs/cgroup/a/b/memory.max': 'max\n',
      'sys/fs/cgroup/a/cpu.max': '150000 100000\n',
      'sys/fs/cgroup/a/memory.max': '500000000\n',
      'sys/fs/cgroup/a/memory.stat': 'anon 100000000\nfile 300000000\n',
    },
    { cores: 1, freeBytes: 400 * MB },
  ],
  [
    'version 2 in a container, which is the root',
    {
      'proc/self/cgroup': '0::/\n',
      'sys/fs/cgroup/cpu.max': '50000 100000\n',
      'sys/fs/cgroup/memory.max': '300000000\n',
    },
    { cores: 1, freeBytes: 300 * MB },
  ],
  [
    'version 1, controllers in one place or two',
    {
      'proc/self/cgroup': '5:cpu,cpuacct:/x\n4:memory:/x/y\n1:name=systemd:/x\n0::/x\n',
      'sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us': '100000\n',
      'sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us': '100000\n',
      'sys/fs/cgroup/memory/x/y/memory.limit_in_bytes': '9223372036854771712\n',
      'sys/fs/cgroup/memory/x/memory.limit_in_bytes': '200000000\n',
      'sys/fs/cgroup/memory/x/memory.stat': 'rss 1\ntotal_rss 50000000\n',
    },
    { cores: 1, freeBytes: 150 * MB },
  ],
  [
    'version 1 in a container that sees the host’s path and its own root',
    {
      'proc/self/cgroup': '5:cpu:/docker/1f\n4:memory:/docker/1f\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '100000000\n',
    },
    { cores: availableParallelism(), freeBytes: 100 * MB },
  ],
  [
    'a group that holds more than it may',
    {
      'proc/self/cgroup': '0::/\n',
      'sys/fs/cgroup/memory.max': '100\n',
      'sys/fs/cgroup/memory.stat': 'anon 200\n',
    },
    { ...everything, freeBytes: 0 },
  ],
] as const) {
  test(what, () => assert.deepEqual(readLimits(tree(files)), expected));
}

test('workers: as many as asked for, or as cores and windows; fewer where memory ends, and never none', () => {
  const need = { sharedBytes: 500 * MB, workerBytes: 100 * MB };
  const many = Number.POSITIVE_INFINITY;
  assert.deepEqual(chooseWorkerCount(0, 3, { cores: 8, freeBytes: 2000 * MB }, need), { workers: 3 });
  assert.deepEqual(chooseWorkerCount(0, 0, { cores: 8, freeBytes: 2000 * MB }, need), { workers: 1 });
  assert.deepEqual(chooseWorkerCount(5, 3, { cores: 8, freeBytes: 2000 * MB }, need), { workers: 5 });
  assert.deepEqual(chooseWorkerCount(0, many, { cores: 8, freeBytes: 2000 * MB }, need), { workers: 8 });
  assert.deepEqual(chooseWorkerCount(3, many, { cores: 8, freeBytes: 2000 * MB }, need), { workers: 3 });
  assert.deepEqual(chooseWorkerCount(16, many, { cores: 8, freeBytes: 2000 * MB }, need), {
    workers: 15,
    notice:
      '15 worker threads instead of 16: each needs about 100 MB beside 500 MB for all, and 2.0 GB of memory is free',
  });
  assert.deepEqual(chooseWorkerCount(0, many, { cores: 8, freeBytes: 10 * MB }, need), {
    workers: 1,
    notice: '1 worker thread instead of 8: each needs about 100 MB beside 500 MB for all, and 10 MB of memory is free',
  });
});

const facts = { architecture: 'x', labels: ['x'], maxPositions: 1024, padTokenId: 0, eosTokenId: 0 };

test('a worker of GPT-2 base needs about what was measured', () => {
  const network = {
    ...facts,
    vocabularySize: 50_257,
    hiddenSize: 768,
    tensors: [{ name: 'all', shape: [124_000_000] }],
    attention: 'causal',
    kept: [],
    graph: { nodes: [], inputs: [], outputs: [], initializers: [] } as never,
  } as const;
  const { workerBytes, sharedBytes } = cpu.memoryNeed(network, 256);
  assert.ok(workerBytes > 90 * MB && workerBytes < 140 * MB, `${workerBytes}`);
  assert.ok(sharedBytes > 500 * MB && sharedBytes < 600 * MB, `${sharedBytes}`);
});

test('long rows need memory by their length, not by its square', () => {
  // Qwen3 of 0.6 B: 28 layers, each with 8 heads of keys and values of 128.
  const kept = Array.from({ length: 56 }, (_, i) => ({ name: `${i}`, type: 1, size: 1024 }) as const);
  const network = {
    vocabularySize: 151_936,
    hiddenSize: 1024,
    tensors: [{ name: 'all', shape: [596_000_000] }],
    attention: 'causal',
    kept,
  } as const;
  const [short, long, longer] = [512, 4096, 16_384].map((length) => cpu.memoryNeed(network, length).workerBytes) as [
    number,
    number,
    number,
  ];
  assert.ok(short > 200 * MB && short < 400 * MB, `${short}`);
  // Measured with random weights: 1,425 MB.
  assert.ok(long > 1300 * MB && long < 1700 * MB, `${long}`);
  assert.ok(longer < 4 * long, `${longer}`);
});

test('a foreign network stands in each worker', () => {
  const { workerBytes, sharedBytes } = cpu.memoryNeed({ ...facts, vocabularySize: 30_000, bytes: 440 * MB }, 256);
  assert.ok(workerBytes > 440 * MB && sharedBytes < 100 * MB);
});
