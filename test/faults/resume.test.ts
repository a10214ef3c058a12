/** What a resumed run scores, what it refuses, and what it takes for the same work. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { hurried, jsonlRows, scoredOf } from '../support/fault-runs.js';
import { rewardScore, start, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();

const folder = temporaryDirectory();
const rows = jsonlRows(17_000);
const input = join(folder, 'rows.jsonl');
const output = join(folder, 'out.jsonl');
const partial = `${output}.partial`;
const runFile = `${output}.run.json`;
const log = join(folder, 'log');
const args = ['-q', '-j', '1', input, '-o', output];

const again = (...more: string[]) => rewardScore([...args, '--resume', ...more], { ...hurried({ FAULT_LOG: log }) });
const scored = async (path = input): Promise<Buffer> => (await rewardScore(['-q', path])).bytes;
const restart = (): void => {
  for (const path of [output, partial, runFile, log]) rmSync(path, { force: true });
  writeFileSync(input, rows);
};
beforeEach(restart);

/** Dies in the middle of writing its third window. */
async function halfDone(): Promise<void> {
  const run = await rewardScore(args, hurried({ FAULT_KILL: '20:half' }));
  assert.equal(run.signal, 'SIGKILL', run.stderr);
  const { done } = JSON.parse(readFileSync(runFile, 'utf8')) as { done: { windows: number } };
  assert.ok(done.windows > 0, 'some of the work is done');
}

describe('what is scored', () => {
  test('the windows that were missing, and no other', async () => {
    await rewardScore(args, hurried({ FAULT_LOG: log }));
    const all = scoredOf(log);
    restart();
    await halfDone();
    const { done } = JSON.parse(readFileSync(runFile, 'utf8')) as { done: { windows: number } };
    const run = await again();
    assert.equal(run.code, 3, run.stderr);
    assert.deepEqual(scoredOf(log), all.slice(done.windows));
    assert.ok(readFileSync(output).equals(await scored()));
  });

  test('of a finished run nothing, and no model is loaded', async () => {
    await rewardScore(args);
    const before = readFileSync(output);
    const run = await again();
    assert.equal(run.code, 3, run.stderr);
    assert.doesNotMatch(readFileSync(log, 'utf8'), /worker:(load|score)|rename|write/);
    assert.ok(readFileSync(output).equals(before));
  });

  test('of a finished run that was limited, the rest', async () => {
    await rewardScore([...args, '--limit', '10']);
    assert.equal(readFileSync(output, 'utf8').split('\n').length, 11);
    const run = await again();
    assert.equal(run.code, 3, run.stderr);
    assert.ok(readFileSync(output).equals(await scored()));
  });
});

describe('grown input is gone on with', () => {
  const grown = async (then: string, now: string): Promise<void> => {
    writeFileSync(input, then);
    await rewardScore(args);
    writeFileSync(input, now);
    const run = await again();
    assert.ok(run.code === 0 || run.code === 3, run.stderr);
    assert.ok(readFileSync(output).equals(await scored()));
  };
  test('rows were appended', () => grown(jsonlRows(5000), jsonlRows(10_000)));
  test('the last line was completed', () => grown(rows.slice(0, 330_011), rows));
  test('the last line was completed, and it is the last of its window', () => {
    const window = jsonlRows(4096).trimEnd();
    return grown(window.slice(0, -3), `${window}\n"more"\n`);
  });
  test('there was nothing', () => grown('', rows));
  test('while it was unfinished', async () => {
    await halfDone();
    appendFileSync(input, jsonlRows(3000, 17_000));
    assert.equal((await again()).code, 3);
    assert.ok(readFileSync(output).equals(await scored()));
  });
  test('a file was added', async () => {
    await rewardScore(args);
    const added = writeFile(folder, 'added.jsonl', jsonlRows(2000));
    const run = await rewardScore(['-q', input, added, '-o', output, '--resume']);
    assert.equal(run.code, 3, run.stderr);
    assert.ok(readFileSync(output).equals((await rewardScore(['-q', input, added])).bytes));
  });
});

