/** What tells a compressed file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compressionOfBytes, compressionOfName } from '../../dist/compression/compression.js';
import { compressedRows } from '../support/compressed.js';

test('a name tells by its ending, in any case', () => {
  assert.equal(compressionOfName('rows.jsonl.gz'), 'gzip');
  assert.equal(compressionOfName('a.b/ROWS.CSV.ZST'), 'zstd');
  for (const name of ['rows.jsonl', 'gz', 'rows.gz.jsonl', 'rows.gzip', '-', '']) {
    assert.equal(compressionOfName(name), undefined, name);
  }
});

test('bytes tell by their first four', () => {
  assert.equal(compressionOfBytes(compressedRows.gzip), 'gzip');
  assert.equal(compressionOfBytes(compressedRows.zstd), 'zstd');
  assert.equal(compressionOfBytes(Buffer.from('502a4d18', 'hex')), 'zstd');
  assert.equal(compressionOfBytes(Buffer.from('5f2a4d18', 'hex')), 'zstd');
  for (const other of ['', '1f', '1f8c0000', '28b52f', '28b52ffe', '4f2a4d18', '602a4d18', '7b226964']) {
    assert.equal(compressionOfBytes(Buffer.from(other, 'hex')), undefined, other);
  }
});
