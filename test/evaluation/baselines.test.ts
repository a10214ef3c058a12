/** What a scorer stands beside: longest, shortest, random, and another scored file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluatePairs } from '../../dist/evaluation/evaluate-pairs.js';
import { evaluateRows, type RowEvaluation } from '../../dist/evaluation/evaluate-rows.js';
import { isDefined, type Metric } from '../../dist/evaluation/metric.js';
import type { Rows } from '../../dist/evaluation/rows.js';
import { Random } from './samples.js';

const options = { meaning: 'logit', resamples: 100 } as const;

const rows = 120;
const random = new Random(11);
const groups = Int32Array.from({ length: rows }, (_, row) => Math.floor(row / 4));
const labels = Float64Array.from({ length: rows }, () => random.below(2));
const lengths = labels.map((label) => 5 + 3 * label + random.below(10));
const rewards = labels.map((label) => label + random.normal());
const sample: Rows = { rewards, labels, lengths, groups };

function evaluated(rows: Rows, more: { baselineMeaning?: 'probability' } = {}): RowEvaluation {
  const evaluation = evaluateRows(rows, { ...options, ...more });
  assert.ok(isDefined(evaluation));
  return evaluation;
}

const numberOf = (metric: Metric | undefined): number => {
  assert.ok(metric && isDefined(metric), JSON.stringify(metric));
  return metric.value;
};

test('longest and shortest are the lengths, and their opposites, as scores', () => {
  const { longest, shortest } = evaluated(sample).baselines;
  const [asScores, opposite] = [lengths, lengths.map((length) => -length)].map(
    (scores) => evaluated({ ...sample, rewards: scores }).metrics,
  );
  assert.equal(longest && Object.keys(longest).length, 6);
  for (const name of ['auc', 'ap', 'top1', 'lift', 'spearman', 'kendall'] as const) {
    assert.ok(Math.abs(numberOf(longest?.[name]) - numberOf(asScores?.[name])) < 1e-12, name);
    assert.ok(Math.abs(numberOf(shortest?.[name]) - numberOf(opposite?.[name])) < 1e-12, name);
  }
});

test('random is the mean of scorers that draw at random', () => {
  const names = ['auc', 'ap', 'top1', 'lift', 'spearman', 'kendall'] as const;
  const scorers = 2000;
  const sums = names.map(() => 0);
  for (let scorer = 0; scorer < scorers; scorer++) {
    const scores = Float64Array.from({ length: rows }, () => random.uniform());
    const evaluation = evaluateRows({ labels, groups, rewards: scores }, { ...options, resamples: 1 });
    assert.ok(isDefined(evaluation));
    for (const [i, name] of names.entries()) sums[i] = (sums[i] as number) + numberOf(evaluation.metrics[name]);
  }
  const expected = evaluated(sample).baselines.random;
  for (const [i, name] of names.entries()) {
    // A random scorer's metrics are some 0.1 apart, so 2,000 have a mean within a few thousandths of what is expected.
    assert.ok(Math.abs((sums[i] as number) / scorers - numberOf(expected?.[name])) < 0.008, name);
  }
});

test('without labels the longest candidate is held against the mean reward', () => {
  const { baselines } = evaluated({
    rewards: Float64Array.of(1, 4, 2, 6),
    lengths: Float64Array.of(9, 3, 2, 8),
    groups: Int32Array.of(0, 0, 1, 1),
  });
  assert.equal(numberOf(baselines.longest?.lift), (1 - 2.5 + 6 - 4) / 2);
  assert.equal(numberOf(baselines.shortest?.lift), (4 - 2.5 + 2 - 4) / 2);
});

test('without lengths only random stands beside', () => {
  assert.deepEqual(Object.keys(evaluated({ rewards, labels }).baselines), ['random']);
});

test('another scorer: the difference of the metrics, each by what its rewards mean', () => {
  const probabilities = rewards.map((logit) => 1 / (1 + Math.exp(-logit)));
  const { difference } = evaluated({ ...sample, baselineRewards: probabilities }, { baselineMeaning: 'probability' });
  for (const name of ['auc', 'accuracy', 'brier', 'log_loss', 'ece'] as const) {
    assert.ok(Math.abs(numberOf(difference?.[name])) < 1e-12, name);
  }
  const same = evaluated({ ...sample, baselineRewards: rewards }).difference;
  assert.equal(numberOf(same?.brier), 0);
  assert.ok(numberOf(difference?.mean) < 0);
});

test('pairs', () => {
  const evaluation = evaluatePairs({
    chosen: Float64Array.of(3, 1, 2, 2),
    rejected: Float64Array.of(1, 2, 2, 0),
    chosenLengths: Float64Array.of(9, 9, 9, 1),
    rejectedLengths: Float64Array.of(1, 9, 8, 5),
    baselineChosen: Float64Array.of(0, 0, 0, 0),
    baselineRejected: Float64Array.of(1, 1, 1, 0),
  });
  assert.ok(isDefined(evaluation));
  const { metrics, baselines, difference } = evaluation;
  const { longest, shortest, random } = baselines;
  const found = [metrics, longest, shortest, random, difference].map((each) => numberOf(each?.pairwise));
  assert.deepEqual(found, [0.625, 0.625, 0.375, 0.5, 0.5]);
});
