/** Packed files, whole, cut and damaged. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compressMember } from '../../dist/compression/compress.js';
import type { Compression } from '../../dist/compression/compression.js';
import { decompress } from '../../dist/compression/decompress.js';
import { runError } from '../../dist/errors.js';
import { compressedRows, decompressAll, rows, zstdRows } from '../support/compressed.js';

const skippable = (magic: number, content: Buffer): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a50 + magic);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content]);
};

/** A zstd frame with a window of 1 MiB and no checksum, made by hand. */
const frame = (...blocks: Buffer[]): Buffer =>
  Buffer.concat([Buffer.from('28b52ffd0050', 'hex'), ...blocks.slice(0, -1), lastBlock(blocks.at(-1) as Buffer)]);
const lastBlock = (block: Buffer): Buffer => Buffer.concat([Buffer.of((block[0] as number) | 1), block.subarray(1)]);
const blockHeader = (type: number, size: number): Buffer => {
  const bytes = Buffer.alloc(3);
  bytes.writeUIntLE((size << 3) | (type << 1), 0, 3);
  return bytes;
};
const rawBlock = (content: Buffer): Buffer => Buffer.concat([blockHeader(0, content.length), content]);
const repeatedBlock = (byte: number, times: number): Buffer => Buffer.concat([blockHeader(1, times), Buffer.of(byte)]);

for (const compression of ['gzip', 'zstd'] as const satisfies Compression[]) {
  describe(compression, () => {
    const compressed = compressedRows[compression];

    test('members compressed here, cut into chunks anywhere, are decompressed', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.uint8Array({ maxLength: 2000 }), { minLength: 1, maxLength: 4 }),
          fc.integer({ min: 1, max: 300 }),
          async (contents, chunkLength) => {
            const members = await Promise.all(contents.map((content) => compressMember(content, compression)));
            const { bytes, error } = await decompressAll(Buffer.concat(members), compression, chunkLength);
            assert.equal(error, undefined);
            assert.deepEqual(bytes, Buffer.concat(contents));
          },
        ),
        { numRuns: 60 },
      );
    });

    test('a tool’s bytes are decompressed, byte for byte', async () => {
      for (const chunkLength of [1, 7, 1 << 16]) {
        assert.deepEqual(await decompressAll(compressed, compression, chunkLength), { bytes: rows, error: undefined });
      }
    });

    test('a file cut anywhere gives what it holds, then tells the place', async () => {
      for (let length = 1; length < compressed.length; length++) {
        const { bytes, error } = await decompressAll(compressed.subarray(0, length), compression);
        assert.ok(rows.subarray(0, bytes.length).equals(bytes), `other bytes at ${length}`);
        assert.match(error ?? '', new RegExp(`^rows: expected .*, the file ends before it, at byte ${length};`));
      }
      const late = await decompressAll(compressed.subarray(0, -5), compression);
      assert.ok(late.bytes.length > 0.8 * rows.length, 'what was whole was not given');
    });

    test('a second member cut anywhere loses nothing of the first', async () => {
      for (let length = 1; length < compressed.length; length += 40) {
        const { bytes, error } = await decompressAll(
          Buffer.concat([compressed, compressed.subarray(0, length)]),
          compression,
        );
        assert.ok(bytes.subarray(0, rows.length).equals(rows));
        assert.match(error ?? '', new RegExp(`at byte ${compressed.length + length};`));
      }
    });

    test('a changed bit never passes for other bytes', async () => {
      let refused = 0;
      for (let bit = 0; bit < compressed.length * 8; bit += 3) {
        const changed = Buffer.from(compressed);
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        const { bytes, error } = await decompressAll(changed, compression);
        if (error === undefined) assert.ok(bytes.equals(rows), `bit ${bit}`);
        else refused++;
      }
      assert.ok(refused > (compressed.length * 8) / 4);
    });

    test('what follows the last member is refused', async () => {
      for (const garbage of ['x', 'garbage', `{"id": 1}\n`.repeat(20)]) {
        const { bytes, error } = await decompressAll(Buffer.concat([compressed, Buffer.from(garbage)]), compression);
        assert.ok(rows.subarray(0, bytes.length).equals(bytes));
        assert.match(error ?? '', /^rows: expected /);
      }
    });

    test('another kind of file is refused', async () => {
      const { bytes, error } = await decompressAll(rows, compression);
      assert.equal(bytes.length, 0);
      assert.match(error ?? '', new RegExp(`^rows: expected ${compression} data, got other data`));
    });

    test('no bytes are an empty input', async () => {
      assert.deepEqual(await decompressAll(Buffer.alloc(0), compression), { bytes: Buffer.alloc(0), error: undefined });
    });

    test('who stops early closes the file', async () => {
      let closed = false;
      async function* endless(): AsyncGenerator<Buffer> {
        try {
          for (;;) yield compressed;
        } finally {
          closed = true;
        }
      }
      let left = 3;
      for await (const part of decompress(endless(), compression, 'rows')) {
        assert.ok(part.length > 0);
        if (--left === 0) break;
      }
      assert.ok(closed);
    });

    test('a file that cannot be read says so itself', async () => {
      async function* broken(): AsyncGenerator<Buffer> {
        yield compressed.subarray(0, 100);
        throw runError('rows: cannot be read: EIO');
      }
      await assert.rejects(async () => {
        for await (const part of decompress(broken(), compression, 'rows')) assert.ok(part.length > 0);
      }, /^FatalError: rows: cannot be read/);
    });

    test('two files are decompressed at once', async () => {
      const both = await Promise.all([
        decompressAll(compressed, compression, 3),
        decompressAll(compressed, compression, 5),
      ]);
      for (const { bytes } of both) assert.ok(bytes.equals(rows));
    });
  });
}

