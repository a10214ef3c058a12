/** Samples that lack what a metric takes: it is a reason, and the others are there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluatePairs } from '../../dist/evaluation/evaluate-pairs.js';
import { evaluateRows, type RowEvaluation } from '../../dist/evaluation/evaluate-rows.js';
import { isDefined } from '../../dist/evaluation/metric.js';
import type { RowMetric } from '../../dist/evaluation/metrics.js';
import type { Rows } from '../../dist/evaluation/rows.js';

interface Columns {
  readonly rewards: readonly number[];
  readonly labels?: readonly number[];
  readonly groups?: readonly number[];
  readonly conversations?: readonly number[];
}

function rowsOf({ rewards, labels, groups, conversations }: Columns): Rows {
  return {
    rewards: Float64Array.from(rewards),
    labels: labels && Float64Array.from(labels),
    groups: groups && Int32Array.from(groups),
    conversations: conversations && Int32Array.from(conversations),
  };
}

function evaluated(columns: Columns, meaning: 'logit' | 'probability' = 'logit'): RowEvaluation {
  const evaluation = evaluateRows(rowsOf(columns), { meaning, resamples: 200 });
  assert.ok(isDefined(evaluation), JSON.stringify(evaluation));
  return evaluation;
}

/** Holds the metrics named to a reason, and all others to having a value. */
function assertReasons({ metrics }: RowEvaluation, reasons: Partial<Record<RowMetric, string>>): void {
  const found = Object.entries(metrics).flatMap(([name, metric]) => (isDefined(metric) ? [] : [[name, metric.reason]]));
  assert.deepEqual(Object.fromEntries(found), reasons);
}

const probabilistic = (reason: string) => ({
  auc: reason,
  ap: reason,
  accuracy: reason,
  brier: reason,
  log_loss: reason,
  ece: reason,
});
const inGroups = (reason: string) => ({ top1: reason, lift: reason, spearman: reason, kendall: reason });
const noGroups = inGroups('expected groups of candidates, got none');
const oneCluster = 'expected 2 rows, groups or conversations to draw from, got 1';

test('labels of one class', () => {
  const reason = 'expected labels 0 and 1, got 3 rows, all 1';
  assertReasons(evaluated({ rewards: [1, 2, 3], labels: [1, 1, 1] }), { ...noGroups, ...probabilistic(reason) });
});

test('graded labels', () => {
  const reason = 'expected labels 0 and 1, got 2.5';
  assertReasons(evaluated({ rewards: [1, 2, 3], labels: [1, 2.5, 0] }), { ...noGroups, ...probabilistic(reason) });
});

test('no labels: mean, spread, and in groups the lift', () => {
  const none = 'expected labels, got none';
  const { metrics, choiceValues, bestOf, ...evaluation } = evaluated({ rewards: [1, 2, 4, 8], groups: [7, 7, 3, 3] });
  assertReasons(
    { metrics, bestOf, ...evaluation },
    { ...probabilistic(none), top1: none, spearman: none, kendall: none },
  );
  assert.deepEqual(isDefined(metrics.lift) && metrics.lift, { value: 1.25, low: 0.5, high: 2, n: 2 });
  assert.deepEqual(
    bestOf.map(({ draws, choiceValues: { chosen } }) => [draws, isDefined(chosen) && chosen.value]),
    [
      [1, 3.75],
      [2, 5],
    ],
  );
  assert.equal(choiceValues && isDefined(choiceValues.oracle) && choiceValues.oracle.value, 5);
});

test('no rows', () => {
  assert.deepEqual(evaluateRows(rowsOf({ rewards: [] }), { meaning: 'logit' }), {
    reason: 'expected rewards, got none',
  });
  const none = new Float64Array();
  assert.deepEqual(evaluatePairs({ chosen: none, rejected: none }), { reason: 'expected chosen, got none' });
});

test('values that are not finite', () => {
  const reasonOf = (columns: Columns) => evaluateRows(rowsOf(columns), { meaning: 'logit' });
  assert.deepEqual(reasonOf({ rewards: [1, 2], labels: [0, Number.NaN] }), {
    reason: 'expected finite labels, got NaN',
  });
  assert.deepEqual(reasonOf({ rewards: [Number.NEGATIVE_INFINITY, 2] }), {
    reason: 'expected finite rewards, got -Infinity',
  });
});

test('one row', () => {
  const { metrics } = evaluated({ rewards: [1] });
  assert.deepEqual([metrics.mean, metrics.std], [{ reason: oneCluster }, { reason: 'expected 2 rows or more, got 1' }]);
});

test('one group, or one conversation, has no interval', () => {
  for (const columns of [{ groups: [1, 1, 1] }, { conversations: [4, 4, 4], groups: [0, 1, 1] }]) {
    const { metrics } = evaluated({ rewards: [1, 2, 3], labels: [0, 1, 1], ...columns });
    for (const name of ['auc', 'ece', 'mean', 'std', 'top1', 'lift'] as const) {
      assert.deepEqual(metrics[name], { reason: oneCluster }, name);
    }
  }
});

test('a metric that only one group has', () => {
  const { metrics } = evaluated({ rewards: [1, 2, 3, 3], labels: [0, 1, 0, 1], groups: [0, 0, 1, 1] });
  assert.deepEqual(metrics.spearman, { reason: oneCluster });
  assert.ok(isDefined(metrics.top1));
});

test('groups of one candidate', () => {
  const evaluation = evaluated({ rewards: [1, 2], labels: [0, 1], groups: [0, 1] });
  const correlation = 'expected groups in which neither score nor label is the same for all, got none in 2';
  const choice = 'expected groups of two candidates or more, got none in 2';
  assertReasons(evaluation, { top1: choice, lift: choice, spearman: correlation, kendall: correlation });
});

test('all rewards tied: order says nothing, correlation is not defined', () => {
  const tied = evaluated({ rewards: [2, 2, 2, 2], labels: [0, 1, 0, 1], groups: [0, 0, 1, 1] });
  const correlation = 'expected groups in which neither score nor label is the same for all, got none in 2';
  assertReasons(tied, { spearman: correlation, kendall: correlation });
  const { auc, top1, lift } = tied.metrics;
  assert.deepEqual(
    [auc, top1, lift].map((metric) => isDefined(metric) && metric.value),
    [0.5, 0.5, 0],
  );
  // A random scorer has no ties, so it has a correlation.
  assert.deepEqual(tied.baselines.random?.kendall, { value: 0, low: 0, high: 0, n: 2 });
});

test('rewards that are no probabilities', () => {
  const reason = 'expected probabilities from 0 to 1, got 1.5';
  assertReasons(evaluated({ rewards: [0.5, 1.5], labels: [0, 1] }, 'probability'), {
    ...noGroups,
    accuracy: reason,
    brier: reason,
    log_loss: reason,
    ece: reason,
  });
});

test('resamples of one class are left out', () => {
  const { metrics } = evaluated({ rewards: [3, 1], labels: [1, 0] });
  assert.deepEqual(metrics.auc, { value: 1, low: 1, high: 1, n: 2 });
});

test('a group may not be in two conversations', () => {
  const rows = rowsOf({ rewards: [1, 2], groups: [0, 0], conversations: [0, 1] });
  assert.throws(() => evaluateRows(rows, { meaning: 'logit' }), /Expected each group in one conversation/);
});

test('columns of several lengths', () => {
  const rows = rowsOf({ rewards: [1, 2], labels: [0] });
  assert.throws(() => evaluateRows(rows, { meaning: 'logit' }), /Expected columns of one length, got 2, 1/);
});
