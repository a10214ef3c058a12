/** Batches of rows of nearly the same length, for networks in which a token sees all of its row. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Feeds, Pack } from '../../dist/model/layout/layout.js';
import { positionsOf, rowBatchesLayout } from '../../dist/model/layout/row-batches.js';
import { TokenScorer } from '../../dist/model/token-scorer.js';
import { encoderNamed, makeEncoder, withScorer } from '../support/encoder-models.js';
import { temporaryDirectory } from '../support/run.js';
import { tries } from '../support/tries.js';

const NAN_TOKEN = 99;
const nothing = (): void => undefined;
const numbers = (feed: Feeds[string]): number[] => Array.from(feed?.data as ArrayLike<number>, Number);

const settings = { tokenTypes: 2, positionsAfter: undefined, cost: { fixed: 3, attention: 0.05 }, maxNodes: 512 };
const layout = rowBatchesLayout(settings);

/** Few tokens, so that rows repeat themselves. */
const row = fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 6 });
const typedRow = row.chain((ids) =>
  fc.record({
    ids: fc.constant(ids),
    types: fc.option(fc.array(fc.nat({ max: 1 }), { minLength: ids.length, maxLength: ids.length }), {
      nil: undefined,
    }),
  }),
);
const typedRows = fc.array(typedRow, { minLength: 1, maxLength: 12 });

/** What the network sees of each row of a batch: as many nodes as its length says, from the node that is pooled. */
function rowsSeen(pack: Pack): { readonly ids: number[]; readonly types: number[]; readonly positions: number[] }[] {
  const { input_ids, token_type_ids, position_ids, row_lengths, pooled_nodes } = pack.feeds() as Required<Feeds>;
  const [ids, types, positions, lengths, pooled] = [
    input_ids,
    token_type_ids,
    position_ids,
    row_lengths,
    pooled_nodes,
  ].map((feed) => numbers(feed as Feeds[string])) as [number[], number[], number[], number[], number[]];
  const width = ids.length / lengths.length;
  assert.equal(width, Math.max(...lengths), 'filled up to the longest');
  return lengths.map((length, row) => {
    const first = row * width;
    assert.equal(pooled[row], first, 'a row is read at its first node');
    const filling = ids.slice(first + length, first + width);
    assert.ok(
      filling.every((token) => token === ids[first]),
      'a row is filled up with what is its own',
    );
    const own = (of: number[]): number[] => of.slice(first, first + length);
    return { ids: own(ids), types: own(types), positions: own(positions) };
  });
}

describe('batches of rows', () => {
  test('hold each row once, whole, with its types and positions, and equal ones together', () => {
    fc.assert(
      fc.property(typedRows, (input) => {
        const found = new Map<number, unknown>();
        const distinct = new Set<string>();
        const packs = layout.lay(
          input.map(({ ids }) => ids),
          input.map(({ types }) => types),
        );
        for (const pack of packs) {
          const seen = rowsSeen(pack);
          assert.equal(seen.length, pack.rows.length);
          assert.equal(pack.tokens, (pack.feeds().input_ids as Feeds[string]).data.length, 'what fills rows up counts');
          for (const [i, members] of pack.rows.entries()) {
            distinct.add(JSON.stringify(seen[i]));
            for (const member of members) {
              assert.ok(!found.has(member));
              found.set(member, seen[i]);
            }
          }
        }
        const wanted = input.map(({ ids, types }) => ({
          ids,
          types: types ?? ids.map(() => 0),
          positions: ids.map((_, i) => i),
        }));
        assert.deepEqual(
          input.map((_, i) => found.get(i)),
          wanted,
        );
        assert.equal(
          distinct.size,
          packs.reduce((sum, { rows }) => sum + rows.length, 0),
          'equal rows once',
        );
      }),
    );
  });

  test('do not depend on the order of the rows', () => {
    const contents = (rows: readonly { readonly ids: number[]; readonly types: number[] | undefined }[]) =>
      layout
        .lay(
          rows.map(({ ids }) => ids),
          rows.map(({ types }) => types),
        )
        .map(rowsSeen);
    fc.assert(fc.property(typedRows, (rows) => assert.deepEqual(contents([...rows].reverse()), contents(rows))));
  });

  test('stay within 512 nodes unless one row is longer', () => {
    const long = Array.from({ length: 900 }, (_, i) => i);
    const many = Array.from({ length: 40 }, (_, i) => Array.from({ length: 100 }, (_, j) => 1000 + i * 100 + j));
    const roomy = rowBatchesLayout({ ...settings, cost: { fixed: 1e6, attention: 0 } });
    const sizes = roomy.lay([long, ...many]).map(({ tokens }) => tokens);
    assert.deepEqual(sizes, [...new Array(8).fill(500), 900]);
  });

  test('have no types where the network does not tell them apart, and rows that differ in them are equal', () => {
    const untyped = rowBatchesLayout({ ...settings, tokenTypes: 1 });
    const [pack, ...others] = untyped.lay(
      [
        [1, 2],
        [1, 2],
      ],
      [[0, 1], undefined],
    );
    assert.deepEqual(others, []);
    assert.deepEqual(pack?.rows, [[0, 1]]);
    assert.equal(pack?.feeds().token_type_ids, undefined);
  });

  test("positions after a pad token's number pass over the pad tokens of a row", () => {
    assert.deepEqual(positionsOf([0, 7, 1, 1, 8, 2], 1), [2, 3, 1, 1, 4, 5]);
    assert.deepEqual(positionsOf([0, 7, 1], undefined), [0, 1, 2]);
  });
});

