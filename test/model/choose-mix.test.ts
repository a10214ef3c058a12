/** What --precision auto chooses, by the errors that it is told. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chooseMix, type MixUnit } from '../../dist/model/int8/choose-mix.js';
import { costOf, type Product, products } from '../../dist/model/int8/products.js';
import type { Quality } from '../../dist/model/int8/quality.js';

/** Errors of each way that a unit may be multiplied, in variances of the rewards. */
type Errors = Readonly<Record<Product, number>>;

const errors = (int8: number, outliers: number, weights: number, activations: number): Errors => ({
  int8,
  outliers,
  'finer-weights': weights,
  'finer-activations': activations,
  fp32: 0,
});

/** A network whose errors add up, and what was measured of it. */
function network(units: readonly Errors[]) {
  const asked: string[] = [];
  const mixes: (readonly Product[])[] = [];
  return {
    asked,
    mixes,
    errorOf(unit: number, product: Product): Promise<number> {
      asked.push(`${unit} ${product}`);
      return Promise.resolve((units[unit] as Errors)[product]);
    },
    qualityOf(mix: readonly Product[]): Promise<Quality> {
      mixes.push(mix);
      const variance = mix.reduce((sum, product, i) => sum + (units[i] as Errors)[product], 0);
      return Promise.resolve({
        rows: 2592,
        spearman: 1 - variance / 2,
        sameWinner: 1 - Math.sqrt(variance) / 5,
        largestDifference: 3.5 * Math.sqrt(variance),
      });
    },
  };
}

const unit = (weight: number): MixUnit => ({ weight, options: products });

describe('a mix', () => {
  test('is int8 throughout where that is near enough, and then no matrix is measured by itself', async () => {
    const measures = network([errors(0.0004, 0, 0, 0), errors(0.0003, 0, 0, 0)]);
    const { mix, quality, cost, errors: told } = await chooseMix([unit(1), unit(2)], measures);
    assert.deepEqual(mix, ['int8', 'int8']);
    assert.equal(quality?.rows, 2592);
    assert.ok(Math.abs(cost - costOf.int8) < 1e-12);
    assert.deepEqual([measures.asked, told], [[], []]);
  });

  test('is finer where that takes away the most error for its cost, and nowhere else', async () => {
    // By turns: nothing helps but float32, outliers do, finer weights do, and there is nothing to mend.
    const units = [
      errors(0.1, 0.09, 0.08, 0.08),
      errors(0.02, 0.0001, 0.00009, 0.00009),
      errors(0.02, 0.019, 0.0001, 0.018),
      errors(0.00001, 0, 0, 0),
    ];
    const measures = network(units);
    const { mix, errors: told } = await chooseMix([unit(1), unit(1), unit(1), unit(10)], measures);
    assert.deepEqual(mix, ['fp32', 'outliers', 'finer-weights', 'int8']);
    assert.deepEqual(told[2], { int8: 0.02, chosen: 0.0001 });
    // What cannot be the best is not measured.
    assert.ok(!measures.asked.includes('3 outliers'), measures.asked.join());
  });

  test('has no step more than it needs', async () => {
    const units = Array.from({ length: 10 }, () => errors(0.0006, 0.0001, 0.0001, 0.0001));
    const measures = network(units);
    const { mix } = await chooseMix(
      units.map(() => unit(1)),
      measures,
    );
    // 0.0008 is near enough for the ranks, and 0.01 of other winners (0.02 allowed) leave 0.0025.
    assert.deepEqual(
      mix.map((product) => product === 'outliers'),
      units.map((_, i) => i < 8),
      mix.join(),
    );
  });

  test('is float32 throughout where anything near enough would take 0.7 of its time', async () => {
    const measures = network([errors(0.1, 0.1, 0.1, 0.1), errors(0.1, 0.1, 0.1, 0.1)]);
    const { mix, cost, quality, fallback } = await chooseMix([unit(1), unit(1)], measures);
    assert.deepEqual([mix, cost, quality], [['fp32', 'fp32'], 1, undefined]);
    assert.match(fallback ?? '', /more than 0\.7 of the time of fp32/);
  });

  test('is float32 throughout where there are no rewards to compare', async () => {
    const none = { rows: 0, spearman: null, sameWinner: null, largestDifference: null };
    const measures = { ...network([errors(0, 0, 0, 0)]), qualityOf: () => Promise.resolve(none) };
    const { mix, fallback } = await chooseMix([unit(1)], measures);
    assert.deepEqual(mix, ['fp32']);
    assert.match(fallback ?? '', /cannot be compared/);
  });
});
