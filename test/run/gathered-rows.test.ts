/** Rows that are held in memory, as far as there is room for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spellOptionsAs } from '../../dist/option-name.js';
import { createFormat, jsonlSettings } from '../../dist/rows/formats/index.js';
import { groupKeyReader } from '../../dist/rows/group-key.js';
import { GatheredRows } from '../../dist/run/gathered-rows.js';
import { Input } from '../../dist/run/input.js';
import { temporaryDirectory, writeFile } from '../support/run.js';

// As on the command line.
spellOptionsAs('flag');

const directory = temporaryDirectory();
const settings = jsonlSettings('reward');

function gather(content: string, mostBytes: number): GatheredRows {
  const path = writeFile(directory, 'rows.jsonl', content);
  return new GatheredRows({
    inputs: [new Input(path, process)],
    format: createFormat(settings),
    maxRowBytes: 1000,
    limit: undefined,
    field: 'q',
    readKey: groupKeyReader(settings, 'q'),
    lineEnd: '\n',
    mostBytes,
    signal: new AbortController().signal,
  });
}

async function read(rows: GatheredRows): Promise<string> {
  let text = '';
  for await (const { bytes } of rows.batches()) text += bytes.toString();
  return text;
}

test('more rows than there is memory for end the run with advice', async () => {
  const content = '{"q":1}\n{"q":2}\n'.repeat(20_000);
  const sorted = '{"q":1}\n'.repeat(20_000) + '{"q":2}\n'.repeat(20_000);
  assert.equal(await read(gather(content, content.length)), sorted);
  await assert.rejects(
    read(gather(content, content.length - 1)),
    /rows\.jsonl:\d+: expected at most 0 MiB of rows to hold in memory with --gather, got more; sort the rows by q, and leave --gather out$/,
  );
});

test('a line end is given to a last row that others follow, and to no other', async () => {
  assert.equal(await read(gather('{"q":1}\r\n{"q":2}\n\n{"q":1}', 1e6)), '{"q":1}\r\n{"q":1}\n{"q":2}\n');
  assert.equal(await read(gather('{"q":1}\n{"q":2}', 1e6)), '{"q":1}\n{"q":2}');
});
