/** How records are cut into windows: whole groups of candidates, the same windows for one run and for its shards. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createFormat, jsonlSettings } from '../../dist/rows/formats/index.js';
import type { Input } from '../../dist/run/input.js';
import { readWindows } from '../../dist/run/read-windows.js';
import { blocksOf } from '../../dist/run/shards.js';
import { groupLimitsFor } from '../../dist/run/windows.js';
import type { Window } from '../../dist/scorer/protocol.js';

const size = { bytes: 1024, rows: 100 };
const { longest, border } = groupLimitsFor(size);
const format = createFormat(jsonlSettings('reward'));

/** A file in memory that comes in chunks of these lengths, over and over. */
const fileOf = (bytes: Buffer, chunks: readonly number[], seekable: boolean): Input =>
  ({
    seekable,
    body: { byte: 0, line: 1 },
    async *content(start: number) {
      for (let at = start, i = 0; at < bytes.length; i++) {
        const chunk = bytes.subarray(at, at + (chunks[i % chunks.length] as number));
        at += chunk.length;
        yield chunk;
      }
    },
  }) as unknown as Input;

async function windowsOf(input: Input, length: number, shard?: { index: number; of: number }): Promise<Window[]> {
  const windows: Window[] = [];
  for await (const window of readWindows({
    inputs: [input],
    format,
    windowSize: size,
    maxRowBytes: 1e6,
    signal: new AbortController().signal,
    ...(shard && { blocks: blocksOf(shard, [length], size) }),
  })) {
    windows.push(window);
  }
  return windows;
}

const textOf = ({ bytes }: Pick<Window, 'bytes'>): string => Buffer.from(bytes).toString();

const word = fc.constantFrom('sea', 'rock', 'lamp', 'bees', 'goat', 'diary', 'ink', 'fog', 'rope', 'tide');
const words = (least: number, most: number): fc.Arbitrary<string> =>
  fc.array(word, { minLength: least, maxLength: most, size: 'max' }).map((all) => all.join(' '));

/** The rows of one prompt. Ids come first, so that rows do not begin alike. */
const group = fc.record({
  prompt: words(1, 250),
  responses: fc.array(words(1, 30), { minLength: 1, maxLength: 12, size: 'max' }),
});

const linesOf = (groups: readonly { readonly prompt: string; readonly responses: readonly string[] }[]): string[] =>
  groups.flatMap(({ prompt, responses }, g) =>
    responses.map((response, i) => `${JSON.stringify({ id: `${g}-${i}`, prompt, response })}\n`),
  );

describe('windows', () => {
  test('hold every byte once, however the bytes come, and whole or in shards', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(group, { minLength: 1, maxLength: 40, size: 'max' }),
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 9 }),
        async (groups, chunks, of) => {
          const bytes = Buffer.from(linesOf(groups).join(''));
          const whole = await windowsOf(fileOf(bytes, [bytes.length], true), bytes.length);

          assert.equal(whole.map(textOf).join(''), bytes.toString());
          const inChunks = await windowsOf(fileOf(bytes, chunks, true), bytes.length);
          assert.deepEqual(inChunks.map(textOf), whole.map(textOf));
          for (const seekable of [true, false]) {
            const shards: Window[] = [];
            for (let index = 1; index <= of; index++) {
              shards.push(...(await windowsOf(fileOf(bytes, chunks, seekable), bytes.length, { index, of })));
            }
            assert.deepEqual(shards.map(textOf), whole.map(textOf));
            assert.deepEqual(
              shards.map(({ byte }) => byte),
              whole.map(({ byte }) => byte),
            );
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test('hold the candidates of a prompt together, wherever the prompt stands', async () => {
    const responses = ['Yes.', 'No, I would not say so.', 'Who knows?'];
    for (const responseFirst of [false, true]) {
      const groups = Array.from({ length: 60 }, (_, g) => {
        const prompt = Array.from({ length: 60 + g }, (_, i) => `${(g + 1) * (i + 7) * 7919}`).join(' ');
        return responses.map((response, i) => {
          const fields = responseFirst ? { response, prompt } : { prompt, response };
          return `${JSON.stringify({ id: g * 10 + i, ...fields })}\n`;
        });
      });
      const bytes = Buffer.from(groups.flat().join(''));
      const windows = (await windowsOf(fileOf(bytes, [777], true), bytes.length)).map(textOf);
      let at = 0;
      let apart = 0;
      for (const rows of groups) {
        const lines = rows.join('');
        const cut =
          Math.floor(at / border) !== Math.floor((at + lines.length - (rows.at(-1) as string).length) / border);
        if (!cut) assert.ok(windows.some((window) => window.includes(lines)));
        else apart++;
        at += lines.length;
      }
      assert.ok(windows.length >= groups.length / 2, `${windows.length} windows`);
      assert.ok(apart < 5, `${apart} groups cut`);
    }
  });

  test('end where rows are alike for ever', async () => {
    const line = `${JSON.stringify({ text: 'The same old song, again. '.repeat(20) })}\n`;
    const bytes = Buffer.from(line.repeat(500));
    const windows = await windowsOf(fileOf(bytes, [4096], true), bytes.length);
    assert.equal(windows.map(textOf).join(''), bytes.toString());
    for (const { bytes: own } of windows) assert.ok(own.length <= longest + size.bytes + line.length, `${own.length}`);
  });

  test('hold single rows that begin in the same block, where rows are unlike', async () => {
    const lines = Array.from({ length: 100 }, (_, i) => `${JSON.stringify({ text: `${i * 7919} `.repeat(60) })}\n`);
    const bytes = Buffer.from(lines.join(''));
    const windows = await windowsOf(fileOf(bytes, [999], true), bytes.length);
    for (const window of windows) {
      const block = Math.floor(window.byte / size.bytes);
      let at = window.byte;
      for (const line of textOf(window).split(/(?<=\n)/)) {
        assert.equal(Math.floor(at / size.bytes), block);
        at += line.length;
      }
    }
  });
});
