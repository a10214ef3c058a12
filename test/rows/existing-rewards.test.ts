/** Rewards that rows carry already: one for each candidate. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { existingResult } from '../../dist/rows/existing-rewards.js';

const settings = { rewardField: 'reward', fields: {}, existing: 'take', header: undefined } as const;
const candidates = { prompt: 'p', candidates: ['a', 'b'] };

test('of another number than candidates are a bad row', () => {
  for (const reward of [[], [1], [1, 2, 3], [null, 1, 2]]) {
    assert.deepEqual(existingResult({ ...candidates, reward }, settings), {
      shape: 'array',
      rewards: [],
      failure: {
        code: 'BAD_ROW',
        message: `expected reward to have 2 numbers, one for each candidate, got ${reward.length}`,
      },
    });
  }
  assert.deepEqual(existingResult({ ...candidates, reward: [1, 2] }, settings)?.rewards, [1, 2]);
});

test('are counted against the candidates that are scored, whatever their field is called', () => {
  const row = { prompt: 'p', candidates: ['a', 'b'], drafts: ['a'], reward: [1] };
  assert.deepEqual(existingResult(row, { ...settings, fields: { candidates: 'drafts' } })?.rewards, [1]);
  assert.deepEqual(existingResult(row, settings)?.rewards, []);
});

test('are not counted where the row has no candidates to score', () => {
  assert.deepEqual(existingResult({ id: 7, reward: [1, 2, 3] }, settings)?.rewards, [1, 2, 3]);
  assert.deepEqual(existingResult({ candidates: ['a'], reward: [1, 2] }, settings)?.rewards, [1, 2]);
});
