/** What holds for all samples. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { alone } from '../../dist/evaluation/clusters.js';
import { evaluatePairs } from '../../dist/evaluation/evaluate-pairs.js';
import { evaluateRows, type RowEvaluation } from '../../dist/evaluation/evaluate-rows.js';
import { histogramByLabel } from '../../dist/evaluation/histogram.js';
import { isDefined } from '../../dist/evaluation/metric.js';
import { rocCurve } from '../../dist/evaluation/roc.js';
import { type Pairs, type Rows, select } from '../../dist/evaluation/rows.js';
import { evaluateSlices } from '../../dist/evaluation/slices.js';
import { orderStatistics } from '../../dist/evaluation/statistics.js';
import { textLength } from '../../dist/rows/unicode.js';
import { Random } from './samples.js';

/** A few values, so that many tie. */
const score = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.double({ min: -1e3, max: 1e3, noNaN: true }),
  fc.constant(-0),
);
interface SampleRow {
  readonly reward: number;
  readonly baseline: number;
  readonly label: number;
  readonly length: number;
  readonly group: number;
}
const row: fc.Arbitrary<SampleRow> = fc.record({
  reward: score,
  baseline: score,
  label: fc.integer({ min: 0, max: 2 }),
  length: fc.integer({ min: 1, max: 4 }),
  group: fc.integer({ min: 0, max: 6 }),
});
const sample = fc.array(row, { minLength: 2, maxLength: 40 });

interface Form {
  readonly labels: 'binary' | 'graded' | 'none';
  readonly grouped: boolean;
  readonly conversations: boolean;
}
const form: fc.Arbitrary<Form> = fc.record({
  labels: fc.constantFrom('binary', 'graded', 'none'),
  grouped: fc.boolean(),
  conversations: fc.boolean(),
});

function rowsOf(sample: readonly SampleRow[], { labels, grouped, conversations }: Form): Rows {
  return {
    rewards: Float64Array.from(sample, ({ reward }) => reward),
    baselineRewards: Float64Array.from(sample, ({ baseline }) => baseline),
    lengths: Float64Array.from(sample, ({ length }) => length),
    labels:
      labels === 'none'
        ? undefined
        : Float64Array.from(sample, ({ label }) => (labels === 'binary' ? Math.min(label, 1) : label)),
    groups: grouped ? Int32Array.from(sample, ({ group }) => 100 - group) : undefined,
    // Each holds several groups.
    conversations: conversations ? Int32Array.from(sample, ({ group }) => 7 * (group % 3)) : undefined,
  };
}

const options = { meaning: 'logit', resamples: 20 } as const;

test('the order of rows, and the numbers of groups, change nothing', () => {
  fc.assert(
    fc.property(sample, form, fc.integer(), (sample, form, seed) => {
      const rows = rowsOf(sample, form);
      const shuffled = select(rows, new Random(seed).shuffled(sample.length));
      const renumbered = { ...shuffled, groups: shuffled.groups?.map((group) => (group * 37) % 101) };
      assert.deepEqual(evaluateRows(renumbered, options), evaluateRows(rows, options));
    }),
    { numRuns: 300 },
  );
});

test('nor where many rows, groups and conversations are alike', () => {
  const alike = fc.record<SampleRow>({
    reward: fc.integer({ min: 0, max: 1 }),
    baseline: fc.constant(0),
    label: fc.integer({ min: 0, max: 1 }),
    length: fc.constant(1),
    group: fc.integer({ min: 0, max: 15 }),
  });
  fc.assert(
    fc.property(fc.array(alike, { minLength: 20, maxLength: 40 }), fc.integer(), (sample, seed) => {
      const rows = {
        ...rowsOf(sample, { labels: 'binary', grouped: true, conversations: false }),
        conversations: Int32Array.from(sample, ({ group }) => group >> 1),
      };
      const shuffled = select(rows, new Random(seed).shuffled(sample.length));
      assert.deepEqual(evaluateRows(shuffled, options), evaluateRows(rows, options));
    }),
    { numRuns: 300 },
  );
});

