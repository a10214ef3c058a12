/** --precision auto: what it makes of a network, that the choice depends on nothing but the model, and its place in the program. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { openTensors, readCheckpoint } from '../../dist/model/checkpoint/checkpoint.js';
import { ElementType } from '../../dist/model/graph/graph.js';
import { builtInRows } from '../../dist/model/int8/activation-ranges.js';
import { makeAuto } from '../../dist/model/int8/auto.js';
import { quantizeNetwork } from '../../dist/model/int8/graph.js';
import type { Mix } from '../../dist/model/int8/mix.js';
import { runRows } from '../../dist/model/int8/prepare.js';
import { findSmoothingGroups } from '../../dist/model/int8/smoothing.js';
import { chooseSmoothing, writeInt8Weights } from '../../dist/model/int8/weights.js';
import { writeGraph } from '../../dist/model/prepared/prepack.js';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';
import { type ModelDescription, makeSyntheticModel, readModelDescriptions } from '../support/synthetic-model.js';

const directory = temporaryDirectory();
const fixture = join(root, 'fixtures/tiny-gpt2');
const texts = readFileSync(join(root, 'fixtures/conversations.jsonl'), 'utf8');

/** The fixture with some of its weights changed. */
function changed(name: string, change: (weights: Float32Array, tensor: string) => void): string {
  const path = join(directory, name);
  cpSync(fixture, path, { recursive: true });
  const file = readFileSync(join(path, 'model.safetensors'));
  const header = Number(file.readBigUInt64LE(0));
  const tensors = JSON.parse(file.toString('utf8', 8, 8 + header)) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  for (const [tensor, { data_offsets }] of Object.entries(tensors)) {
    if (tensor === '__metadata__') continue;
    const [from, to] = data_offsets.map((offset) => 8 + header + offset) as [number, number];
    const weights = new Float32Array(Uint8Array.from(file.subarray(from, to)).buffer);
    change(weights, tensor);
    file.set(new Uint8Array(weights.buffer), from);
  }
  writeFile(path, 'model.safetensors', file);
  return path;
}

/** Each column of the first matrix has one weight far above the others, which has them rounded coarsely. */
const wired = changed('wired', (weights, tensor) => {
  if (!tensor.endsWith('h.0.attn.c_attn.weight')) return;
  for (let column = 0; column < 96; column++) weights[((7 * column) % 32) * 96 + column] = 4;
});

/** Its rewards are all the same: there is nothing to compare. */
const constant = changed('constant', (weights, tensor) => {
  if (tensor === 'score.weight') weights.fill(0);
});

interface About {
  readonly mix: Mix;
  readonly quality?: { readonly rows: number; readonly spearman: number };
  readonly files: object;
}

const aboutIn = (place: string): About => JSON.parse(readFileSync(join(place, 'about.json'), 'utf8')) as About;

const env = { REWARD_SCORE_CACHE: join(directory, 'cache') };
const run = (...args: string[]) => rewardScore(args, { env, stdin: texts });

async function prepare(model: string, precision: string): Promise<string> {
  const { code, stdout, stderr } = await run('model', 'prepare', model, '--precision', precision);
  assert.equal(code, 0, stderr);
  return stdout.trim();
}

