/** The runs in which rows go through a causal network, each of which sees what the runs before have kept. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { RewardSession } from '../../dist/model/backend/session.js';
import { readCheckpoint } from '../../dist/model/checkpoint/checkpoint.js';
import { causalLayout } from '../../dist/model/layout/causal.js';
import { distinctRows } from '../../dist/model/layout/distinct-rows.js';
import { runsOf } from '../../dist/model/layout/runs.js';
import { type Precision, preparationFor } from '../../dist/model/precision.js';
import { prepareModel } from '../../dist/model/prepared/prepare.js';
import { TokenScorer } from '../../dist/model/token-scorer.js';
import { temporaryDirectory } from '../support/run.js';
import { type ModelFamily, makeSyntheticModel, readModelDescriptions } from '../support/synthetic-model.js';
import { tries } from '../support/tries.js';

const cost = { fixed: 3, attention: 0.01 };
const nothing = (): void => undefined;

/** Few ids, so that rows begin alike, some as a whole, and beginnings long enough that they are kept. */
const rowsOf = (longest: number): fc.Arbitrary<number[][]> => {
  const piece = fc.array(fc.integer({ min: 2, max: 4 }), { minLength: 1, maxLength: longest / 3 });
  const end = fc.oneof(piece, fc.constant([]));
  return fc
    .tuple(
      fc.array(piece, { minLength: 1, maxLength: 4 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(), end), { minLength: 1, maxLength: 10 }),
    )
    .map(([beginnings, rows]) => {
      const pick = (index: number): number[] => beginnings[index % beginnings.length] as number[];
      return rows.map(([first, second, cut, own]) => [...pick(first), ...pick(second).slice(cut % 5), ...own]);
    });
};

describe('the runs of rows', () => {
  test('give each row its own tokens in their order, seen ones before its own, within a pack', () => {
    fc.assert(
      fc.property(rowsOf(300), fc.integer({ min: 2, max: 80 }), (rows, maxNodes) => {
        let kept: number[] = [];
        const read = new Map<number, number[]>();
        for (const { pack, seen, keeps } of runsOf(distinctRows(rows), { cost, maxNodes })) {
          assert.ok(pack.tokenIds.length <= maxNodes);
          assert.ok(seen <= kept.length, 'nothing is seen that is not kept');
          kept = kept.slice(0, seen);
          for (const [i, members] of pack.rows.entries()) {
            const path: number[] = [];
            for (let node = pack.pooledNodes[i] as number; node >= 0; node = pack.parents[node] as number) {
              path.unshift(pack.tokenIds[node] as number);
              assert.equal(pack.positions[node], seen + depthOf(pack.parents, node));
            }
            for (const row of members) {
              assert.ok(!read.has(row), 'a row is read once');
              read.set(row, [...kept, ...path]);
            }
          }
          if (keeps) {
            assert.deepEqual(pack.rows, []);
            kept = [...kept, ...pack.tokenIds];
          }
        }
        assert.deepEqual(
          rows.map((_, i) => read.get(i)),
          rows,
        );
      }),
    );
  });

  test('compute what rows share once, however many runs it takes', () => {
    const prompt = Array.from({ length: 1000 }, (_, i) => i % 7);
    const rows = Array.from({ length: 8 }, (_, i) => [
      ...prompt,
      ...Array.from({ length: 60 }, (_, j) => 10 + i + (j % 3)),
    ]);
    const runs = runsOf(distinctRows(rows), { cost, maxNodes: 512 });
    const computed = runs.reduce((sum, { pack }) => sum + pack.tokenIds.length, 0);
    assert.equal(computed, 1000 + 8 * 60);
    const keeping = runs.filter(({ keeps }) => keeps).map(({ pack, seen }) => [seen, pack.tokenIds.length]);
    assert.deepEqual(keeping, [
      [0, 512],
      [512, 488],
    ]);
  });
});

function depthOf(parents: Int32Array, node: number): number {
  let depth = 0;
  for (let at = parents[node] as number; at >= 0; at = parents[at] as number) depth++;
  return depth;
}

