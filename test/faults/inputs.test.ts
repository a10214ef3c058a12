/** Inputs that break, grow, shrink or go away while they are read. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runBinary } from '../support/binary.js';
import { hurried, jsonlRows } from '../support/fault-runs.js';
import { temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();

const folder = temporaryDirectory();
const rows = jsonlRows(13_000);
const more = jsonlRows(2000, 13_000);
let number = 0;

async function broken(act: string, env: Readonly<Record<string, string>> = {}) {
  const name = `${number++}`;
  const input = writeFile(folder, `${name}.rows.jsonl`, rows);
  const output = join(folder, `${name}.out.jsonl`);
  const args = ['-q', '-j', '2', input, '-o', output];
  const run = await runBinary(args, hurried({ FAULT_READ: `rows.jsonl:350000:${act}`, ...env }));
  return { run, input, output, args };
}

const scored = async (input: string): Promise<Buffer> => (await runBinary(['-q', input])).bytes;

test('an input that cannot be read on: exit code 1, and what was done is gone on with', async () => {
  const { run, input, output, args } = await broken('eio');
  assert.equal(run.code, 1, run.stderr);
  assert.match(run.stderr, /rows\.jsonl: cannot be read: EIO[^\n]*\n$/);
  assert.ok(existsSync(`${output}.partial`));
  assert.equal((await runBinary([...args, '--resume'])).code, 3);
  assert.ok(readFileSync(output).equals(await scored(input)));
});

test('an input that cannot be read at all', async () => {
  const run = await runBinary(['-q', '/proc/self/mem']);
  assert.deepEqual([run.code, run.stdout], [1, '']);
  assert.match(run.stderr, /^reward-score: \/proc\/self\/mem: cannot be read: EIO[^\n]*\n$/);
});

test('an input that grows: the rows that are there when its end is read', async () => {
  const { run, input, output, args } = await broken('append', { FAULT_APPEND: more });
  assert.equal(run.code, 3, run.stderr);
  assert.equal(readFileSync(input, 'utf8'), rows + more);
  const whole = await scored(input);
  assert.ok(readFileSync(output).equals(whole));
  const again = await runBinary([...args, '--resume']);
  assert.equal(again.code, 3, again.stderr);
  assert.ok(readFileSync(output).equals(whole));
});

test('an input that is cut: exit code 1, and no row that was cut in two is written', async () => {
  const { run, output } = await broken('cut');
  assert.equal(run.code, 1, run.stderr);
  assert.match(run.stderr, /expected \d+ bytes, as many as there were at the start, got \d+: the file was cut/);
  assert.ok(!existsSync(output));
  const kept = readFileSync(`${output}.partial`, 'utf8').split('\n').slice(0, -1);
  const all = (await runBinary(['-q', writeFile(folder, 'all.jsonl', rows)])).stdout.split('\n');
  assert.ok(kept.length > 0);
  assert.deepEqual(kept, all.slice(0, kept.length));
});

test('an input that is removed: read to its end, as it is open', async () => {
  const { run, output } = await broken('unlink');
  assert.equal(run.code, 3, run.stderr);
  assert.ok(readFileSync(output).equals(await scored(writeFile(folder, 'removed.jsonl', rows))));
});

test('an input that is gone when its turn comes', async () => {
  const first = writeFile(folder, 'first.rows.jsonl', rows);
  const second = join(folder, 'second');
  mkdirSync(second);
  const output = join(folder, 'second.out.jsonl');
  const args = ['-q', first, writeFile(second, 'later.jsonl', more), '-o', output];
  const run = await runBinary(args, hurried({ FAULT_READ: `first.rows.jsonl:1000:rmdir=${second}` }));
  assert.equal(run.code, 1, run.stderr);
  assert.match(run.stderr, /later\.jsonl: cannot be read: ENOENT/);
  mkdirSync(second);
  writeFile(second, 'later.jsonl', more);
  assert.equal((await runBinary([...args, '--resume'])).code, 3);
  assert.ok(readFileSync(output).equals(await scored(writeFile(folder, 'both.jsonl', rows + more))));
});

test('an output directory that is gone: exit code 1, one line', async () => {
  const place = join(folder, 'place');
  mkdirSync(place);
  const input = writeFile(folder, 'here.rows.jsonl', rows);
  const env = { FAULT_READ: `here.rows.jsonl:350000:rmdir=${place}` };
  const run = await runBinary(['-q', input, '-o', join(place, 'out.jsonl')], hurried(env));
  assert.equal(run.code, 1, run.stderr);
  assert.match(run.stderr, /cannot be written: ENOENT/);
  assert.doesNotMatch(run.stderr, /unexpected|kept in/);
});

test('errors to /dev/null', async () => {
  const input = writeFile(folder, 'null.jsonl', rows);
  const output = join(folder, 'null.out.jsonl');
  const run = await runBinary(['-q', input, '-o', output, '--errors', '/dev/null'], hurried());
  assert.equal(run.code, 3, run.stderr);
  assert.ok(existsSync(output));
});
