/** The choice among scored records, without threads, models or files. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { spellOptionsAs } from '../../dist/option-name.js';
import { createFormat, jsonlSettings } from '../../dist/rows/formats/index.js';
import type { InputRecord } from '../../dist/rows/records.js';
import type { ScoredRecord } from '../../dist/selection/group.js';
import { select } from '../../dist/selection/select.js';
import type { SelectionSettings } from '../../dist/selection/settings.js';

// As on the command line.
spellOptionsAs('flag');

const formatSettings = { ...jsonlSettings('reward'), to: 'jsonl' } as const;
const format = createFormat(formatSettings);
const output = { ...formatSettings, format };
const byQuestion: SelectionSettings = {
  group: 'q',
  gather: false,
  responseField: 'response',
  top: 1,
  ranked: false,
  pairs: undefined,
};

function scored(content: string, rewards: readonly (number | null)[], line = 1): ScoredRecord {
  const record: InputRecord = { bytes: Buffer.from(content), lineEnd: Buffer.from('\n'), byte: 0, line };
  const parsed = format.parse(record);
  assert.ok(parsed);
  const shape = content.includes('"candidates"') ? 'array' : 'single';
  return { record, parsed, result: { shape, rewards, ...(parsed.failure && { failure: parsed.failure }) } };
}

const textOf = (pieces: readonly (Buffer | string)[]): string => pieces.map(String).join('');

describe('rows that a field groups', () => {
  const rows = [
    scored('{"q":1,"text":"a"}', [0.5], 1),
    scored('{"q":1.0,"text":"b"}', [1.5], 2),
    scored('{"q":"1","text":"c"}', [9], 3),
    scored('nonsense', [], 4),
    scored('{"text":"d"}', [7], 5),
    scored('{"q":[1],"text":"e"}', [2], 6),
  ];

  test('are grouped by equal values, however these are spelled', () => {
    const { pieces, failed, counts } = select(rows, byQuestion, output);
    assert.deepEqual(textOf(pieces).split('\n'), [
      '{"q":1.0,"text":"b","reward":1.5,"best_index":1,"reward_margin":1}',
      '{"q":"1","text":"c","reward":9,"best_index":0,"reward_margin":null}',
      ...textOf(pieces).split('\n').slice(2, 4),
      '{"q":[1],"text":"e","reward":2,"best_index":0,"reward_margin":null}',
      '',
    ]);
    assert.match(textOf(pieces), /"code":"BAD_JSON".*\n.*expected a field q \(--group\), got none/);
    assert.equal(counts.groups, 3);
    // What could not be parsed failed before, and is not added.
    assert.deepEqual(
      failed.map(({ row, line, failure: { code } }) => [row, line, code]),
      [[4, 5, 'BAD_ROW']],
    );
  });

  test('are not written where their group goes on after the window', () => {
    const next = (content: string) => scored(content, []).parsed;
    const whole = textOf(select(rows.slice(0, 2), byQuestion, output).pieces);
    assert.notEqual(whole, '');
    assert.equal(textOf(select(rows.slice(0, 2), byQuestion, output, next('{"q":1}')).pieces), '');
    assert.equal(textOf(select(rows.slice(0, 2), byQuestion, output, next('{"q":2}')).pieces), whole);
    assert.equal(textOf(select(rows.slice(0, 2), byQuestion, output, next('{}')).pieces), whole);
  });

  test('are bad ones, each alone, where the value is nested too deeply to be compared', () => {
    const deep = `{"q":${'['.repeat(20_000)}${']'.repeat(20_000)},"text":"a"}`;
    const { failed, pieces } = select([scored(deep, [1]), scored(deep, [2])], byQuestion, output);
    assert.equal(failed.length, 2);
    assert.match(
      failed[0]?.failure.message ?? '',
      /^expected a value of at most 1000 levels in the field q \(--group\)/,
    );
    assert.equal(textOf(pieces).split('\n').length, 3);
  });
});

test('a response carries values of any depth', () => {
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  const messages = `[{"role":"user","content":"Hi","extra":${deep}}]`;
  const candidate = (content: string) => `[{"role":"assistant","content":"${content}","extra":${deep}}]`;
  const row = `{"messages":${messages},"candidates":[${candidate('a')},${candidate('b')}]}`;
  const best = select([scored(row, [1, 2])], { ...byQuestion, group: undefined }, output);
  assert.ok(textOf(best.pieces).includes(`"response":${candidate('b')},"best_index":1`));
});
