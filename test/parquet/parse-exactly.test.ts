/** JSON whose integers keep every digit: all else is what JSON.parse makes of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseExactly } from '../../dist/parquet/parse-exactly.js';
import { tries } from '../support/tries.js';

/** A text, and the value that it stands for. */
type Written = readonly [json: string, value: unknown];

const double = fc.double({ noDefaultInfinity: true, noNaN: true }).chain((value) =>
  fc
    .constantFrom(
      JSON.stringify(value),
      value.toExponential(),
      value.toExponential(20).replace('e+', 'E'),
      `${value < 0 || Object.is(value, -0) ? '-' : ''}0.${'0'.repeat(20)}1234567890123456789e-5`,
      Math.abs(value) < 1e20 ? value.toFixed(20) : '12345678901234567890.5',
    )
    // What is written without point and exponent is an integer.
    .map((json): Written => (/^-?\d{16,}$/.test(json) ? [json, BigInt(json)] : [json, JSON.parse(json)])),
);
const integer = fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map((value): Written => {
  const json = String(value);
  return [json, /\d{16}/.test(json) ? value : Number(value)];
});
const pieces = ['12345678901234567890', '0.30000000000000004', '"', '\\', '\n', '\u0000', 'i', ',', ':', '[', '\ud800'];
const text = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary' })))
  .map((parts) => parts.join(''));
const written = (value: string): string =>
  JSON.stringify(value).replaceAll('1234', '\\u00312\\u00334').replaceAll('\\n', '\\u000a');
const string = text.map((value): Written => [written(value), value]);
const space = fc.constantFrom('', ' ', '\n\t');

const { json } = fc.letrec<{ json: Written }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'json' },
    fc.constantFrom<Written>(['true', true], ['false', false], ['null', null]),
    double,
    integer,
    string,
    fc
      .tuple(fc.array(tie('json'), { depthIdentifier: 'json' }), space)
      .map(
        ([items, gap]): Written => [
          `[${items.map(([item]) => gap + item + gap).join(',')}]`,
          items.map(([, value]) => value),
        ],
      ),
    fc
      .tuple(fc.array(fc.tuple(text, tie('json')), { depthIdentifier: 'json' }), space)
      .map(
        ([members, gap]): Written => [
          `{${members.map(([name, [value]]) => `${gap}${written(name)}${gap}:${gap}${value}`).join(',')}}`,
          Object.fromEntries(members.map(([name, [, value]]) => [name, value])),
        ],
      ),
  ),
}));

/** As a text that has the mark of long integers is parsed. */
const asNumbers = (value: unknown): unknown =>
  typeof value === 'bigint'
    ? Number(value)
    : Array.isArray(value)
      ? value.map(asNumbers)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, asNumbers(one)]))
        : value;

test('integers of 16 digits or more are bigints, and all else is what JSON.parse gives', () => {
  fc.assert(
    fc.property(json, ([written, value]) => {
      const read = parseExactly(written);
      assert.deepEqual(asNumbers(read), JSON.parse(written));
      assert.deepEqual(read, /\\u0000i/.test(written) ? asNumbers(value) : value);
    }),
    { numRuns: tries(500) },
  );
});

test('a string may be longer than a regular expression can match, and begin like the mark', () => {
  const long = 'a\\"1\n'.repeat(5_000_000);
  assert.deepEqual(parseExactly(`[12345678901234567890,${JSON.stringify(long)}]`), [12345678901234567890n, long]);
  assert.deepEqual(parseExactly('["\\u0000\\u0069x",1234567890123456]'), ['\u0000ix', 1234567890123456]);
});