test('conversations change intervals, not values', () => {
  fc.assert(
    fc.property(sample, form, (sample, form) => {
      const within = valuesOf(evaluated(rowsOf(sample, { ...form, conversations: true })).metrics);
      const without = valuesOf(evaluated(rowsOf(sample, { ...form, conversations: false })).metrics);
      const scale = Math.max(1, ...sample.map(({ reward }) => Math.abs(reward)));
      for (const [name, value] of Object.entries(within)) {
        if (without[name] === undefined) continue;
        assert.ok(Math.abs(value - without[name]) <= 1e-12 * scale, `${name}: ${value}, ${without[name]}`);
      }
    }),
  );
});

test('the order of pairs changes nothing', () => {
  fc.assert(
    fc.property(sample, fc.boolean(), fc.integer(), (sample, inConversations, seed) => {
      const pairs: Pairs = {
        chosen: Float64Array.from(sample, ({ reward }) => reward),
        rejected: Float64Array.from(sample, ({ baseline }) => baseline),
        chosenLengths: Float64Array.from(sample, ({ length }) => length),
        rejectedLengths: Float64Array.from(sample, ({ label }) => label),
        conversations: inConversations ? Int32Array.from(sample, ({ group }) => group) : undefined,
      };
      const shuffled = select(pairs, new Random(seed).shuffled(sample.length));
      assert.deepEqual(evaluatePairs(shuffled, options), evaluatePairs(pairs, options));
    }),
  );
});

test('every metric is a number with an interval around it, or a reason', () => {
  const assertMetrics = (value: unknown, path: string): void => {
    if (typeof value === 'number') assert.ok(Number.isFinite(value), path);
    else if (typeof value === 'string') assert.match(value, /^expected .*, got /, path);
    else for (const [name, part] of Object.entries(value as object)) assertMetrics(part, `${path}.${name}`);
  };
  fc.assert(
    fc.property(sample, form, (sample, form) => {
      const evaluation = evaluated(rowsOf(sample, form));
      assertMetrics(evaluation, '');
      const { ece } = evaluation.metrics;
      if (isDefined(ece)) assert.ok(ece.low <= ece.value && ece.value <= ece.high);
    }),
  );
});

/** The values of an evaluation's metrics, reasons left out. */
function valuesOf(metrics: RowEvaluation['metrics'] | Partial<RowEvaluation['metrics']>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(metrics).flatMap(([name, metric]) => (isDefined(metric) ? [[name, metric.value]] : [])),
  );
}

function evaluated(rows: Rows): RowEvaluation {
  const evaluation = evaluateRows(rows, options);
  assert.ok(isDefined(evaluation));
  return evaluation;
}

test('metrics of order see only the order of scores', () => {
  fc.assert(
    fc.property(sample, form, (sample, form) => {
      const rows = rowsOf(sample, form);
      const labels = rows.labels ?? Float64Array.from(sample, ({ label }) => label);
      const order = (rewards: Float64Array) => {
        const { auc, ap, top1, lift, spearman, kendall } = evaluated({ ...rows, labels, rewards }).metrics;
        return { auc, ap, top1, lift, spearman, kendall };
      };
      const ranks = [...new Set(rows.rewards)].sort((a, b) => a - b);
      const cubed = rows.rewards.map((reward) => ranks.indexOf(reward + 0) ** 3);
      for (const [name, value] of Object.entries(valuesOf(order(rows.rewards)))) {
        const other = valuesOf(order(cubed))[name] as number;
        assert.ok(Math.abs(value - other) <= 1e-12, `${name}: ${value}, ${other}`);
      }
    }),
  );
});

test('a scorer against itself differs by nothing; against its opposite the AUCs add to one', () => {
  fc.assert(
    fc.property(sample, (sample) => {
      const rows = rowsOf(sample, { labels: 'binary', grouped: true, conversations: false });
      const same = evaluated({ ...rows, baselineRewards: rows.rewards }).difference;
      for (const [name, metric] of Object.entries(same ?? {})) {
        if (isDefined(metric) && name !== 'ece') assert.deepEqual([metric.value, metric.low, metric.high], [0, 0, 0]);
      }
      const { longest, shortest } = evaluated(rows).baselines;
      const [one, other] = [longest?.auc, shortest?.auc];
      if (!one || !other || !isDefined(one) || !isDefined(other)) return;
      assert.ok(Math.abs(one.value + other.value - 1) <= 1e-12);
      assert.ok(Math.abs(one.low + other.high - 1) <= 1e-12);
    }),
  );
});

