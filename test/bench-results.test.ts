/** The benchmark's committed results have the shape that bench/results.schema.json says. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { root } from './support/run.js';

const read = (path: string): object => JSON.parse(readFileSync(join(root, 'bench', path), 'utf8')) as object;

test('every file of results', () => {
  const matches = new Ajv2020().compile(read('results.schema.json'));
  // The others are samples for docs/scale.md.
  const files = readdirSync(join(root, 'bench/results')).filter((name) => /^\d{4}-.*\.json$/.test(name));
  assert.ok(files.length > 0);
  for (const name of files) assert.ok(matches(read(`results/${name}`)), `${name}: ${JSON.stringify(matches.errors)}`);
});
