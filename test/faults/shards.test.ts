/** Shards, killed and gone on with, in any order: joined they are the bytes of one run; what cannot be joined is named. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { runBinary } from '../support/binary.js';
import { csvRows, hurried, jsonlRows, packed } from '../support/fault-runs.js';
import { temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();

const folder = temporaryDirectory();
const long = `{"text":"long ${'word '.repeat(120_000)}"}\n`;
const files = [
  writeFile(folder, 'a.jsonl', jsonlRows(9000).trimEnd()),
  writeFile(folder, 'empty.jsonl', ''),
  writeFile(folder, 'b.jsonl.gz', packed(jsonlRows(7000, 9000))),
  writeFile(folder, 'c.jsonl', jsonlRows(100) + long + jsonlRows(6000, 100) + long.trimEnd()),
];
const tables = [writeFile(folder, 'a.csv', csvRows(9000)), writeFile(folder, 'b.csv', csvRows(3000).trimEnd())];

/** Scores all shards, the last first, and kills the run of each at some step before. */
async function shardsOf(of: number, args: readonly string[], name: string): Promise<string[]> {
  const outputs: string[] = [];
  for (let index = of; index >= 1; index--) {
    const output = join(folder, `${of}-${index}-${name}`);
    const shard = ['-q', '-j', '2', ...args, '--shard', `${index}/${of}`, '-o', output];
    await runBinary(shard, hurried({ FAULT_KILL: `${4 + ((index * 5) % 17)}` }));
    const run = await runBinary([...shard, '--resume']);
    assert.ok(run.code === 0 || run.code === 3, run.stderr);
    outputs.push(output);
  }
  return outputs;
}

describe('joined', () => {
  for (const [of, args, name] of [
    [2, files, 'out.jsonl'],
    [3, files, 'out.jsonl.gz'],
    [7, tables, 'out.csv'],
    [9, [tables[1] as string, '--on-error', 'skip'], 'out.csv.gz'],
  ] as const) {
    test(`${of} shards of ${name}`, async () => {
      const whole = join(folder, `whole-${of}-${name}`);
      await runBinary(['-q', ...args, '-o', whole]);
      const outputs = await shardsOf(of, args, name);
      const merged = join(folder, `merged-${of}-${name}`);
      const run = await runBinary(['merge', '-q', ...outputs, '-o', merged]);
      assert.equal(run.code, 0, run.stderr);
      assert.ok(readFileSync(merged).equals(readFileSync(whole)), 'to a file');
      const streamed = await runBinary(['merge', '-q', ...outputs, '-o', '-']);
      assert.ok(streamed.bytes.equals(readFileSync(whole)), 'to standard output');
    });
  }
});

describe('refused by merge', () => {
  const input = files[0] as string;
  const shard = async (name: string, which: string, ...more: string[]): Promise<string> => {
    const output = join(folder, name);
    await runBinary(['-q', ...(more[0]?.endsWith('.jsonl') ? more : [input, ...more]), '--shard', which, '-o', output]);
    return output;
  };
  let first: string;
  let second: string;
  before(async () => {
    first = await shard('first.jsonl', '1/2');
    second = await shard('second.jsonl', '2/2');
  });
  const refused = async (outputs: readonly string[], message: RegExp): Promise<void> => {
    const merged = join(folder, 'refused.jsonl');
    const run = await runBinary(['merge', ...outputs, '-o', merged]);
    assert.equal(run.code, 2, run.stderr);
    assert.match(run.stderr, message);
    assert.throws(() => readFileSync(merged), /ENOENT/);
  };

  test('a missing one', () => refused([first], /shard 2\/2 missing/));
  test('a doubled one', () => refused([first, second, second], /second\.jsonl: expected each shard once/));
  test('another N', async () => {
    await refused([first, await shard('third.jsonl', '3/3')], /third\.jsonl: not a shard of the run of .*first/);
  });
  test('another flag', async () => {
    await refused([first, await shard('flag.jsonl', '2/2', '--details')], /flag\.jsonl: not a shard.*--details/);
  });
  test('another input', async () => {
    const other = writeFile(folder, 'other.jsonl', jsonlRows(9000, 1));
    await refused([first, await shard('input.jsonl', '2/2', other)], /input\.jsonl: not a shard/);
  });
  test('a cut one', async () => {
    const cut = join(folder, 'cut.jsonl');
    copyFileSync(second, cut);
    copyFileSync(`${second}.run.json`, `${cut}.run.json`);
    truncateSync(cut, 100);
    await refused([first, cut], /cut\.jsonl: expected the \d+ bytes that its run wrote, got 100/);
  });
  test('one without its run file', async () => {
    const alone = join(folder, 'alone.jsonl');
    copyFileSync(second, alone);
    await refused([first, alone], /alone\.jsonl: expected .*run\.json beside it/);
  });
  test('one that is not finished', async () => {
    const output = join(folder, 'unfinished.jsonl');
    const args = ['-q', input, '--shard', '2/2', '-o', output];
    await runBinary(args, hurried({ FAULT_KILL: '6:half' }));
    await refused([first, output], /unfinished\.jsonl: shard 2\/2 is not finished/);
    rmSync(`${output}.partial`);
  });
});