test('gzip: zeros may follow the last member, and nothing after them', async () => {
  const padded = Buffer.concat([compressedRows.gzip, Buffer.alloc(70_000)]);
  for (const chunkLength of [1000, compressedRows.gzip.length, 1 << 20]) {
    assert.deepEqual(await decompressAll(padded, 'gzip', chunkLength), { bytes: rows, error: undefined });
    const { bytes, error } = await decompressAll(Buffer.concat([padded, compressedRows.gzip]), 'gzip', chunkLength);
    assert.ok(bytes.equals(rows));
    assert.equal(error, `rows: expected zeros or the file's end at byte ${padded.length}, got other data`);
  }
});

test('zstd: frames that carry something else are passed over', async () => {
  const parts = [
    skippable(0, Buffer.alloc(0)),
    zstdRows,
    skippable(15, Buffer.alloc(100_000, 1)),
    zstdRows,
    skippable(3, Buffer.from('end')),
  ];
  assert.deepEqual(await decompressAll(Buffer.concat(parts), 'zstd', 1000), {
    bytes: Buffer.concat([rows, rows]),
    error: undefined,
  });
  const { error } = await decompressAll(Buffer.concat(parts).subarray(0, -1), 'zstd');
  assert.match(error ?? '', /the file ends before it/);
});

test('zstd: blocks of every form, and none', async () => {
  const whole = frame(rawBlock(rows), repeatedBlock(0x61, 1 << 17), rawBlock(Buffer.alloc(0)));
  assert.deepEqual(await decompressAll(whole, 'zstd'), {
    bytes: Buffer.concat([rows, Buffer.alloc(1 << 17, 'a')]),
    error: undefined,
  });
  assert.deepEqual(await decompressAll(frame(rawBlock(Buffer.alloc(0))), 'zstd'), {
    bytes: Buffer.alloc(0),
    error: undefined,
  });
});

test('zstd: of bytes that are not compressed, all that came are given', async () => {
  const { bytes, error } = await decompressAll(frame(rawBlock(rows)).subarray(0, -10), 'zstd');
  assert.ok(bytes.equals(rows.subarray(0, -10)));
  assert.match(error ?? '', /the rest of the zstd frame of byte 0, the file ends before it/);
});

test('zstd: a message tells what is wrong, and where', async () => {
  const told = async (compressed: Buffer): Promise<string> => (await decompressAll(compressed, 'zstd')).error ?? '';
  const changed = Buffer.from(zstdRows);
  changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
  assert.match(
    await told(Buffer.concat([zstdRows, changed])),
    new RegExp(`with the checksum that byte ${2 * zstdRows.length - 4} tells, got others`),
  );
  assert.match(await told(frame(rawBlock(rows), blockHeader(3, 4))), /a valid zstd block at byte 3785/);
  assert.match(await told(frame(blockHeader(0, (1 << 17) + 1))), /a valid zstd block at byte 6/);
  assert.match(
    await told(frame(rawBlock(rows), Buffer.concat([blockHeader(2, 9), Buffer.alloc(9, 0xff)]), rawBlock(rows))),
    /a valid zstd block at byte 3785/,
  );
  assert.match(
    await told(Buffer.concat([zstdRows, Buffer.from('more')])),
    /another zstd frame or the file's end at byte 451/,
  );
});

test('zstd: what needs more than the bytes of the file is refused, with a way out', async () => {
  // A window of 256 MiB, as of zstd --long=28; then a content that is its own window, of 2^40 bytes.
  for (const header of ['28b52ffd0090', `28b52ffde0${'0000000000010000'}`]) {
    const { error } = await decompressAll(Buffer.from(header, 'hex'), 'zstd');
    assert.match(error ?? '', /a window of at most 134217728 bytes, got \d+ at byte 0; .*zstdcat --long=31 rows \|/);
  }
  const { error } = await decompressAll(Buffer.from('28b52ffd01504d', 'hex'), 'zstd');
  assert.match(error ?? '', /needs dictionary 77 at byte 0/);
});
