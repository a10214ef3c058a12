/** A disk that is full: one clear line, and what was done is kept. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runBinary } from '../support/binary.js';
import {
  assertSame,
  csvRows,
  hurried,
  type Job,
  jsonlRows,
  placesOf,
  remove,
  resultsOf,
  uninterrupted,
} from '../support/fault-runs.js';
import { environment, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();

const folder = temporaryDirectory();
const jsonl = writeFile(folder, 'rows.jsonl', jsonlRows(13_000));
const csv = writeFile(folder, 'rows.csv', csvRows(9000));
const parquet = join(root, 'test/oracle/parquet/pages-long-v1.parquet');

describe('no room, made up', () => {
  const job: Job = { args: ['-j', '2', jsonl], name: 'out.jsonl', errors: true };
  const gz: Job = { args: ['-j', '2', csv], name: 'out.csv.gz' };
  const copied: Job = { args: ['-j', '1', parquet], name: 'out.parquet' };
  const encoded: Job = { args: ['-j', '1', parquet, '--on-error', 'skip'], name: 'kept.parquet' };
  for (const [what, one, full] of [
    ['the output, at once', job, '.partial:0'],
    ['the output, in its second window', job, '.partial:400000'],
    ['the packed output', gz, '.partial:90000'],
    ['the errors file', job, '.errors:7000'],
    ['the Parquet that is assembled, at once', copied, '.assembled:0'],
    ['the Parquet that is assembled, in its columns', copied, '.assembled:900'],
    ['the Parquet whose row groups are encoded anew', encoded, '.assembled:900'],
    ['the run file, at the start', job, '.run.json.tmp:0'],
    ['the run file, later', job, '.run.json.tmp:60000'],
    ['the summary', job, '.summary:100'],
  ] as const) {
    test(what, async () => {
      const expected = await uninterrupted(folder, one);
      const { args } = placesOf(folder, one);
      const run = await runBinary(args, hurried({ FAULT_FULL: full }));
      assert.equal(run.code, 1, run.stderr);
      const said = run.stderr.trimEnd().split('\n');
      assert.match(said.at(-1) ?? '', /^reward-score: \S+: (the summary )?cannot be written: ENOSPC/);
      assert.ok(said.length <= 2, run.stderr);
      const resumed = await runBinary([...args, '--resume']);
      assertSame(resultsOf(folder, one, resumed), expected, what);
      remove(folder, one);
    });
  }

  test('the copy that a grown input needs: the finished file stays', async () => {
    const growing = writeFile(folder, 'growing.jsonl', jsonlRows(5000));
    const one: Job = { args: [growing], name: 'grown.jsonl' };
    const { args, output } = placesOf(folder, one);
    await runBinary(args);
    const before = readFileSync(output);
    writeFile(folder, 'growing.jsonl', jsonlRows(6000));
    const run = await runBinary([...args, '--resume'], hurried({ FAULT_FULL: '.partial:0' }));
    assert.equal(run.code, 1, run.stderr);
    assert.match(run.stderr, /^reward-score: \S+\.partial: cannot be written: ENOSPC[^\n]*\n$/);
    assert.ok(readFileSync(output).equals(before));
    const resumed = await runBinary([...args, '--resume']);
    const results = resultsOf(folder, one, resumed);
    remove(folder, one);
    assertSame(results, await uninterrupted(folder, one), 'grown');
  });

  test('a file that cannot be closed: exit code 1, and the run ends', async () => {
    const one: Job = { args: [jsonl], name: 'unclosed.jsonl' };
    const { args } = placesOf(folder, one);
    const run = await runBinary(args, hurried({ FAULT_CLOSE: '.partial' }));
    assert.equal(run.code, 1, run.stderr);
    assert.match(run.stderr, /unclosed\.jsonl\.partial: cannot be written: EIO/);
    const resumed = await runBinary([...args, '--resume']);
    const results = resultsOf(folder, one, resumed);
    remove(folder, one);
    assertSame(results, await uninterrupted(folder, one), 'closed');
  });
});

describe('no room, on a small disk', () => {
  const disk = join(folder, 'disk');
  let mounted = false;
  try {
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk], { stdio: 'ignore' });
    mounted = true;
  } catch {
    // Not allowed here: the tests below say so.
  }
  after(() => {
    if (mounted) execFileSync('umount', [disk]);
  });
  const skip = mounted ? false : 'mounting a small disk takes root';

  test('the output', { skip }, async () => {
    const args = ['-q', jsonl, '-o', join(disk, 'out.jsonl')];
    const filler = writeFile(disk, 'filler', Buffer.alloc(2_300_000));
    const run = await runBinary(args);
    assert.equal(run.code, 1, run.stderr);
    assert.match(run.stderr, /cannot be written: ENOSPC/);
    assert.ok(statSync(join(disk, 'out.jsonl.partial')).size > 0);
    rmSync(filler);
    const resumed = await runBinary([...args, '--resume']);
    assert.equal(resumed.code, 3, resumed.stderr);
    const whole = await runBinary(['-q', jsonl]);
    assert.ok(readFileSync(join(disk, 'out.jsonl')).equals(whole.bytes));
  });

  for (const command of ['score -q', 'eval -q --json', 'doctor --offline', 'completion bash', '--help']) {
    test(`standard output: ${command}`, async () => {
      const takesFile = /^(score|eval)/.test(command);
      const { code, stderr } = await inShell(`${command} ${takesFile ? '"$0"' : ''} > /dev/full`);
      assert.equal(code, 1);
      assert.match(stderr, /^reward-score: standard output cannot be written: ENOSPC[^\n]*\n$/);
    });
  }
});

async function inShell(line: string) {
  const shell = spawn('bash', ['-c', `node bin/reward-score.js ${line}`, jsonl], {
    cwd: root,
    env: environment(),
  });
  let stderr = '';
  shell.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(shell, 'close')) as [number];
  return { code, stderr };
}
