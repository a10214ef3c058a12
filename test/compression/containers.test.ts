/** What tells a compressed file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerOfBytes, containerOfName, contentName, isUndecided } from '../../dist/run/containers.js';
import { compressedRows } from '../support/compressed.js';

test('a name tells by its ending, in any case', () => {
  assert.equal(containerOfName('rows.jsonl.gz')?.name, 'gzip');
  assert.equal(containerOfName('a.b/ROWS.CSV.ZST')?.name, 'zstd');
  assert.equal(contentName('a.b/ROWS.CSV.ZST'), 'a.b/ROWS.CSV');
  for (const name of ['rows.jsonl', 'gz', 'rows.gz.jsonl', 'rows.gzip', '-', '']) {
    assert.equal(containerOfName(name), undefined, name);
    assert.equal(contentName(name), name);
  }
});

test('bytes tell by their first four', () => {
  assert.equal(containerOfBytes(compressedRows.gzip)?.name, 'gzip');
  assert.equal(containerOfBytes(compressedRows.zstd)?.name, 'zstd');
  assert.equal(containerOfBytes(Buffer.from('502a4d18', 'hex'))?.name, 'zstd');
  assert.equal(containerOfBytes(Buffer.from('5f2a4d18', 'hex'))?.name, 'zstd');
  for (const other of ['', '1f', '1f8c0000', '28b52f', '28b52ffe', '4f2a4d18', '602a4d18', '7b226964']) {
    assert.equal(containerOfBytes(Buffer.from(other, 'hex')), undefined, other);
  }
});

test('more bytes are waited for only where they may tell', () => {
  for (const head of ['', '1f', '28', '28b52f', '5f2a4d']) assert.ok(isUndecided(Buffer.from(head, 'hex')), head);
  for (const head of ['1f8b', '1f8c', '28b5ff', '28b52ffd', '7b', '60']) {
    assert.ok(!isUndecided(Buffer.from(head, 'hex')), head);
  }
});
