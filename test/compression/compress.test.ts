/** Members as other tools read them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { compressMember } from '../../dist/compression/compress.js';
import { decompressAll, rows } from '../support/compressed.js';

const contents = [rows, Buffer.alloc(0), Buffer.alloc(3_000_000, 'abc'), Buffer.from('last')];

test('gzip members, one after another, are a file for Python', async () => {
  const members = await Promise.all(contents.map((content) => compressMember(content, 'gzip')));
  const python = 'import gzip, sys; sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))';
  const { status, stdout, stderr } = spawnSync('python3', ['-c', python], {
    input: Buffer.concat(members),
    maxBuffer: 1 << 24,
  });
  assert.equal(status, 0, String(stderr));
  assert.ok(stdout.equals(Buffer.concat(contents)));
});

test('a gzip member tells no time and no system', async () => {
  const member = await compressMember(rows, 'gzip');
  assert.equal(member.subarray(0, 10).toString('hex'), '1f8b08000000000000ff');
  assert.deepEqual(member, await compressMember(rows, 'gzip'));
});

test('a zstd frame tells its content’s size', async () => {
  const frame = await compressMember(rows, 'zstd');
  // One segment, a size in two bytes, less 256.
  assert.equal(frame.subarray(0, 5).toString('hex'), '28b52ffd60');
  assert.equal(frame.readUInt16LE(5) + 256, rows.length);
  assert.deepEqual(frame, await compressMember(rows, 'zstd'));
  assert.equal((await compressMember(new Uint8Array(0), 'zstd')).toString('hex'), '28b52ffd2000010000');
});

test('what is compressed is smaller, and the same when decompressed', async () => {
  for (const compression of ['gzip', 'zstd'] as const) {
    const members = await Promise.all(contents.map((content) => compressMember(content, compression)));
    const compressed = Buffer.concat(members);
    assert.ok(compressed.length < 10_000, `${compressed.length}`);
    const { bytes, error } = await decompressAll(compressed, compression);
    assert.equal(error, undefined);
    assert.ok(bytes.equals(Buffer.concat(contents)));
  }
});

test('a view into a larger buffer is compressed alone', async () => {
  for (const compression of ['gzip', 'zstd'] as const) {
    const { bytes } = await decompressAll(await compressMember(rows.subarray(100, 200), compression), compression);
    assert.ok(bytes.equals(rows.subarray(100, 200)));
  }
});