describe('what is chosen', () => {
  test('where int8 is near enough, it is int8, byte for byte', async () => {
    const [auto, int8] = [await prepare(fixture, 'auto'), await prepare(fixture, 'int8')];
    for (const name of ['model.onnx', 'continued.onnx', 'weights.bin']) {
      assert.ok(readFileSync(join(auto, name)).equals(readFileSync(join(int8, name))), name);
    }
    const { mix, quality, files } = aboutIn(auto);
    assert.deepEqual(new Set(Object.values(mix.matrices)), new Set(['int8']));
    assert.equal(Object.keys(mix.matrices).length, 8);
    assert.equal(quality?.rows, 2592);
    assert.deepEqual(Object.keys(files).sort(), ['continued.onnx', 'model.onnx', 'weights.bin']);
  });

  test('where it is not, some matrices are finer, rewards are near, and everything says so', async () => {
    const { mix, quality } = aboutIn(await prepare(wired, 'auto'));
    assert.notEqual(mix.matrices['transformer.h.0.attn.c_attn.weight'], 'int8');
    assert.ok(mix.cost > 0.3 && mix.cost <= 0.7, String(mix.cost));
    assert.ok((quality?.spearman as number) >= 0.999, JSON.stringify(quality));
    const summaryFile = join(directory, 'summary.json');
    const rewards: number[][] = [];
    for (const precision of ['fp32', 'int8', 'auto']) {
      const flags = ['-q', '-m', wired, '--template', 'chai', '--precision', precision, '--summary', summaryFile];
      const { code, stdout, stderr } = await run(...flags);
      assert.equal(code, 0, stderr);
      rewards.push(
        jsonLines(stdout).flatMap((row) =>
          ['reward', 'reward_chosen', 'reward_rejected'].flatMap((field) => (row[field] ?? []) as number),
        ),
      );
    }
    const [fp32, int8, auto] = rewards as [number[], number[], number[]];
    const off = (some: readonly number[]): number =>
      Math.sqrt(some.reduce((sum, reward, i) => sum + (reward - (fp32[i] as number)) ** 2, 0));
    assert.ok(off(auto) < off(int8) / 2, `${off(auto)} and ${off(int8)}`);
    const { model } = JSON.parse(readFileSync(summaryFile, 'utf8')) as { model: { precision: string; mix: Mix } };
    assert.equal(model.precision, 'auto');
    assert.equal(model.mix.cost, mix.cost);
    const info = (await run('model', 'info', wired)).stdout;
    assert.match(info, /^matrices +\d int8, .*; the matrices take 0\.\d+ of the time of fp32$/m);
    assert.match(
      info,
      /^matrices +transformer\.h\.0\.attn\.c_attn\.weight: \S+, error 0[\d.e-]* std \(in int8 0\.\d+\)$/m,
    );
    const { prepared } = JSON.parse((await run('model', 'info', wired, '--json')).stdout) as { prepared: About[] };
    assert.deepEqual(prepared.find((one) => one.mix !== undefined)?.mix, mix);
  });

  test('where nothing can be compared, it is float32 and says so, each time, and --strict is content', async () => {
    const { mix, quality } = aboutIn(await prepare(constant, 'auto'));
    assert.deepEqual([new Set(Object.values(mix.matrices)), quality], [new Set(['fp32']), undefined]);
    const { code, stderr } = await run('-m', constant, '--precision', 'auto', '--strict');
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /--precision auto takes fp32 for this model: its rewards for the built-in texts cannot be compared/,
    );
    assert.match((await run('model', 'info', constant)).stdout, /^matrices +fp32 throughout: its rewards/m);
  });
});

describe('a matrix that stays in float32 while its norm is smoothed computes the same to the last bit', () => {
  for (const family of ['gpt2', 'llama'] as const) {
    test(family, async () => {
      const model = join(directory, family);
      const description = (await readModelDescriptions(family)).find(({ name }) => name === 'base');
      await makeSyntheticModel(model, description as ModelDescription);
      const checkpoint = readCheckpoint(model);
      const { network } = checkpoint;
      const weightType = ElementType.uint8;
      const { matrices, activations } = quantizeNetwork(network, { weightType });
      const groups = findSmoothingGroups(network.graph, matrices, activations);
      assert.ok(groups.length > 0);
      // Of some channels, activations are far larger than of others.
      const largest = groups.map(({ channels }) => new Float32Array(channels).map((_, i) => 2 ** (i % 9)));
      const tensors = openTensors(checkpoint);
      try {
        const smoothing = chooseSmoothing(groups, largest, tensors);
        const products = new Map(activations.map((x) => [x, 'fp32'] as const));
        const inFloat = quantizeNetwork(network, { weightType, products });
        assert.deepEqual(inFloat.matrices, []);
        const none = { norms: new Map(), matrices: new Map(), transposed: new Set<string>() };
        const rewards: Float32Array[] = [];
        for (const [name, how] of Object.entries({ none, smoothing })) {
          const place = join(directory, `${family}-${name}`);
          mkdirSync(place);
          const work = { network, tensors, tokenizerDirectory: model, directory: place, heartbeat: () => undefined };
          writeGraph(inFloat.graph, writeInt8Weights(inFloat, how, tensors, join(place, 'weights.bin')), place);
          rewards.push((await runRows(work, builtInRows(model, network), place, false)).logits);
        }
        assert.ok(smoothing.norms.size > 0);
        assert.deepEqual(rewards[1], rewards[0]);
      } finally {
        tensors.close();
      }
    });
  }
});