describe('refused, and nothing is touched', () => {
  const changed = (at: number): string => `${rows.slice(0, at)}#${rows.slice(at + 1)}`;
  for (const [what, change, more, message] of [
    ['a changed byte that was scored', () => writeFileSync(input, changed(2000)), [], /rows\.jsonl has other bytes/],
    ['a cut input', () => truncateSync(input, 400_000), [], /had \d+ bytes and has 400000/],
    ['another length', () => undefined, ['--max-length', '64'], /--max-length was 256 and is 64/],
    ['another side', () => undefined, ['--truncation-side', 'right'], /--truncation-side was left and is right/],
    ['another reserve', () => undefined, ['--reserve', '64'], /--reserve was 0 and is 64/],
    ['another activation', () => undefined, ['--activation', 'sigmoid'], /--activation was none and is sigmoid/],
    ['another template', () => undefined, ['--template', 'chatml'], /--template was none and is chatml/],
    ['another field', () => undefined, ['--text', 'id'], /--text was none and is id/],
    ['another reward field', () => undefined, ['--reward-field', 'r'], /--reward-field was reward and is r/],
    ['details', () => undefined, ['--details'], /--details was false and is true/],
    ['another output format', () => undefined, ['--to', 'scores'], /--to was jsonl and is scores/],
    ['another policy', () => undefined, ['--on-error', 'skip'], /--on-error was null and is skip/],
    ['an errors file', () => undefined, ['--errors', join(folder, 'errors')], /--errors was false and is true/],
    ['no run file', () => rmSync(runFile), [], /cannot be gone on with, as .*run\.json is not beside it/],
    ['half a run file', () => truncateSync(runFile, 500), [], /expected the state of a run of this version/],
    ['another kind of run file', () => writeFileSync(runFile, '{"form":99}'), [], /run of this version/],
    ['a shorter output', () => truncateSync(partial, 1000), [], /expected \d+ bytes or more.* got 1000/],
  ] as const) {
    test(what, async () => {
      await halfDone();
      change();
      const before = readFileSync(partial);
      const run = await again(...more);
      assert.equal(run.code, 2, run.stderr);
      assert.match(run.stderr, message);
      assert.equal(run.stderr.trimEnd().split('\n').length, 1, run.stderr);
      assert.ok(readFileSync(partial).equals(before));
      assert.deepEqual(scoredOf(log), []);
    });
  }

  test('fewer inputs', async () => {
    const other = writeFile(folder, 'other.jsonl', jsonlRows(10));
    await rewardScore(['-q', input, other, '-o', output]);
    const run = await again();
    assert.equal(run.code, 2, run.stderr);
    assert.match(run.stderr, /the input .*other\.jsonl is missing/);
  });
});

test('a byte that changed before it was scored: refused, or as if it had always been so', async () => {
  await halfDone();
  const at = 600_000 + rows.slice(600_000).indexOf('hello');
  writeFileSync(input, `${rows.slice(0, at)}j${rows.slice(at + 1)}`);
  const run = await again();
  // Of a file that is not read again, only samples are compared.
  if (run.code === 2) assert.match(run.stderr, /has other bytes than it had/);
  else assert.ok(readFileSync(output).equals(await scored()));
});

test('workers, progress and summary may differ; what stands after the work is cut off', async () => {
  await halfDone();
  appendFileSync(partial, 'rubbish');
  const run = await again('-j', '3', '--no-progress', '--summary', join(folder, 'summary'));
  assert.equal(run.code, 3, run.stderr);
  assert.ok(readFileSync(output).equals(await scored()));
});

test('an errors file asked for later is asked for from then on', async () => {
  writeFileSync(input, jsonlRows(17_000).replaceAll('{"text": ""}', '"good"').replaceAll('{"text": \n', '"good"\n'));
  appendFileSync(input, '{"text": ""}\n'.repeat(10_000));
  await halfDone();
  const errors = join(folder, 'later.errors');
  const limited = await again('--errors', errors, '--max-errors', '9000');
  assert.equal(limited.code, 1, limited.stderr);
  const without = await again();
  assert.equal(without.code, 2, without.stderr);
  assert.match(without.stderr, /--errors was true and is false/);
});

test('without --resume unfinished work is refused; --overwrite starts anew', async () => {
  await halfDone();
  const refused = await rewardScore(args);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /--resume goes on with it, --overwrite throws it away/);
  const run = await rewardScore([...args, '--overwrite']);
  assert.equal(run.code, 3, run.stderr);
  assert.ok(readFileSync(output).equals(await scored()));
});

test('a file of the name is replaced only when the new one is whole', async () => {
  writeFileSync(output, 'precious');
  await halfDone();
  assert.equal(readFileSync(output, 'utf8'), 'precious');
  assert.equal((await again()).code, 3);
  assert.ok(readFileSync(output).equals(await scored()));
});

test('a second process on the same output is refused, whatever its flags', async () => {
  const child = start(['-q', '-', '-o', output]);
  child.stdin?.write(jsonlRows(4200));
  while (!existsSync(partial) || readFileSync(partial).length === 0) await new Promise((go) => setImmediate(go));
  for (const flag of [[], ['--resume'], ['--overwrite']]) {
    const run = await rewardScore(['-q', '-', '-o', output, ...flag], { stdin: '"other"\n' });
    assert.equal(run.code, 2, `${flag}: ${run.stderr}`);
  }
  child.stdin?.end();
  await new Promise((resolve) => child.once('close', resolve));
  assert.ok(readFileSync(output).equals((await rewardScore(['-q'], { stdin: jsonlRows(4200) })).bytes));
});
