/** Members as other tools read them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { packMember } from '../../dist/compression/pack.js';
import { rows, unpackAll } from '../support/packed.js';

const contents = [rows, Buffer.alloc(0), Buffer.alloc(3_000_000, 'abc'), Buffer.from('last')];

test('gzip members, one after another, are a file for Python', async () => {
  const members = await Promise.all(contents.map((content) => packMember(content, 'gzip')));
  const python = 'import gzip, sys; sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))';
  const { status, stdout, stderr } = spawnSync('python3', ['-c', python], {
    input: Buffer.concat(members),
    maxBuffer: 1 << 24,
  });
  assert.equal(status, 0, String(stderr));
  assert.ok(stdout.equals(Buffer.concat(contents)));
});

test('a gzip member tells no time and no system', async () => {
  const member = await packMember(rows, 'gzip');
  assert.equal(member.subarray(0, 10).toString('hex'), '1f8b08000000000000ff');
  assert.deepEqual(member, await packMember(rows, 'gzip'));
});

test('a zstd frame tells its content’s size', async () => {
  const frame = await packMember(rows, 'zstd');
  // One segment, a size in two bytes, less 256.
  assert.equal(frame.subarray(0, 5).toString('hex'), '28b52ffd60');
  assert.equal(frame.readUInt16LE(5) + 256, rows.length);
  assert.deepEqual(frame, await packMember(rows, 'zstd'));
  assert.equal((await packMember(new Uint8Array(0), 'zstd')).toString('hex'), '28b52ffd2000010000');
});

test('what is packed is smaller, and the same when unpacked', async () => {
  for (const compression of ['gzip', 'zstd'] as const) {
    const members = await Promise.all(contents.map((content) => packMember(content, compression)));
    const packed = Buffer.concat(members);
    assert.ok(packed.length < 10_000, `${packed.length}`);
    const { bytes, error } = await unpackAll(packed, compression);
    assert.equal(error, undefined);
    assert.ok(bytes.equals(Buffer.concat(contents)));
  }
});

test('a view into a larger buffer is packed alone', async () => {
  for (const compression of ['gzip', 'zstd'] as const) {
    const { bytes } = await unpackAll(await packMember(rows.subarray(100, 200), compression), compression);
    assert.ok(bytes.equals(rows.subarray(100, 200)));
  }
});