test('a row of NaN is no matter of its neighbours, which are not scored again', async () => {
  /** Each row is the sum of its tokens and types; a NaN token makes its own row NaN. */
  const network = {
    runs: 0,
    async run(feeds: Feeds): Promise<Float32Array> {
      this.runs++;
      const seen = rowsSeen({ feeds: () => feeds, rows: [], tokens: 0, work: 0 });
      const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
      return Float32Array.from(seen, ({ ids, types }) =>
        ids.includes(NAN_TOKEN) ? Number.NaN : sum(ids) + sum(types),
      );
    },
    async release(): Promise<void> {},
  };
  const roomy = rowBatchesLayout({ ...settings, cost: { fixed: 1e6, attention: 0 } });
  const scorer = new TokenScorer(network, roomy, 1);
  const rows = [[1, 2], [NAN_TOKEN], [1, 2], [4, 5, 6]];
  const { logits, computedTokens } = await scorer.score(rows, nothing, [[0, 1], undefined, undefined, undefined]);
  assert.deepEqual([...logits], [4, Number.NaN, 3, 15]);
  assert.equal(network.runs, 1);
  assert.equal(computedTokens, 4 * 3);
  assert.equal(
    scorer.countTokens(
      [
        [1, 2],
        [1, 2],
      ],
      [
        [0, 1],
        [0, 1],
      ],
    ),
    2,
  );
  assert.equal(
    scorer.countTokens(
      [
        [1, 2],
        [1, 2],
      ],
      [[0, 1], undefined],
    ),
    4,
  );
});

describe('logits of a row do not depend on its neighbours, beside a row of NaN too', () => {
  const directory = temporaryDirectory();
  const token = fc.oneof({ weight: 30, arbitrary: fc.nat({ max: 95 }) }, { weight: 1, arbitrary: fc.constant(96) });
  const rows = fc.array(fc.array(token, { minLength: 1, maxLength: 40 }), { minLength: 2, maxLength: 10 });

  for (const [name, table] of [
    ['bert', 'bert.embeddings.word_embeddings'],
    ['xlm-roberta', 'roberta.embeddings.word_embeddings'],
    ['modernbert', 'model.embeddings.tok_embeddings'],
    ['modernbert-mean', 'model.embeddings.tok_embeddings'],
    ['deberta', 'deberta.embeddings.word_embeddings'],
  ] as const) {
    test(name, async () => {
      const path = join(directory, name);
      makeEncoder(path, { ...encoderNamed(name), nan: { tensor: `${table}.weight`, index: 96 * 16 } });
      await withScorer(path, async (scorer) => {
        const score = async (input: readonly number[][]): Promise<number[][]> => {
          const { logits } = await scorer.score(input, nothing);
          const labels = logits.length / input.length;
          return input.map((_, i) => [...logits.subarray(i * labels, (i + 1) * labels)]);
        };
        await fc.assert(
          fc.asyncProperty(rows, async (input) => {
            const together = await score(input);
            const backwards = (await score([...input].reverse())).reverse();
            assert.deepEqual(backwards, together, 'in another order, bit for bit');
            for (const [i, ids] of input.entries()) {
              const [alone] = (await score([ids])) as [number[]];
              for (const [label, value] of alone.entries()) {
                const got = together[i]?.[label] as number;
                if (ids.includes(96)) assert.deepEqual([got, value], [Number.NaN, Number.NaN]);
                else assert.ok(Math.abs(got - value) <= 1e-5 * Math.max(1, Math.abs(value)), `${got}, alone ${value}`);
              }
            }
          }),
          { numRuns: tries(10) },
        );
      });
    });
  }
});