describe('a row in runs gets the reward that it gets in one', () => {
  const cases: readonly (readonly [ModelFamily, string, Precision])[] = [
    ['gpt2', 'base', 'fp32'],
    ['llama', 'base', 'fp32'],
    ['llama', 'all-at-once', 'fp32'],
    ['qwen2', 'window-8-from-layer-1', 'fp32'],
    ['qwen2', 'window-64-in-all-layers', 'fp32'],
    ['qwen3', 'all-at-once', 'fp32'],
    ['mistral', 'window-8-in-1-layer', 'fp32'],
    ['gpt_neox', 'all-at-once', 'fp32'],
    ['gpt2', 'base', 'int8'],
  ];
  for (const [family, name, precision] of cases) {
    describe(`${family} ${name} in ${precision}`, async () => {
      const model = temporaryDirectory();
      const description = (await readModelDescriptions(family)).find((each) => each.name === name);
      assert.ok(description);
      await makeSyntheticModel(model, description);
      const options = { useCache: true, notify: nothing, heartbeat: nothing };
      const prepared = await prepareModel(readCheckpoint(model), preparationFor(precision, model), options);
      const scorer = async (maxNodes: number): Promise<TokenScorer> =>
        new TokenScorer(
          await RewardSession.open(prepared.directory),
          causalLayout({ padTokenId: 1, cost, maxNodes }),
          1,
        );
      const [whole, inRuns] = [await scorer(4096), await scorer(40)];
      after(async () => {
        await whole.release();
        await inRuns.release();
      });
      const close = (a: number, b: number): boolean =>
        // In integers, a token's scale depends on the last bits of its values.
        Math.abs(a - b) <= (precision === 'int8' ? 2e-2 : 1e-5) * Math.max(1, Math.abs(b));

      test('whatever rows it is laid out with', async () => {
        await fc.assert(
          fc.asyncProperty(rowsOf(150), async (rows) => {
            const { logits } = await inRuns.score(rows, nothing);
            const { logits: expected } = await whole.score(rows, nothing);
            for (const [i, reward] of logits.entries()) {
              assert.ok(close(reward, expected[i] as number), `row ${i}: ${reward}, ${expected[i]}`);
            }
          }),
          { numRuns: tries(15) },
        );
      });

      test('to the bit whatever was scored before, and with fewer tokens', async () => {
        const beginning = Array.from({ length: 60 }, (_, i) => 5 + ((i * i) % 7));
        const windowOf = (seed: number): number[][] =>
          Array.from({ length: 6 }, (_, i) => [
            ...beginning,
            ...Array.from({ length: 20 }, (_, j) => 3 + ((seed + i * (j + 1)) % 11)),
          ]);
        const fresh = await scorer(40);
        const alone = await fresh.score(windowOf(1), nothing);
        await fresh.release();
        await inRuns.score(windowOf(2), nothing);
        const after = await inRuns.score(windowOf(1), nothing);
        assert.deepEqual(after.logits, alone.logits);
        assert.equal(after.computedTokens, alone.computedTokens - beginning.length);
      });

      test('and at each of its tokens', async () => {
        const row = Array.from({ length: 130 }, (_, i) => ((i * 7919) % 5) + (i % 3));
        const [some, expected] = [await inRuns.trace(row, 25, nothing), await whole.trace(row, 25, nothing)];
        assert.equal(some.length, 105);
        for (const [i, reward] of some.entries()) assert.ok(close(reward, expected[i] as number), `token ${25 + i}`);
      });
    });
  }
});

test('beside a row that is not a number, what others share and keep stays their own', async () => {
  const model = temporaryDirectory();
  const description = (await readModelDescriptions('llama')).find(({ nan }) => nan !== undefined);
  assert.ok(description?.nan);
  await makeSyntheticModel(model, description);
  const nanToken = Math.floor(description.nan.index / 16);
  const options = { useCache: true, notify: nothing, heartbeat: nothing };
  const prepared = await prepareModel(readCheckpoint(model), preparationFor('fp32', model), options);
  const layout = causalLayout({ padTokenId: undefined, cost, maxNodes: 40 });
  const scorer = new TokenScorer(await RewardSession.open(prepared.directory), layout, 1);
  try {
    const beginning = Array.from({ length: 60 }, (_, i) => 5 + (i % 4));
    const rows = [
      [...beginning, 9, 9],
      [...beginning, 10, nanToken],
      [...beginning, 11, 12, 13],
      [nanToken, ...beginning],
      [...beginning.slice(0, 50), 14],
    ];
    const { logits } = await scorer.score(rows, nothing);
    for (const [i, row] of rows.entries()) {
      const { logits: own } = await scorer.score([row], nothing);
      const [reward, expected] = [logits[i] as number, own[0] as number];
      assert.equal(Number.isFinite(reward), !row.includes(nanToken));
      if (Number.isFinite(reward)) assert.ok(Math.abs(reward - expected) <= 1e-5 * Math.max(1, Math.abs(expected)));
    }
  } finally {
    await scorer.release();
  }
});
