/** The metrics against scikit-learn, scipy and numpy: ../oracle/make_evaluation.py. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bestOfCurve } from '../../dist/evaluation/best-of-n.js';
import { estimate } from '../../dist/evaluation/bootstrap.js';
import { calibrationCurve } from '../../dist/evaluation/calibration.js';
import { alone } from '../../dist/evaluation/clusters.js';
import { choiceStatistics, type Groups } from '../../dist/evaluation/groups.js';
import { histogramByLabel } from '../../dist/evaluation/histogram.js';
import { isDefined, type NotDefined, type Statistic } from '../../dist/evaluation/metric.js';
import { pairwise as pairwiseAccuracy } from '../../dist/evaluation/metrics/pairwise.js';
import { randomAveragePrecision } from '../../dist/evaluation/metrics/random-average-precision.js';
import type { ScoreMeaning } from '../../dist/evaluation/probability.js';
import { rocCurve } from '../../dist/evaluation/roc.js';
import { orderStatistics, rowStatistics } from '../../dist/evaluation/statistics.js';
import { readOracle } from '../support/oracle.js';

interface BinaryCase {
  readonly name: string;
  readonly meaning: ScoreMeaning;
  readonly scores: readonly number[];
  readonly labels: readonly number[];
  /** How often each row counts in `weighted`. */
  readonly counts: readonly number[];
  readonly plain: Readonly<Record<string, number>>;
  readonly weighted: Readonly<Record<string, number>>;
  /** False positive rate, true positive rate; thresholds without the first. */
  readonly roc: readonly [number[], number[], number[]];
  /** Mean probability and rate of the bins that hold rows. */
  readonly calibration: readonly [number[], number[]];
  readonly histogram: { readonly edges: readonly number[]; readonly counts: readonly number[][] };
}

/** A mean over groups; null where no group has a value. */
type GroupMean = { readonly n: number; readonly plain: number; readonly weighted: number | null } | null;

interface GroupCase {
  readonly name: string;
  readonly groups: readonly number[];
  readonly scores: readonly number[];
  readonly labels: readonly number[];
  /** How often each group counts in `weighted`. */
  readonly counts: readonly number[];
  readonly metrics: Readonly<Record<string, GroupMean>>;
  readonly bestOf: readonly ({ readonly draws: number } & Readonly<
    Record<'random' | 'chosen' | 'oracle', GroupMean>
  >)[];
}

const oracle = readOracle<{
  readonly binary: readonly BinaryCase[];
  readonly groups: readonly GroupCase[];
  readonly pairs: readonly { chosen: number[]; rejected: number[]; pairwise: number }[];
  readonly randomAveragePrecision: readonly { positives: number; rows: number; value: number }[];
  readonly wilson: readonly { positives: number; trials: number; low: number; high: number }[];
  readonly quantiles: readonly { values: number[]; low: number; high: number }[];
}>('evaluation.json');

function assertClose(actual: number | undefined, expected: number, what: string): void {
  const off = Math.abs((actual as number) - expected);
  assert.ok(off <= 1e-12 * Math.max(1, Math.abs(expected)), `${what}: expected ${expected}, got ${actual}`);
}

function assertAllClose(actual: readonly number[], expected: readonly number[], what: string): void {
  assert.equal(actual.length, expected.length, what);
  for (const [i, value] of expected.entries()) assertClose(actual[i], value, `${what} ${i}`);
}

function defined<T extends object>(value: T | NotDefined): T {
  assert.ok(isDefined(value), JSON.stringify(value));
  return value;
}

const once = (clusters: number) => new Uint32Array(clusters).fill(1);

function assertGroupMean(
  statistic: Statistic | NotDefined,
  expected: GroupMean,
  counts: Uint32Array,
  what: string,
): void {
  if (expected === null) {
    assert.ok(!isDefined(statistic), what);
    return;
  }
  const { n, at } = defined(statistic);
  assert.equal(n, expected.n, what);
  assertClose(at(once(counts.length)), expected.plain, what);
  const weighted = at(counts);
  if (expected.weighted === null) assert.ok(Number.isNaN(weighted), what);
  else assertClose(weighted, expected.weighted, `${what}, weighted`);
}

