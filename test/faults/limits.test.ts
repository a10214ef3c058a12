/** Where a run ends that has too many bad rows: at the right row, wherever that stands; and how it is gone on with. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { runBinary } from '../support/binary.js';
import { csvRows, jsonlRows } from '../support/fault-runs.js';
import { temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();

const folder = temporaryDirectory();
const jsonl = writeFile(folder, 'rows.jsonl', jsonlRows(9000));
const csv = writeFile(folder, 'rows.csv', csvRows(9000));

/** Every hundredth row is bad, from the 78th on. */
const untilBad = (nth: number): number => 77 + 100 * (nth - 1) + 1;
const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);

describe('--max-errors', () => {
  for (const nth of [1, 7, 45]) {
    for (const workers of ['1', '3']) {
      test(`the ${nth}-th bad row is the last one written, ${workers} workers`, async () => {
        const all = linesOf((await runBinary(['-q', jsonl])).stdout);
        const run = await runBinary(['-q', '-j', workers, jsonl, '--max-errors', `${nth}`]);
        assert.equal(run.code, 1, run.stderr);
        assert.match(run.stderr, new RegExp(`rows\\.jsonl:${untilBad(nth)}: [A-Z_]+: .*gave up there`));
        assert.deepEqual(linesOf(run.stdout), all.slice(0, untilBad(nth)));
      });
    }
  }

  test('a share is looked at from the 100th row on', async () => {
    const all = linesOf((await runBinary(['-q', jsonl])).stdout);
    const run = await runBinary(['-q', jsonl, '--max-errors', '0.99%']);
    assert.equal(run.code, 1, run.stderr);
    assert.deepEqual(linesOf(run.stdout), all.slice(0, 100));
    assert.equal((await runBinary(['-q', jsonl, '--max-errors', '2%', '--exit-zero'])).code, 0);
  });

  test('CSV into a packed file, and gone on with under a higher limit', async () => {
    const output = join(folder, 'out.csv.gz');
    const summary = join(folder, 'summary');
    const args = ['-q', '-j', '2', csv, '-o', output, '--summary', summary];
    const run = await runBinary([...args, '--max-errors', '45']);
    assert.equal(run.code, 1, run.stderr);
    const { rows, failed, complete, exitCode } = JSON.parse(readFileSync(summary, 'utf8')) as Record<string, unknown>;
    assert.deepEqual([rows, failed, complete, exitCode], [untilBad(45), 45, false, 1]);
    const whole = (await runBinary(['-q', csv])).stdout;
    const kept = gunzipSync(readFileSync(`${output}.partial`)).toString();
    assert.ok(whole.startsWith(kept) && kept.includes(`\n${untilBad(45) - 1}`));
    const again = await runBinary([...args, '--max-errors', '1000', '--resume']);
    assert.equal(again.code, 3, again.stderr);
    const resumed = readFileSync(output);
    rmSync(output);
    await runBinary([...args, '--overwrite']);
    assert.ok(readFileSync(output).equals(resumed));
  });

  test('a run gone on with under a lower limit than was reached gives up at the next bad row', async () => {
    const output = join(folder, 'lower.jsonl');
    const args = ['-q', jsonl, '-o', output];
    await runBinary([...args, '--max-errors', '70']);
    const run = await runBinary([...args, '--max-errors', '5', '--resume']);
    assert.equal(run.code, 1, run.stderr);
    assert.match(run.stderr, /gave up there \(--max-errors 5\)/);
  });
});

describe('--on-error', () => {
  test('fail: the output ends before the first bad row', async () => {
    const all = linesOf((await runBinary(['-q', jsonl])).stdout);
    const run = await runBinary(['-q', jsonl, '--on-error', 'fail']);
    assert.equal(run.code, 1, run.stderr);
    assert.deepEqual(linesOf(run.stdout), all.slice(0, 77));
  });

  test('fail: as many rows are told of as are kept', async () => {
    for (const [texts, told] of [
      [['a', 'b', 'c', 'd', '', 'e'], ['reward-score: 4 rows are kept in OUT.partial; --resume goes on from there']],
      [['a', ''], ['reward-score: 1 row is kept in OUT.partial; --resume goes on from there']],
      [[''], []],
    ] as const) {
      const input = writeFile(folder, 'few.jsonl', texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
      const output = join(folder, `few-${texts.length}.jsonl`);
      const { code, stderr } = await runBinary(['-q', '-j', '1', input, '-o', output, '--on-error', 'fail']);
      assert.equal(code, 1);
      assert.deepEqual(linesOf(stderr.replaceAll(output, 'OUT')).slice(0, -1), told);
      for (const work of [`${output}.partial`, `${output}.run.json`]) assert.equal(existsSync(work), told.length > 0);
      if (told.length > 0) {
        assert.equal(
          linesOf(readFileSync(`${output}.partial`, 'utf8')).length,
          (texts as readonly string[]).indexOf(''),
        );
      }
    }
  });

  test('skip: the bad rows are left out, and told of by the exit code', async () => {
    const all = linesOf((await runBinary(['-q', jsonl])).stdout);
    const run = await runBinary(['-q', jsonl, '--on-error', 'skip']);
    assert.equal(run.code, 3);
    assert.deepEqual(
      linesOf(run.stdout),
      all.filter((line) => !line.includes('"reward":null')),
    );
    assert.equal((await runBinary(['-q', jsonl, '--on-error', 'skip', '--exit-zero'])).code, 0);
  });
});
