/** Rows that are written for their rewards alone: those above a bound, and the best of a run. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { jsonLines, rewardScore, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();
const directory = temporaryDirectory();
const out = (name: string): string => join(directory, name);
const rows = writeFile(
  directory,
  'rows.jsonl',
  Array.from({ length: 120 }, (_, i) => (i % 40 === 7 ? '{"text":""}\n' : `{"id":${i},"text":"row ${i % 60}"}\n`)).join(
    '',
  ),
);
const csv = writeFile(directory, 'rows.csv', `text\n${Array.from({ length: 30 }, (_, i) => `row ${i}\n`).join('')}`);

async function scored(args: readonly string[], code = 3) {
  const summary = out('summary.json');
  const run = await rewardScore(['-q', '-j', '1', '--summary', summary, ...args]);
  assert.equal(run.code, code, run.stderr);
  return { ...run, summary: JSON.parse(readFileSync(summary, 'utf8')) as Record<string, unknown> };
}

const rewardOf = (row: Record<string, unknown>): number => row.reward as number;

describe('--min-reward', () => {
  test('keeps the rows that reach it, byte for byte and in order, and counts the others', async () => {
    const all = jsonLines((await scored([rows])).stdout);
    const bound = all
      .map(rewardOf)
      .filter(Number.isFinite)
      .sort((a, b) => a - b)[60] as number;
    const { stdout, summary } = await scored([rows, '--min-reward', String(bound)]);
    const kept = all.filter((row) => row.reward !== null && rewardOf(row) >= bound);
    assert.deepEqual(jsonLines(stdout), kept);
    assert.ok(kept.length > 10 && kept.length < 110);
    assert.deepEqual(
      [summary.kept, summary.dropped, summary.failed, summary.rows],
      [kept.length, 120 - kept.length, 3, 120],
    );
  });

  test('looks at the best of several candidates, and refuses pairs', async () => {
    const stdin = '{"prompt":"a","candidates":["b","c",""]}\n{"prompt":"a","candidates":[""]}\n';
    const all = await rewardScore(['-q'], { stdin });
    const [first] = jsonLines(all.stdout) as [{ reward: (number | null)[] }];
    const best = Math.max(...first.reward.filter((reward) => reward !== null));
    for (const [bound, count] of [
      [best, 1],
      [best + 1e-6, 0],
    ] as const) {
      const run = await rewardScore(['-q', '--min-reward', String(bound)], { stdin });
      assert.equal(jsonLines(run.stdout).length, count);
    }
    const pairs = await rewardScore(['--min-reward', '0'], { stdin: '{"chosen":"a","rejected":"b"}\n' });
    assert.equal(pairs.code, 2);
    assert.match(pairs.stderr, /a pair has two/);
  });

  test('goes on with an interrupted run, and says what was kept in words', async () => {
    const args = [rows, '--min-reward', '0', '-o', out('min.jsonl')];
    const stopped = await rewardScore(['-q', ...args, '--max-errors', '2']);
    assert.equal(stopped.code, 1);
    const { stderr } = await rewardScore([...args, '--resume']);
    const whole = await rewardScore(['-q', rows, '--min-reward', '0']);
    assert.equal(readFileSync(out('min.jsonl'), 'utf8'), whole.stdout);
    assert.match(stderr, new RegExp(`${jsonLines(whole.stdout).length} rows kept, \\d+ rows dropped`));
  });
});

describe('--top-percent', () => {
  test('keeps the best share of the rows that have a reward, ties at its end too', async () => {
    const all = jsonLines((await scored([rows])).stdout);
    const sorted = all.flatMap((row) => (row.reward === null ? [] : [rewardOf(row)])).sort((a, b) => b - a);
    for (const percent of [1, 10, 33.3, 100]) {
      const least = sorted[Math.ceil((sorted.length * percent) / 100 - 1e-9) - 1] as number;
      const path = out(`top-${percent}.jsonl`);
      const { summary } = await scored([rows, '--top-percent', String(percent), '-o', path]);
      const kept = all.filter((row) => row.reward !== null && rewardOf(row) >= least);
      assert.deepEqual(jsonLines(readFileSync(path, 'utf8')), kept);
      assert.deepEqual([summary.kept, summary.dropped], [kept.length, 120 - kept.length]);
    }
  });

  test('keeps the header of CSV, and compresses', async () => {
    await scored([csv, '--top-percent', '20', '-o', out('top.csv.gz')], 0);
    const [header, ...lines] = gunzipSync(readFileSync(out('top.csv.gz')))
      .toString()
      .trimEnd()
      .split('\n');
    assert.equal(header, 'text,reward');
    assert.equal(lines.length, 6);
  });

  test('goes on with an interrupted run', async () => {
    const args = ['-q', rows, '--top-percent', '30', '-o', out('resumed.jsonl')];
    const stopped = await rewardScore([...args, '--max-errors', '2']);
    assert.equal(stopped.code, 1);
    await rewardScore([...args, '--resume']);
    await rewardScore(['-q', rows, '--top-percent', '30', '-o', out('once.jsonl')]);
    assert.deepEqual(readFileSync(out('resumed.jsonl')), readFileSync(out('once.jsonl')));
  });

  for (const [args, message] of [
    [[rows], /expected --top-percent with -o FILE/],
    [[rows, '--stream', '-o', out('x.jsonl')], /without --stream/],
    [[rows, '--shard', '1/2', '-o', out('x.jsonl')], /without --shard/],
    [['-', '-o', out('x.jsonl')], /without standard input/],
    [[rows, '--min-reward', '1', '-o', out('x.jsonl')], /expected --min-reward or --top-percent, got both/],
  ] as const) {
    test(`is refused: ${String(message)}`, async () => {
      const { code, stderr } = await rewardScore(['--top-percent', '5', ...args]);
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
  }
});
