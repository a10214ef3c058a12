/**
 * Files of weights, broken at random: each is read or refused with a FatalError, in bounded time and memory.
 *
 * CHECKPOINT_FUZZ_SEED=2 makes others, CHECKPOINT_FUZZ_CASES=200000 makes more.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { describe, test } from 'node:test';
import { FatalError } from '../../dist/errors.js';
import { openSafetensors } from '../../dist/model/checkpoint/safetensors.js';
import type { TensorSource } from '../../dist/model/checkpoint/tensor-source.js';
import { openTorch } from '../../dist/model/checkpoint/torch.js';
import { findWeightFiles } from '../../dist/model/checkpoint/weight-files.js';
import { root, temporaryDirectory } from '../support/run.js';
import {
  dict,
  float32s,
  littleEndian,
  pickled,
  tensor,
  writeTorchLegacy,
  writeTorchZip,
} from '../support/torch-files.js';

const CASES = Number(process.env.CHECKPOINT_FUZZ_CASES ?? 8_000);
const SEED = Number(process.env.CHECKPOINT_FUZZ_SEED ?? 1);
/** Far beyond what one takes, and far below a hang. */
const MOST_MILLISECONDS = 5000;
const MOST_BYTES = 500e6;

/** Numbers in [0, limit), the same for the same seed: mulberry32. */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed | 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

type Random = (limit: number) => number;

const pick = <T>(random: Random, items: readonly T[]): T => items[random(items.length)] as T;

/** Numbers at the borders of what fields hold. */
const borders = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff, 2 ** 40, 2 ** 53, -1];

const mutations: readonly ((bytes: Buffer, at: number, random: Random, other: Buffer) => Buffer)[] = [
  (bytes, at, random) => {
    bytes[at] = random(256);
    return bytes;
  },
  (bytes, at, random) => {
    bytes[at] = (bytes[at] as number) ^ (1 << random(8));
    return bytes;
  },
  (bytes, at, random) => {
    littleEndian(pick(random, borders), pick(random, [1, 2, 4, 8])).copy(bytes, at);
    return bytes;
  },
  (bytes, at) => bytes.subarray(0, at),
  (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(20))]),
  (bytes, at, random) => {
    const from = random(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + random(100)), bytes.subarray(at)]);
  },
  (bytes, at, random, other) => {
    const from = random(other.length);
    return Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + random(60)), bytes.subarray(at)]);
  },
  // A digit of a text.
  (bytes, _, random) => {
    const digits = [...bytes.keys()].filter((index) => /\d/.test(String.fromCharCode(bytes[index] as number)));
    if (digits.length > 0) bytes.write(pick(random, ['0', '9', '-', '.', 'e', '99999999', '"']), pick(random, digits));
    return bytes;
  },
];

function mutated(original: Buffer, random: Random, other: Buffer): Buffer {
  let bytes: Buffer = Buffer.from(original);
  for (let count = 1 + random(3); count > 0 && bytes.length > 0; count--) {
    bytes = pick(random, mutations)(bytes, random(bytes.length), random, other);
  }
  return bytes;
}

/** The beginning and the end of each tensor. */
function readTensors(source: TensorSource): void {
  try {
    for (const name of source.names.slice(0, 40)) {
      const elements = (source.shapeOf(name) ?? []).reduce((a, b) => a * b, 1);
      if (elements === 0) continue;
      const count = Math.min(elements, 3000);
      for (const start of [0, elements - count]) {
        assert.equal(source.read(name, start, count).length, count);
      }
    }
  } finally {
    source.close();
  }
}

const directory = temporaryDirectory();
const original = (name: string, write: (path: string) => void): Buffer => {
  const path = join(directory, name);
  write(path);
  return readFileSync(path);
};

const half = tensor({ key: '1', shape: [3, 2], strides: [1, 3], type: 'HalfStorage' });
const state = dict({
  a: tensor({ key: '0', shape: [2, 4] }),
  b: half,
  c: tensor({ key: '0', shape: [2], offset: 6, elements: 8 }),
});
const storages = { 0: float32s(1, 2, 3, 4, 5, 6, 7, 8), 1: Buffer.alloc(12) };
const fixture = (form: string, file: string): Buffer => readFileSync(join(root, 'test/oracle/checkpoints', form, file));
const tensorsHeader = JSON.stringify({
  __metadata__: { format: 'pt' },
  a: { dtype: 'F32', shape: [2, 4], data_offsets: [0, 32] },
  b: { dtype: 'BF16', shape: [3], data_offsets: [32, 38] },
});

const targets: readonly {
  readonly name: string;
  readonly content: Buffer;
  readonly open: (path: string) => TensorSource;
}[] = [
  { name: 'zip', content: original('zip', (path) => writeTorchZip(path, pickled(state), storages)), open: openTorch },
  {
    name: 'zip64',
    content: original('zip64', (path) => writeTorchZip(path, pickled(state), storages, { zip64: true })),
    open: openTorch,
  },
  {
    name: 'legacy',
    content: original('legacy', (path) =>
      writeTorchLegacy(path, pickled(state), [
        { key: '0', elements: 8, content: storages[0] },
        { key: '1', elements: 6, content: storages[1] },
      ]),
    ),
    open: openTorch,
  },
  { name: 'zip of torch', content: fixture('zip-f16', 'pytorch_model.bin'), open: openTorch },
  { name: 'pickle of protocol 5 of torch', content: fixture('zip-protocol-5', 'pytorch_model.bin'), open: openTorch },
  {
    name: 'safetensors',
    content: Buffer.concat([littleEndian(tensorsHeader.length, 8), Buffer.from(tensorsHeader), Buffer.alloc(38)]),
    open: openSafetensors,
  },
  {
    name: 'index',
    content: fixture('sharded-bin', 'pytorch_model.bin.index.json'),
    open: (path) => {
      const folder = `${path}.folder`;
      const index = join(folder, 'pytorch_model.bin.index.json');
      if (!existsSync(folder)) cpSync(join(root, 'test/oracle/checkpoints/sharded-bin'), folder, { recursive: true });
      rmSync(index);
      linkSync(path, index);
      return findWeightFiles(folder).open();
    },
  },
];

describe(`${CASES} broken files, seed ${SEED}`, () => {
  for (const [index, { name, content, open }] of targets.entries()) {
    test(name, () => {
      const path = join(directory, 'broken');
      const random = randomNumbers(SEED * 1000 + index);
      writeFileSync(path, content);
      readTensors(open(path));
      const cases = Math.ceil(CASES / targets.length);
      let refused = 0;
      for (let i = 0; i < cases; i++) {
        const bytes = mutated(content, random, pick(random, targets).content);
        rmSync(path); // writing over a file waits for the disk
        writeFileSync(path, bytes);
        const started = performance.now();
        try {
          readTensors(open(path));
        } catch (error) {
          if (!(error instanceof FatalError)) {
            throw new Error(`case ${i}: ${bytes.toString('base64')}`, { cause: error });
          }
          assert.ok(error.message.startsWith(path), error.message);
          assert.doesNotMatch(error.message, /[^ -~]/);
          refused++;
        }
        const milliseconds = performance.now() - started;
        assert.ok(milliseconds < MOST_MILLISECONDS, `case ${i} took ${milliseconds} ms`);
      }
      assert.ok(refused > cases / 20 && refused < cases, `${refused} of ${cases} were refused`);
      assert.ok(process.resourceUsage().maxRSS * 1024 < MOST_BYTES);
    });
  }
});