for (const { name, meaning, plain, weighted, ...given } of oracle.binary) {
  const [scores, labels] = [Float64Array.from(given.scores), Float64Array.from(given.labels)];
  const clusters = alone(scores.length);

  test(`binary labels: ${name}`, () => {
    const statistics = rowStatistics({ scores, values: labels, labels, groups: undefined, clusters, meaning });
    for (const metric of ['auc', 'ap', 'accuracy', 'brier', 'log_loss', 'ece', 'mean', 'std'] as const) {
      const { at, n } = defined(statistics[metric]);
      assert.equal(n, scores.length);
      assertClose(at(once(scores.length)), plain[metric] as number, metric);
      assertClose(at(Uint32Array.from(given.counts)), weighted[metric] as number, `${metric}, weighted`);
    }
  });

  test(`curves: ${name}`, () => {
    const roc = defined(rocCurve(scores, labels, Number.POSITIVE_INFINITY));
    assertAllClose(roc.falsePositiveRate, given.roc[0], 'false positive rate');
    assertAllClose(roc.truePositiveRate, given.roc[1], 'true positive rate');
    assert.deepEqual(roc.thresholds, [Number.POSITIVE_INFINITY, ...given.roc[2]]);

    const bins = defined(calibrationCurve(scores, labels, clusters, meaning));
    assertAllClose(
      bins.map((bin) => bin.meanProbability),
      given.calibration[0],
      'mean probability',
    );
    assertAllClose(
      bins.map((bin) => bin.rate),
      given.calibration[1],
      'rate',
    );

    const { edges, byLabel } = histogramByLabel(scores, labels, 7);
    assertAllClose(edges, given.histogram.edges, 'edges');
    assert.deepEqual(
      byLabel,
      given.histogram.counts.map((counts, label) => ({ label, counts })),
    );
  });
}

for (const { name, metrics, bestOf, ...given } of oracle.groups) {
  const [scores, labels] = [Float64Array.from(given.scores), Float64Array.from(given.labels)];
  const counts = Uint32Array.from(given.counts);
  const starts = given.groups.flatMap((group, row) => (group === given.groups[row - 1] ? [] : [row]));
  const groups: Groups = { starts: Int32Array.from([...starts, scores.length]), clusters: alone(starts.length) };
  const clusters = { ids: Int32Array.from(given.groups), count: starts.length };

  test(`groups: ${name}`, () => {
    const { choiceValues, randomTop1 } = choiceStatistics(scores, labels, groups);
    const order = orderStatistics({ scores, values: labels, labels, groups, clusters, meaning: 'logit' });
    const statistics: Record<string, Statistic | NotDefined> = { ...order, ...choiceValues, randomTop1 };
    for (const [metric, expected] of Object.entries(metrics)) {
      assertGroupMean(statistics[metric] as Statistic | NotDefined, expected, counts, metric);
    }
  });

  test(`best of N: ${name}`, () => {
    const curve = bestOfCurve(scores, labels, groups);
    assert.deepEqual(
      curve.map((point) => point.draws),
      bestOf.map((point) => point.draws),
    );
    for (const [i, { draws, ...expected }] of bestOf.entries()) {
      for (const choice of ['random', 'chosen', 'oracle'] as const) {
        const statistic = curve[i]?.choiceValues[choice] as Statistic | NotDefined;
        assertGroupMean(statistic, expected[choice], counts, `${choice} of ${draws}`);
      }
    }
  });
}

test('pairs', () => {
  for (const { chosen, rejected, pairwise } of oracle.pairs) {
    const pairs = chosen.length;
    const sample = {
      chosen: Float64Array.from(chosen),
      rejected: Float64Array.from(rejected),
      clusters: alone(pairs),
    };
    const { at } = defined(pairwiseAccuracy.compute(sample));
    assertClose(at(once(pairs)), pairwise, `${pairs} pairs`);
  }
});

test('average precision of a random order', () => {
  for (const { positives, rows, value } of oracle.randomAveragePrecision) {
    const labels = Float64Array.from({ length: rows }, (_, row) => Number(row < positives));
    const { at } = defined(randomAveragePrecision(labels, alone(rows)));
    assertClose(at(once(rows)), value, `${positives} of ${rows}`);
  }
});

test('the interval of a rate', () => {
  for (const { positives, trials, low, high } of oracle.wilson) {
    // One row of the other label in a bin of its own, so that there are two classes.
    const labels = Float64Array.from({ length: trials + 1 }, (_, row) => Number(row < positives));
    labels[trials] = positives > 0 ? 0 : 1;
    const scores = new Float64Array(trials + 1).fill(0.5);
    scores[trials] = 1;
    const [bin] = defined(calibrationCurve(scores, labels, alone(trials + 1), 'probability'));
    assertClose(bin?.low, low, `low of ${positives}/${trials}`);
    assertClose(bin?.high, high, `high of ${positives}/${trials}`);
  }
});

test('the ends of an interval', () => {
  for (const { values, low, high } of oracle.quantiles) {
    const statistic = { n: 5, clusters: 5, at: () => 0 };
    const resampled = Float64Array.from([Number.NaN, ...values]);
    const metric = defined(estimate(new Map([[statistic, { value: 0, resampled, n: 5, clusters: 5 }]]), statistic));
    assertClose(metric.low, low, 'low');
    assertClose(metric.high, high, 'high');
  }
});
