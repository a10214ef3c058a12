/** Where the input may be cut between groups, and how large one may grow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FatalError } from '../../dist/errors.js';
import { spellOptionsAs } from '../../dist/option-name.js';
import type { InputRecord } from '../../dist/rows/records.js';
import { joinsByKey } from '../../dist/selection/joins.js';

// As on the command line.
spellOptionsAs('flag');

const MEBIBYTE = 2 ** 20;

function joinsOf(returned: string[] = []) {
  let byte = 0;
  const joins = joinsByKey({
    field: 'q',
    readKey: ({ bytes }) => (bytes.length === 0 ? undefined : String(bytes[0])),
    isBlank: ({ bytes }) => bytes[0] === 0x20,
    placeOf: (record) => `rows.jsonl:${record.line}`,
    onReturn: (key) => returned.push(key),
  });
  return {
    joins: (bytes: Buffer, line = 1): boolean => {
      const record: InputRecord = { bytes, lineEnd: Buffer.from('\n'), byte, line };
      byte += bytes.length + 1;
      return joins(record);
    },
    beginFile: () => {
      byte = 0;
    },
  };
}

const [a, b, blank, none] = ['a', 'b', ' ', ''].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer, Buffer];

test('records with the key of the one before join it, blank ones between them too', () => {
  const { joins } = joinsOf();
  const joined = [a, a, blank, a, b, none, none, blank, b].map((bytes) => joins(bytes));
  assert.deepEqual(joined, [false, true, true, true, false, false, false, false, false]);
});

test('a group that comes back is noticed once', () => {
  const returned: string[] = [];
  const { joins } = joinsOf(returned);
  for (const bytes of [a, b, a, b, a]) joins(bytes);
  assert.deepEqual(returned, [String(a[0])]);
});

test('a group of too many rows ends the run with advice', () => {
  const { joins } = joinsOf();
  for (let line = 1; line <= 100_000; line++) joins(a, line);
  assert.throws(
    () => joins(a, 100_001),
    (error) =>
      error instanceof FatalError &&
      error.kind === 'run' &&
      error.message ===
        'rows.jsonl:100001: expected at most 100,000 rows and 64 MiB in a group, got more with the same value in q; ' +
          'name the field that tells prompts apart with --group',
  );
});

test('a group of too many bytes does too, and another file begins another group', () => {
  const { joins, beginFile } = joinsOf();
  const large = Buffer.alloc(40 * MEBIBYTE, 'a');
  joins(large);
  beginFile();
  joins(large);
  assert.throws(() => joins(large, 2), /rows\.jsonl:2: expected at most/);
});
