/** The simulation of docs/scale.md (bench/simulation.mjs), where the answer is known without one. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from './support/run.js';

interface Outcome {
  readonly makespan: number;
  readonly ideal: number;
  readonly tail: number;
  readonly failures: number;
  readonly starts: number;
  readonly lostWork: number;
}

interface Simulation {
  simulate(settings: Readonly<Record<string, unknown>>): Outcome;
}

const { simulate } = (await import(pathToFileURL(join(root, 'bench/simulation.mjs')).href)) as Simulation;

const near = (actual: number, expected: number, tolerance = 1e-9): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance * expected, `expected ${expected}, got ${actual}`);

/** One slot, one worker, one shard of 100 seconds. */
const alone = { shards: 1, windows: 100, windowTimes: [1], nodes: 1, slotsPerNode: 1, workersPerShard: 1 };

test('without failures and with equal windows, waves of shards follow one another', () => {
  const settings = { shards: 70, windows: 7000, windowTimes: [2], nodes: 4, slotsPerNode: 8, workersPerShard: 5 };
  const { makespan, ideal, tail, starts } = simulate({ ...settings, warmStart: 3, coldStart: 13, merge: 11 });
  near(makespan, 13 + 40 + 2 * (3 + 40) + 11); // 70 shards of 100 windows on 32 slots: three waves
  near(ideal, (7000 * 2) / 160);
  near(tail, 3 + 40); // the last wave has 6 shards
  assert.equal(starts, 70);
});

test('a slow node without other shards to give away takes as much longer as it is slow', () => {
  near(simulate({ ...alone, slowShare: 1, slowSpeed: 0.25, warmStart: 0, coldStart: 0 }).makespan, 400);
});

test('windows that do not divide by the shards are all there', () => {
  const settings = { ...alone, shards: 7, windows: 1000, windowTimes: [1], warmStart: 0, coldStart: 0 };
  near(simulate(settings).makespan, 1000);
});

test('the sum of many windows has the mean and the spread of its parts', () => {
  const times = [1, 2, 6]; // mean 3, variance 14/3
  for (const windows of [1000, 4000]) {
    const sums = Array.from(
      { length: 2000 },
      (_, seed) => simulate({ ...alone, seed, windows, windowTimes: times }).ideal,
    );
    const mean = sums.reduce((a, b) => a + b) / sums.length;
    const variance = sums.reduce((total, value) => total + (value - mean) ** 2, 0) / (sums.length - 1);
    const error = Math.sqrt(((14 / 3) * windows) / sums.length);
    assert.ok(Math.abs(mean - 3 * windows) < 4 * error, `${windows}: mean ${mean}`);
    near(variance, (14 / 3) * windows, 4 * Math.sqrt(2 / sums.length));
  }
});

/** Means over many seeds, and the standard error of the makespan's. */
function average(settings: Readonly<Record<string, unknown>>, runs = 20_000) {
  const outcomes = Array.from({ length: runs }, (_, seed) => simulate({ ...settings, seed }));
  const meanOf = (value: (outcome: Outcome) => number): number =>
    outcomes.reduce((total, outcome) => total + value(outcome), 0) / runs;
  const makespan = meanOf((outcome) => outcome.makespan);
  const error = Math.sqrt(meanOf((outcome) => (outcome.makespan - makespan) ** 2) / runs);
  return { makespan, error, starts: meanOf(({ starts }) => starts), failures: meanOf(({ failures }) => failures) };
}

const failing = { ...alone, warmStart: 0, coldStart: 0, repair: 0, requeue: 0, timeBetweenFailures: 80 };

test('without resume, tries are geometric and the time is (exp(λT) - 1)/λ', () => {
  const { makespan, error, starts } = average({ ...failing, saveInterval: Number.POSITIVE_INFINITY });
  const expected = 80 * (Math.exp(100 / 80) - 1);
  assert.ok(Math.abs(makespan - expected) < 4 * error, `expected ${expected}, got ${makespan}`);
  near(starts, Math.exp(100 / 80), 0.05);
});

test('with all saved, failures cost their repair and no work', () => {
  const { makespan, error, failures } = average({ ...failing, saveInterval: 0, repair: 7 });
  near(failures, 100 / 80, 0.05); // those of a Poisson process in 100 seconds of work
  assert.ok(Math.abs(makespan - (100 + (7 * 100) / 80)) < 4 * error, `got ${makespan}`);
});

test('with saving now and then, a failure costs half an interval', () => {
  const outcomes = Array.from({ length: 5000 }, (_, seed) =>
    simulate({ ...failing, seed, windows: 10_000, timeBetweenFailures: 2000, saveInterval: 20 }),
  );
  const lostWork = outcomes.reduce((total, outcome) => total + outcome.lostWork, 0);
  const failures = outcomes.reduce((total, outcome) => total + outcome.failures, 0);
  assert.ok(failures > 20_000);
  near(lostWork / failures, 10, 0.02);
});

test('one seed gives one outcome', () => {
  const settings = { windowTimes: [1, 2, 3], slowShare: 0.1, timeBetweenFailures: 1e6, unevenness: 0.1 };
  assert.deepEqual(simulate(settings), simulate(settings));
  assert.notDeepEqual(simulate(settings), simulate({ ...settings, seed: 2 }));
});