test('the choice and the files are the same each time, whatever the clock shows, with one thread or more, and with one worker or two', async () => {
  const first = await prepare(wired, 'auto');
  const { mix, quality } = aboutIn(first);
  const checkpoint = readCheckpoint(wired);
  const place = join(directory, 'again');
  mkdirSync(place);
  const tensors = openTensors(checkpoint);
  const [now, performanceNow] = [Date.now, performance.now];
  let reading = 0;
  try {
    Date.now = () => (reading += reading < 1e12 ? 1e9 : -7e9);
    performance.now = () => (reading += 12_345);
    const { network } = checkpoint;
    const work = { network, tensors, tokenizerDirectory: wired, directory: place, heartbeat: () => undefined };
    assert.deepEqual(await makeAuto({ ...work, threads: 1 }), { mix, quality });
  } finally {
    [Date.now, performance.now] = [now, performanceNow];
    tensors.close();
  }
  assert.deepEqual(readdirSync(place).sort(), ['continued.onnx', 'model.onnx', 'weights.bin']);
  assert.ok(readFileSync(join(place, 'weights.bin')).equals(readFileSync(join(first, 'weights.bin'))));

  const cache = join(directory, 'other-cache');
  const outputs: string[] = [];
  for (const [workers, own] of [
    ['2', cache],
    ['1', env.REWARD_SCORE_CACHE],
  ] as const) {
    const flags = ['-q', '-m', wired, '--template', 'chai', '--precision', 'auto', '-j', workers];
    const { code, stdout, stderr } = await rewardScore(flags, { env: { REWARD_SCORE_CACHE: own }, stdin: texts });
    assert.equal(code, 0, stderr);
    outputs.push(stdout);
  }
  assert.equal(outputs[0], outputs[1]);
  const [made] = readdirSync(join(cache, 'prepared')).filter((name) => !name.endsWith('.lock'));
  const about = aboutIn(join(cache, 'prepared', made as string));
  assert.deepEqual([about.mix, about.quality], [mix, quality]);
});

test('work is gone on with in the same precision, and where auto chose the same', async () => {
  const output = join(directory, 'scored.jsonl');
  const flags = ['-q', '-m', wired, '--precision', 'auto', '-o', output];
  assert.equal((await run(...flags)).code, 0);
  const other = await run(...flags, '--resume', '--precision', 'int8');
  assert.equal(other.code, 2);
  assert.match(other.stderr, /--precision/);
  // As if another processor had led to another choice.
  const file = join(await prepare(wired, 'auto'), 'about.json');
  const about = aboutIn(dirname(file));
  const matrices = { ...about.mix.matrices, 'transformer.h.1.mlp.c_fc.weight': 'fp32' };
  writeFile(dirname(file), 'about.json', JSON.stringify({ ...about, mix: { ...about.mix, matrices } }));
  const chosen = await run(...flags, '--resume');
  assert.equal(chosen.code, 2);
  assert.match(chosen.stderr, /what --precision auto chose/);
});
