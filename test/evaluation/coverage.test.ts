/** How often a 95 % interval holds the truth, in simulated samples whose truth is known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateRows, type RowEvaluation } from '../../dist/evaluation/evaluate-rows.js';
import { isDefined, type Metric } from '../../dist/evaluation/metric.js';
import type { RowMetric } from '../../dist/evaluation/metrics.js';
import type { Rows } from '../../dist/evaluation/rows.js';
import { Random } from './samples.js';

const SIMULATIONS = 200;
const RESAMPLES = 200;

/** The truth about a metric, and where it is. */
type Truth = readonly [truth: number, metricOf: (evaluation: RowEvaluation) => Metric | undefined];

/** For each truth the share of simulations whose interval holds it. */
function coverage(sample: (random: Random) => Rows, ...truths: readonly Truth[]): number[] {
  const held = truths.map(() => 0);
  for (let seed = 0; seed < SIMULATIONS; seed++) {
    const evaluation = evaluateRows(sample(new Random(seed)), { meaning: 'logit', resamples: RESAMPLES, seed });
    assert.ok(isDefined(evaluation));
    for (const [i, [truth, metricOf]] of truths.entries()) {
      const metric = metricOf(evaluation);
      assert.ok(metric && isDefined(metric), JSON.stringify(metric));
      if (metric.low <= truth && truth <= metric.high) held[i] = (held[i] as number) + 1;
    }
  }
  return held.map((count) => count / SIMULATIONS);
}

/**
 * At a true coverage of 95 % each share is within three standard deviations of the binomial but once in 400 times: from
 * 0.904 to 0.996. What comes is the same each time, since all is seeded.
 */
function assertHold(shares: readonly number[]): void {
  const deviation = Math.sqrt((0.95 * 0.05) / SIMULATIONS);
  for (const share of shares) {
    assert.ok(Math.abs(share - 0.95) <= 3 * deviation, `${100 * share} % of intervals hold the truth`);
  }
}

/** Positives are a standard deviation above negatives. */
function independentRows(random: Random, rows = 200): Rows {
  const labels = Float64Array.from({ length: rows }, () => Number(random.uniform() < 0.4));
  return { labels, rewards: labels.map((label) => label + random.normal()) };
}

/** P(a normal with mean 1 is above another with mean 0), each of variance 1. */
const AUC = 0.7602499389065233;

test('independent rows', () => {
  const spread = Math.sqrt(1 + 0.4 * 0.6); // The variance within labels and between them.
  assertHold(coverage(independentRows, [AUC, ({ metrics }) => metrics.auc], [spread, ({ metrics }) => metrics.std]));
});

/** 40 conversations of 5 rows; in each, rewards and labels lean the same way. */
function rowsOfConversations(random: Random): Rows {
  const conversations = Int32Array.from({ length: 200 }, (_, row) => Math.floor(row / 5));
  const leanings = Array.from({ length: 40 }, () => 2 * random.normal());
  const labels = Float64Array.from(conversations, (_, row) => row % 2);
  const rewards = labels.map(
    (label, row) => label + (leanings[conversations[row] as number] as number) + random.normal(),
  );
  return { rewards, labels, conversations };
}

test('rows of conversations: whole conversations are drawn', () => {
  assertHold(coverage(rowsOfConversations, [0.5, ({ metrics }) => metrics.mean]));
});

test('rows of conversations: drawn one by one, intervals are too narrow', () => {
  const oneByOne = (random: Random): Rows => ({ ...rowsOfConversations(random), conversations: undefined });
  const [share = 1] = coverage(oneByOne, [0.5, ({ metrics }) => metrics.mean]);
  assert.ok(share < 0.8, `${100 * share} % of intervals hold the truth`);
});

/** 60 groups of 4 candidates, whose labels are grades. */
function candidates(random: Random): Rows {
  const groups = Int32Array.from({ length: 240 }, (_, row) => Math.floor(row / 4));
  const labels = Float64Array.from(groups, () => random.below(3));
  return { groups, labels, rewards: labels.map((label) => label + 4 * random.normal()) };
}

test('groups: lift of rewards that say nothing', () => {
  const random = (by: Random): Rows => ({
    ...candidates(by),
    rewards: Float64Array.from({ length: 240 }, () => by.normal()),
  });
  assertHold(coverage(random, [0, ({ metrics }) => metrics.lift]));
});

/** Two scorers that see the same noise, and each some of its own; the baseline's signal is the same. */
function twoScorers(random: Random): Rows {
  const labels = Float64Array.from({ length: 200 }, (_, row) => row % 2);
  const shared = labels.map((label) => label + random.normal());
  return {
    labels,
    rewards: shared.map((score) => score + 0.3 * random.normal()),
    baselineRewards: shared.map((score) => score + 0.3 * random.normal()),
  };
}

test('a difference is paired', () => {
  const ofDifference = (name: RowMetric): Truth => [0, ({ difference }) => difference?.[name]];
  const [ofAuc = 0, ofBrier = 0, ofError = 0] = coverage(
    twoScorers,
    ...(['auc', 'brier', 'ece'] as const).map(ofDifference),
  );
  assertHold([ofAuc, ofBrier]);
  // That of calibration errors is on the safe side.
  assert.ok(ofError >= 0.95, `${100 * ofError} % of intervals hold the truth`);
  const width = (metric: Metric | undefined) => (metric && isDefined(metric) ? metric.high - metric.low : Number.NaN);
  const evaluation = evaluateRows(twoScorers(new Random(1)), { meaning: 'logit' });
  assert.ok(isDefined(evaluation));
  assert.ok(width(evaluation.difference?.auc) < 0.6 * width(evaluation.metrics.auc));
});

/** Labels are drawn by the probabilities that the rewards give, so the true calibration error is 0. */
function calibrated(random: Random): Rows {
  const rewards = Float64Array.from({ length: 300 }, () => 1.5 * random.normal());
  return { rewards, labels: rewards.map((logit) => Number(random.uniform() < 1 / (1 + Math.exp(-logit)))) };
}

test('calibration error: the lower end reaches 0 where all of it is noise', () => {
  // The truth is at the end of what is possible, so only the lower end can miss it: 97.5 %.
  const [share = 0] = coverage(calibrated, [0, ({ metrics }) => metrics.ece]);
  assert.ok(share >= 0.93, `${100 * share} % of intervals hold the truth`);
});

test('calibration error: the lower end leaves 0 where rewards are overconfident', () => {
  const overconfident = (random: Random): Rows => {
    const { rewards, labels } = calibrated(random);
    return { labels, rewards: rewards.map((logit) => 3 * logit) };
  };
  for (const seed of [1, 2, 3, 4, 5]) {
    const evaluation = evaluateRows(overconfident(new Random(seed)), { meaning: 'logit', resamples: RESAMPLES });
    assert.ok(isDefined(evaluation) && isDefined(evaluation.metrics.ece));
    assert.ok(evaluation.metrics.ece.low > 0.01, `${evaluation.metrics.ece.low}`);
  }
});