test('a cluster that counts twice is that of a sample which has it twice', () => {
  fc.assert(
    fc.property(sample, (sample) => {
      const rows = rowsOf(sample, { labels: 'binary', grouped: false, conversations: false });
      const twice = rowsOf([...sample, ...sample.slice(0, 3)], {
        labels: 'binary',
        grouped: false,
        conversations: false,
      });
      const at = ({ rewards, labels }: Rows, counts: number[]) =>
        (['auc', 'ap'] as const).map((name) => {
          const clusters = alone(rewards.length);
          const sample = { scores: rewards, values: labels ?? rewards, labels, groups: undefined, clusters };
          const statistic = orderStatistics({ ...sample, meaning: 'logit' })[name];
          return isDefined(statistic) ? statistic.at(Uint32Array.from(counts)) : undefined;
        });
      const one = at(
        rows,
        [...sample.keys()].map((i) => (i < 3 ? 2 : 1)),
      );
      const other = at(twice, Array<number>(sample.length + Math.min(3, sample.length)).fill(1));
      for (const [i, value] of one.entries()) {
        if (value === undefined) assert.equal(other[i], undefined);
        else assert.ok(Math.abs(value - (other[i] as number)) <= 1e-12);
      }
    }),
  );
});

test('a slice is evaluated as if it were all there is', () => {
  fc.assert(
    fc.property(sample, form, (sample, form) => {
      const rows = rowsOf(sample, form);
      const keys = sample.map(({ group }) => `key ${group % 3}`);
      const slices = evaluateSlices(rows, keys, (slice) => evaluateRows(slice, options));
      assert.deepEqual(
        slices.map(({ key }) => key),
        [...new Set(keys)].sort(),
      );
      for (const { key, evaluation } of slices) {
        const own = sample.filter((_, i) => keys[i] === key);
        assert.deepEqual(evaluation, evaluateRows(rowsOf(own, form), options));
      }
    }),
  );
});

test('a picture of the ROC curve has few points and its area is near', () => {
  const random = new Random(5);
  const labels = Float64Array.from({ length: 20_000 }, () => random.below(2));
  const scores = labels.map((label) => label + random.normal());
  const area = (resolution: number) => {
    const roc = rocCurve(scores, labels, resolution);
    assert.ok(isDefined(roc));
    const { falsePositiveRate: x, truePositiveRate: y } = roc;
    assert.deepEqual([x.at(-1), y.at(-1)], [1, 1]);
    const sum = x.reduce((sum, value, i) => {
      const [beforeX, beforeY] = [x[i - 1] ?? 0, y[i - 1] ?? 0];
      return sum + ((value - beforeX) * ((y[i] as number) + beforeY)) / 2;
    }, 0);
    const steps = [x, y].flatMap((rate) => rate.map((value, i) => value - (rate[i - 1] ?? 0)));
    return { sum, points: x.length, longestStep: Math.max(...steps) };
  };
  const [few, all] = [area(100), area(Number.POSITIVE_INFINITY)];
  assert.ok(few.points <= 202 && all.points === 20_001, `${few.points} of ${all.points}`);
  assert.ok(few.longestStep < 1 / 100 + 1 / 5000, `a step of ${few.longestStep}`);
  assert.ok(Math.abs(few.sum - all.sum) < 1e-3);
});

test('a length is in characters, not in UTF-16 units', () => {
  assert.equal(textLength('a\u00e9\u{1f600}\u{1f1e6}'), 4);
  assert.equal(textLength('\ud83d'), 1);
  assert.equal(textLength(''), 0);
});

test('a histogram counts each score between its edges, those on an edge too', () => {
  fc.assert(
    fc.property(score, score, fc.integer({ min: 1, max: 40 }), (one, other, bins) => {
      const { edges } = histogramByLabel(Float64Array.of(one, other), new Float64Array(2), bins);
      const scores = Float64Array.of(one, other, ...edges.filter((edge) => edge >= Math.min(one, other)));
      const inside = scores.filter((score) => score <= Math.max(one, other));
      const { byLabel } = histogramByLabel(inside, new Float64Array(inside.length), bins);
      const counts = edges.slice(1).map((to, bin) => {
        const isLast = bin + 1 === bins;
        return inside.filter((score) => score >= (edges[bin] as number) && (score < to || (isLast && score === to)))
          .length;
      });
      assert.deepEqual(byLabel, [{ label: 0, counts }]);
    }),
    // Shrinking two scores that must stay neighbours goes on for ever.
    { numRuns: 500, endOnFailure: true },
  );
});
