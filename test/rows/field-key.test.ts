/** Keys of values that --group, --by and --id name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalKey, DEEPEST_KEY } from '../../dist/rows/field-key.js';

const keyOf = (json: string): string | undefined => canonicalKey(JSON.parse(json));
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

test('equal JSON values have one key', () => {
  for (const [one, other] of [
    ['1', '1.0'],
    ['100', '1e2'],
    ['"\\u0061"', '"a"'],
    ['[1, {"a": 2}]', '[1.0,{"a":2}]'],
    ['-0', '0'],
  ] as const) {
    assert.equal(keyOf(one), keyOf(other), `${one} and ${other}`);
  }
});

test('other values have other keys', () => {
  const values = ['1', '"1"', 'null', '"null"', '""', '[]', '{}', '[1]', '["1"]', '{"a":1,"b":2}', '{"b":2,"a":1}'];
  assert.equal(new Set(values.map(keyOf)).size, values.length);
});

test('no value has no key', () => {
  assert.equal(canonicalKey(undefined), undefined);
});

test('a value has a key up to a depth, and beyond it none', () => {
  assert.ok(keyOf(nested(DEEPEST_KEY)) === nested(DEEPEST_KEY));
  assert.equal(keyOf(nested(DEEPEST_KEY + 1)), undefined);
  for (const levels of [20_000, 1_000_000]) assert.equal(keyOf(nested(levels)), undefined);
  assert.equal(keyOf(`${'{"a":[1,'.repeat(100_000)}1${']}'.repeat(100_000)}`), undefined);
});

test('a wide value has a key', () => {
  const wide = JSON.stringify(Array.from({ length: 200_000 }, (_, i) => ({ [i]: [i] })));
  assert.ok(keyOf(wide) === wide);
});
