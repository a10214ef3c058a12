/** Where the input may be cut between groups, and how large one may grow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FatalError } from '../../dist/errors.js';
import { spellOptionsAs } from '../../dist/option-name.js';
import type { InputRecord } from '../../dist/rows/records.js';
import { joinsByKey } from '../../dist/selection/joins.js';
import { SeenGroups } from '../../dist/selection/seen-groups.js';

// As on the command line.
spellOptionsAs('flag');

const MEBIBYTE = 2 ** 20;

function joinsOf() {
  let byte = 0;
  let file = 0;
  const joins = joinsByKey({
    field: 'q',
    readKey: ({ bytes }) => (bytes.length === 0 ? undefined : String(bytes[0])),
    isBlank: ({ bytes }) => bytes[0] === 0x20,
    placeOf: (ofFile, line) => `rows-${ofFile}.jsonl:${line}`,
  });
  return {
    joins: (bytes: Buffer, line = 1): boolean => {
      const record: InputRecord = { bytes, lineEnd: Buffer.from('\n'), byte, line };
      byte += bytes.length + 1;
      return joins(record, file);
    },
    beginFile: () => {
      byte = 0;
      file++;
    },
  };
}

const [a, b, blank, none] = ['a', 'b', ' ', ''].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer, Buffer];

test('records with the key of the one before join it, and those without between them too', () => {
  const { joins } = joinsOf();
  const joined = [none, a, a, blank, a, none, a, b, none, none, blank, b].map((bytes) => joins(bytes));
  assert.deepEqual(joined, [false, false, true, true, true, true, true, false, true, true, true, true]);
});

test('a group that comes back ends the run, in its file or another one', () => {
  const { joins, beginFile } = joinsOf();
  const says = (place: string, before: string) => (error: unknown) =>
    error instanceof FatalError &&
    error.kind === 'run' &&
    error.message.startsWith(`${place}: the group 97 was there before, at ${before}, with others in between`);
  for (const [line, bytes] of [b, a, b].slice(0, 2).entries()) joins(bytes, line + 1);
  joins(Buffer.from('c'), 3);
  assert.throws(() => joins(a, 4), says('rows-0.jsonl:4', 'rows-0.jsonl:2'));
  beginFile();
  beginFile();
  joins(Buffer.from('d'), 1);
  beginFile();
  assert.throws(() => joins(a, 1), says('rows-3.jsonl:1', 'rows-0.jsonl:2'));
  assert.throws(() => joins(Buffer.from('d'), 2), /at rows-2\.jsonl:1, /);
});

test('groups are remembered however many there are, and whatever their ids', () => {
  const seen = new SeenGroups();
  const key = (i: number): string => `"${'id'.repeat(i % 5)}${i}"`;
  const many = 200_000;
  for (let i = 1; i <= many; i++) assert.equal(seen.add(key(i), i), undefined);
  for (let i = 1; i <= many; i++) assert.equal(seen.add(key(i), many + i), i);
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
        'rows-0.jsonl:100001: expected at most 100,000 rows and 64 MiB in a group, got more with the same value in q; ' +
          'name the field that tells prompts apart with --group',
  );
});

test('a group of too many bytes does too', () => {
  const { joins } = joinsOf();
  const large = Buffer.alloc(40 * MEBIBYTE, 'a');
  joins(large);
  assert.throws(() => joins(large, 2), /rows-0\.jsonl:2: expected at most/);
});

test('records without a key are not held without end', () => {
  const { joins } = joinsOf();
  joins(a, 1);
  const joined = Array.from({ length: 100_001 }, (_, i) => joins(none, i + 2));
  assert.equal(joined.lastIndexOf(true), 99_998);
});
