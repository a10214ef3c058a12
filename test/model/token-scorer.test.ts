/** The one loop over packs, with layouts and networks that are made up. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { causalLayout } from '../../dist/model/layout/causal.js';
import type { Feeds, Layout } from '../../dist/model/layout/layout.js';
import { paddedLayout } from '../../dist/model/layout/padded.js';
import { TokenScorer } from '../../dist/model/token-scorer.js';

const NAN_TOKEN = 99;
const PAD = 0;

const numbers = ({ data }: Feeds[string]): number[] => Array.from(data as ArrayLike<number>, Number);

/** Gives each pooled row the sum of its tokens so far; a NaN token makes all rows of a pack NaN, as the mask does. */
class TrieNetwork {
  runs = 0;
  async run(feeds: Feeds): Promise<Float32Array> {
    this.runs++;
    const { input_ids: ids, attention_bias: bias, pooled_nodes: pooled } = feeds as Required<Feeds>;
    const tokens = numbers(ids as Feeds[string]);
    const sees = numbers(bias as Feeds[string]);
    const spoilt = tokens.includes(NAN_TOKEN);
    return Float32Array.from(numbers(pooled as Feeds[string]), (node) =>
      spoilt
        ? Number.NaN
        : tokens.reduce((sum, token, i) => sum + (sees[node * tokens.length + i] === 0 ? token : 0), 0),
    );
  }
  async release(): Promise<void> {}
}

const trie = causalLayout({ padTokenId: PAD, cost: { fixed: 3, attention: 0 }, maxNodes: 512 });
const score = async (network: TrieNetwork, layout: Layout, rows: number[][]) => {
  const { logits, computedTokens } = await new TokenScorer(network, layout, 1).score(rows, () => undefined);
  return { logits: [...logits], computedTokens };
};

describe('rows in packs', () => {
  test('get the reward of their last token that is no pad token', async () => {
    const rows = [[1, 2, 3], [1, 2, PAD, PAD], [1, 2], [PAD], [1, 2, 4]];
    const { logits, computedTokens } = await score(new TrieNetwork(), trie, rows);
    assert.deepEqual(logits, [6, 3, 3, 0, 7]);
    assert.equal(computedTokens, new TokenScorer(new TrieNetwork(), trie, 1).countTokens(rows));
    assert.equal(computedTokens, 5, 'shared beginnings go through the network once');
  });

  test('are scored alone beside a NaN, equal ones once', async () => {
    const network = new TrieNetwork();
    const { logits } = await score(network, trie, [
      [1, 2],
      [1, NAN_TOKEN],
      [1, 2],
      [1, 5],
    ]);
    assert.deepEqual(logits, [3, Number.NaN, 3, 6]);
    assert.equal(network.runs, 1 + 3);
  });
});

describe('a trace', () => {
  const token = fc.constantFrom(1, 2, 7, PAD, NAN_TOKEN);
  const traced = fc
    .array(token, { minLength: 1, maxLength: 12 })
    .chain((row) => fc.record({ row: fc.constant(row), from: fc.nat({ max: row.length - 1 }) }));

  test('has at each token the reward of the row that ends there, beside pad tokens and NaN too', async () => {
    await fc.assert(
      fc.asyncProperty(traced, async ({ row, from }) => {
        const beginnings = row.slice(from).map((_, i) => row.slice(0, from + i + 1));
        const alone = await Promise.all(
          beginnings.map(async (beginning) => (await score(new TrieNetwork(), trie, [beginning])).logits[0]),
        );
        const trace = await new TokenScorer(new TrieNetwork(), trie, 1).trace(row, from, () => undefined);
        assert.deepEqual([...trace], alone);
      }),
    );
  });

  test('takes one run of the network', async () => {
    const network = new TrieNetwork();
    await new TokenScorer(network, trie, 1).trace([1, 2, PAD, 7], 1, () => undefined);
    assert.equal(network.runs, 1);
  });
});

test('what rows share is the longest beginning that another one has, and all of an equal one', () => {
  const scorer = new TokenScorer(new TrieNetwork(), trie, 1);
  const rows = [[1, 2, 3], [1, 2, 4, 5], [1, 2, 4, 5, PAD], [6], [1, 9]];
  assert.deepEqual(scorer.sharedTokens(rows), [2, 4, 4, 0, 1]);
});

test('rows that do not meet in a network are not scored again beside a NaN', async () => {
  const network = {
    runs: 0,
    async run({ input_ids: ids }: Feeds): Promise<Float32Array> {
      this.runs++;
      const { dims, data } = ids as Feeds[string];
      const [rows, width] = dims as [number, number];
      return Float32Array.from({ length: rows }, (_, row) => {
        const tokens = Array.from(data as ArrayLike<bigint>, Number).slice(row * width, (row + 1) * width);
        return tokens.includes(NAN_TOKEN) ? Number.NaN : tokens.reduce((a, b) => a + b, 0);
      });
    },
    async release(): Promise<void> {},
  };
  const layout = paddedLayout({
    inputs: new Map([['input_ids', 'int64']]),
    padTokenId: PAD,
    maxPositions: 16,
    typed: true,
    rowByRow: false,
    limits: { batchTokens: 2048, batchRows: 64 },
  });
  const { logits, computedTokens } = await new TokenScorer(network, layout, 1).score(
    [[1, 2], [NAN_TOKEN], [1, 2], [4, 5, 6]],
    () => undefined,
  );
  assert.deepEqual([...logits], [3, Number.NaN, 3, 15]);
  assert.deepEqual([network.runs, computedTokens], [1, 3 * 8]);
});
