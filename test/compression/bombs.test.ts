/** Few bytes that decompress to many cost no memory. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { root } from '../support/run.js';

/** Decompresses in a process of its own, and tells how much came, in what chunks, and what it took. */
function measure(script: string): { bytes: number; longest: number; turns: number; peakMiB: number } {
  const module = `
    import { promisify } from 'node:util';
    import { gzip, gzipSync } from 'node:zlib';
    import { decompress } from ${JSON.stringify(`${root}dist/compression/decompress.js`)};
    let bytes = 0;
    let longest = 0;
    let turns = 0;
    const count = (part) => {
      bytes += part.length;
      longest = Math.max(longest, part.length);
    };
    setInterval(() => turns++, 1).unref();
    ${script}
    const peakMiB = process.resourceUsage().maxRSS / 1024;
    console.log(JSON.stringify({ bytes, longest, turns, peakMiB }));
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', module], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

test('gzip: a megabyte that unpacks to a gigabyte', () => {
  const { bytes, longest, peakMiB } = measure(`
    const zeros = gzipSync(Buffer.alloc(1 << 26));
    async function* bomb() { yield Buffer.concat(Array(16).fill(zeros)); }
    for await (const part of decompress(bomb(), 'gzip', 'bomb')) count(part);
  `);
  assert.equal(bytes, 2 ** 30);
  assert.ok(longest <= 1 << 20, `a chunk of ${longest}`);
  assert.ok(peakMiB < 250, `${peakMiB} MiB`);
});

// A frame that says its window is 128 MiB, of blocks that are one zero many times.
const zstdBomb = (blocks: number): string => `
  const block = Buffer.from([0x02, 0x00, 0x10, 0x00]);
  const bomb = Buffer.concat([Buffer.from('28b52ffd0088', 'hex'), ...Array(${blocks}).fill(block), Buffer.of(1, 0, 0)]);
  async function* chunks() { yield bomb; }
`;

test('zstd: 32 kilobytes that decompress to a gigabyte', () => {
  const { bytes, longest, turns, peakMiB } = measure(`
    ${zstdBomb(8192)}
    for await (const part of decompress(chunks(), 'zstd', 'bomb')) count(part);
  `);
  assert.equal(bytes, 2 ** 30);
  assert.ok(longest <= 1 << 20, `a chunk of ${longest}`);
  // What the window takes, and a process without it.
  assert.ok(peakMiB < 128 + 200, `${peakMiB} MiB`);
  assert.ok(turns > 10, `other work had ${turns} turns`);
});

test('nothing is decompressed before it is asked for', () => {
  const { bytes, peakMiB } = measure(`
    const zeros = gzipSync(Buffer.alloc(1 << 26));
    async function* endless() { for (;;) yield zeros; }
    const reader = decompress(endless(), 'gzip', 'bomb');
    count((await reader.next()).value);
    // Work for the same threads, which is done when what had been begun ahead would be.
    await promisify(gzip)(Buffer.alloc(1 << 26));
    count((await reader.next()).value);
    await reader.return();
  `);
  assert.ok(bytes < 1 << 21, `${bytes} bytes`);
  assert.ok(peakMiB < 250, `${peakMiB} MiB`);
});
