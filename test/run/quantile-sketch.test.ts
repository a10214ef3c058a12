import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuantileSketch } from '../../dist/run/quantile-sketch.js';

const fractions = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

/** Largest distance between the rank asked for and a rank that the value given has, as a share of all values. */
function rankError(values: Float64Array): number {
  const sketch = new QuantileSketch();
  sketch.add(values);
  const sorted = values.toSorted();
  return Math.max(
    ...sketch.quantiles(fractions).map((value, i) => {
      const below = sorted.findIndex((other) => other >= value);
      const atMost = sorted.findLastIndex((other) => other <= value) + 1;
      assert.ok(atMost > below, 'a quantile is one of the values');
      const wanted = (fractions[i] as number) * sorted.length;
      return Math.max(0, below - wanted, wanted - atMost) / sorted.length;
    }),
  );
}

/** Deterministic values in [0, 1). */
const scattered = (i: number): number => ((i * 2654435761) % 2 ** 32) / 2 ** 32;

const orders: Record<string, (i: number, count: number) => number> = {
  ascending: (i) => i,
  descending: (i) => -i,
  scattered,
  'two clusters': (i) => (i % 2 === 0 ? 1 : 1000) + scattered(i) * 1e-3,
  'mostly ties': (i) => (i % 100 === 0 ? scattered(i) : 0.5),
  'blocks that rise': (i, count) => Math.floor((50 * i) / count) + scattered(i),
};

for (const [name, valueAt] of Object.entries(orders)) {
  test(`ranks are right within 0.5 %: ${name}`, () => {
    const count = 1_000_000;
    assert.ok(rankError(Float64Array.from({ length: count }, (_, i) => valueAt(i, count))) <= 0.005);
  });
}

test('few values are exact', () => {
  const sketch = new QuantileSketch();
  sketch.add([3, 1, 2, 4]);
  assert.deepEqual(sketch.quantiles([0.25, 0.5, 0.75, 1]), [1, 2, 3, 4]);
});
