/** Values from JSON as JSON again: as JSON.stringify has them, and of any depth. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { followPath } from '../../dist/rows/fields.js';
import { jsonText } from '../../dist/rows/json-text.js';

test('is what JSON.stringify gives', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => assert.equal(jsonText(value), JSON.stringify(value))));
  for (const value of [
    { a: undefined, b: [undefined] },
    -0,
    '\ud800',
    JSON.parse('{"__proto__":{"a":1},"2":0,"1":0}'),
  ]) {
    assert.equal(jsonText(value), JSON.stringify(value));
  }
});

test('has no depth that is too much', () => {
  const deep = `${'[{"a":'.repeat(20_000)}1${'}]'.repeat(20_000)}`;
  assert.equal(jsonText(JSON.parse(deep)), deep);
});

test('nor has a path into arrays', () => {
  const deep = (inside: string): string => `${'['.repeat(20_000)}${inside}${']'.repeat(20_000)}`;
  assert.equal(jsonText(followPath(JSON.parse(deep('{"a":7}')), ['a'])), deep('7'));
});
