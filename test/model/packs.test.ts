/** Packs against their definition, by brute force on small inputs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { attentionBias, buildPacks, type CostModel, type TriePack as Pack } from '../../dist/model/layout/trie.js';

/** Few distinct tokens, so that rows share beginnings, repeat, and are beginnings of each other. */
const rows = fc.array(fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 12 });
const cost: CostModel = { fixed: 3, attention: 0.05 };
const MAX_NODES = 512;

/** Tokens from the row's beginning to a node, by its parents. */
function pathTo(pack: Pack, node: number): number[] {
  const path: number[] = [];
  for (let at = node; at >= 0; at = pack.parents[at] as number) path.unshift(pack.tokenIds[at] as number);
  return path;
}

const costOf = (nodes: number): number => cost.fixed + nodes + nodes * nodes * cost.attention;
const totalCost = (packs: readonly Pack[]): number =>
  packs.reduce((sum, pack) => sum + costOf(pack.tokenIds.length), 0);

test('each row is read, once, at the end of its own tokens', () => {
  fc.assert(
    fc.property(rows, (input) => {
      const seen = new Map<number, number[]>();
      for (const pack of buildPacks(input, { cost, maxNodes: MAX_NODES })) {
        for (const [i, members] of pack.rows.entries()) {
          for (const row of members) {
            assert.ok(!seen.has(row));
            seen.set(row, pathTo(pack, pack.pooledNodes[i] as number));
          }
        }
      }
      assert.deepEqual(
        input.map((_, row) => seen.get(row)),
        input,
      );
    }),
  );
});

test('a node stands at its position, after its parent, and beginnings are shared', () => {
  fc.assert(
    fc.property(rows, (input) => {
      for (const pack of buildPacks(input, { cost, maxNodes: MAX_NODES })) {
        const paths = new Set<string>();
        for (let node = 0; node < pack.tokenIds.length; node++) {
          const path = pathTo(pack, node);
          assert.equal(pack.positions[node], path.length - 1);
          assert.ok((pack.parents[node] as number) < node);
          assert.ok(!paths.has(path.join()), 'two nodes for one beginning');
          paths.add(path.join());
        }
      }
    }),
  );
});

test('a node sees itself and its ancestors, and nothing else', () => {
  fc.assert(
    fc.property(rows, (input) => {
      for (const pack of buildPacks(input, { cost, maxNodes: MAX_NODES })) {
        const nodes = pack.tokenIds.length;
        const bias = attentionBias(pack);
        for (let node = 0; node < nodes; node++) {
          const ancestors = new Set<number>();
          for (let at = node; at >= 0; at = pack.parents[at] as number) ancestors.add(at);
          for (let other = 0; other < nodes; other++) {
            const value = bias[node * nodes + other] as number;
            assert.ok(ancestors.has(other) ? value === 0 : value < -1e38);
          }
        }
      }
    }),
  );
});

test('no other borders between the sorted rows are cheaper', () => {
  fc.assert(
    fc.property(
      rows.filter((input) => input.length <= 8),
      (input) => {
        const sorted = [...input].sort((a, b) => (a.join() < b.join() ? -1 : 1)); // one digit a token
        let best = Number.POSITIVE_INFINITY;
        for (let borders = 0; borders < 2 ** (sorted.length - 1); borders++) {
          const groups: number[][][] = [[]];
          sorted.forEach((row, i) => {
            if (i > 0 && borders & (1 << (i - 1))) groups.push([]);
            groups.at(-1)?.push(row);
          });
          const nodes = groups.map(
            (group) => new Set(group.flatMap((row) => row.map((_, i) => row.slice(0, i + 1).join()))).size,
          );
          best = Math.min(
            best,
            nodes.reduce((sum, count) => sum + costOf(count), 0),
          );
        }
        assert.ok(Math.abs(totalCost(buildPacks(input, { cost, maxNodes: MAX_NODES })) - best) < 1e-9);
      },
    ),
  );
});

test('packs stay within 512 nodes unless one row is longer', () => {
  const long = Array.from({ length: 900 }, (_, i) => i);
  const many = Array.from({ length: 40 }, (_, i) => Array.from({ length: 100 }, (_, j) => 1000 + i * 100 + j));
  const sizes = buildPacks([long, ...many], { cost: { fixed: 1e6, attention: 0 }, maxNodes: MAX_NODES }).map(
    ({ tokenIds }) => tokenIds.length,
  );
  assert.ok(sizes.includes(900));
  assert.ok(
    sizes.every((size) => size === 900 || size <= 512),
    String(sizes),
  );
  assert.equal(sizes.length, 1 + 8, 'however much a run costs, five rows of 100 fit in one');
});
