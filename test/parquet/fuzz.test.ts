/**
 * Files of Parquet that are changed at random: each is read as far as it goes, or refused by an error that names it, and
 * takes neither long nor much memory. `npm run test:properties` tries many.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FatalError } from '../../dist/errors.js';
import { parquet } from '../../dist/parquet/container.js';
import { randomNumbers } from '../support/fault-runs.js';
import { root } from '../support/run.js';

const CASES = Number(process.env.PARQUET_FUZZ_CASES ?? 300);
const SLOWEST_MS = 5000;
const folder = join(root, 'test/oracle/parquet');
const files = readdirSync(folder)
  .sort()
  .map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));

type Numbers = () => number;
const below = (random: Numbers, bound: number): number => Math.floor(random() * bound);

/** Changes a copy: bytes anywhere or in the footer, a piece that is left out, moved, or put in twice, an end that is cut. */
function mutated(bytes: Buffer, random: Numbers): Buffer {
  const copy = Buffer.from(bytes);
  const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
  switch (below(random, 6)) {
    case 0:
      for (let i = 0; i <= below(random, 4); i++) copy[below(random, copy.length)] = below(random, 256);
      return copy;
    case 1:
      for (let i = 0; i <= below(random, 4); i++)
        copy[footer + below(random, copy.length - footer)] = below(random, 256);
      return copy;
    case 2:
      // Large numbers, as varints have them.
      copy.subarray(...from(below(random, copy.length), 1 + below(random, 5))).fill(0xff);
      return copy;
    case 3: {
      const [start, end] = from(below(random, copy.length), below(random, 64));
      return Buffer.concat([copy.subarray(0, start), copy.subarray(end)]);
    }
    case 4: {
      const [start, end] = from(below(random, copy.length), below(random, 64));
      return Buffer.concat([copy.subarray(0, end), copy.subarray(start)]);
    }
    default:
      return copy.subarray(0, below(random, copy.length));
  }
}

const from = (start: number, length: number): [number, number] => [start, start + length];

async function read(name: string, bytes: Buffer): Promise<void> {
  const source = {
    name,
    size: bytes.length,
    readAt: async (position: number, length: number) => Buffer.from(bytes.subarray(position, position + length)),
    close: async () => undefined,
  };
  const file = { name, chunks: nothing(), open: async () => source, columns: undefined };
  await parquet.readColumns(file);
  for await (const lines of parquet.decode(file, undefined)) {
    // What is given is JSON, whatever it says.
    for (const line of lines.toString().split('\n').slice(0, -1)) JSON.parse(line);
  }
}

async function* nothing(): AsyncGenerator<Buffer> {}

test(`${CASES} changed files are read or refused`, async (t) => {
  const random = randomNumbers(20_261_130);
  const counts = { read: 0, refused: 0 };
  for (let i = 0; i < CASES; i++) {
    const { name, bytes } = files[below(random, files.length)] as (typeof files)[number];
    const changed = mutated(bytes, random);
    const started = performance.now();
    try {
      await read(name, changed);
      counts.read++;
    } catch (error) {
      assert.ok(error instanceof FatalError, `case ${i} of ${name}: ${(error as Error).stack}`);
      assert.ok(error.message.startsWith(`${name}: `), error.message);
      counts.refused++;
    }
    const took = performance.now() - started;
    assert.ok(took < SLOWEST_MS, `case ${i} of ${name} took ${took} ms`);
  }
  t.diagnostic(`${counts.read} read, ${counts.refused} refused`);
  assert.ok(counts.refused > CASES / 4);
});
