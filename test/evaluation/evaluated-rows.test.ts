/** What an evaluation needs of a row, and how rows become columns. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Collector } from '../../dist/evaluation/columns.js';
import { type EvaluationFields, evaluatedRow, problemOf } from '../../dist/evaluation/evaluated-rows.js';
import { spellOptionsAs } from '../../dist/option-name.js';
import { evaluate, jsonl } from '../support/evaluation.js';

// As on the command line.
spellOptionsAs('flag');

const settings = (evaluation: Partial<EvaluationFields>) => ({
  evaluation: { texts: false, ...evaluation },
  fields: {},
  rewardField: 'reward',
  existing: 'take' as const,
  header: undefined,
});
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const rowOf = (json: string) => JSON.parse(json) as Record<string, unknown>;

describe('a value that is nested too deeply to be a key makes its row bad', () => {
  for (const [field, flag] of [
    ['group', '--group'],
    ['by', '--by'],
    ['id', '--id'],
  ] as const) {
    const deep = (levels: number) => problemOf(rowOf(`{"g":${nested(levels)},"reward":1}`), settings({ [field]: 'g' }));

    test(flag, () => {
      assert.equal(deep(1000), undefined);
      for (const levels of [1001, 20_000]) {
        assert.deepEqual(deep(levels), {
          code: 'BAD_ROW',
          message: `expected a value of at most 1000 levels in the field g (${flag}), got one that is nested deeper`,
        });
      }
    });
  }

  test('and does not end the run', async () => {
    const stdin = `{"g":${nested(20_000)},"reward":5}\n${jsonl([1, 2, 3].map((reward) => ({ g: reward, reward })))}`;
    for (const flags of [
      ['--group', 'g'],
      ['--by', 'g'],
    ]) {
      const run = await evaluate([...flags, '--json'], { stdin });
      assert.equal(run.code, 3, run.stderr);
      assert.match(run.stdout, /"failed": 1/);
    }
  });
});

test('equal JSON values are one group, and a number is the group of its cell in CSV', () => {
  const groupOf = (json: string) =>
    evaluatedRow(
      { row: rowOf(`{"g":${json},"reward":1}`) },
      { shape: 'single', rewards: [1] },
      1,
      settings({ group: 'g' }),
    )?.group;
  for (const [one, other] of [
    ['1', '1.0'],
    ['1', '"1"'],
    ['[1,{"a":2}]', '[ 1.0, {"a": 2} ]'],
  ] as const) {
    assert.equal(groupOf(one), groupOf(other));
  }
  assert.notEqual(groupOf('[1]'), groupOf('["1"]'));
});

test('rows are collected as they are, or as the lines they are written as', () => {
  const rows = [
    { shape: 'single', rewards: [0.5], labels: [1], lengths: [3], group: 'a', line: 1 },
    null,
    { shape: 'array', rewards: [1, 2], labels: [0, 1], lengths: [4, 5], group: 'a', slice: 's', line: 3 },
    { shape: 'pair', rewards: [1, -1], lengths: [4, 5], group: 'b', line: 4 },
  ] as const;
  const asked: (number | null)[] = [];
  const options = {
    labelled: true,
    grouped: true,
    sliced: true,
    texts: true,
    partnerOf: (row: { readonly line: number | null } | null) => {
      asked.push(row?.line ?? null);
      return row ? [7, 8] : undefined;
    },
  };
  const typed = new Collector(options);
  typed.addRows(rows, 2);
  assert.deepEqual(asked, [1, null, 3, 4]);
  const { rows: collected, texts, withoutSlice } = typed.end();
  assert.deepEqual([...collected.columns.rewards], [0.5, 1, 2]);
  assert.deepEqual(collected.slices, ['(none)', 's', 's']);
  assert.deepEqual(texts[1], {
    candidate: 0,
    cut: undefined,
    row: 2,
    tokens: undefined,
    file: 2,
    line: 3,
    index: 0,
    text: '',
  });
  assert.equal(withoutSlice, 2);
});
