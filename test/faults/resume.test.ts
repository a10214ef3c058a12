/** What a resumed run scores, what it refuses, and what it takes for the same work. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { runBinary, start } from '../support/binary.js';
import { hurried, jsonlRows, scoredOf } from '../support/fault-runs.js';
import { temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();

const folder = temporaryDirectory();
const rows = jsonlRows(17_000);
const input = join(folder, 'rows.jsonl');
const output = join(folder, 'out.jsonl');
const partial = `${output}.partial`;
const runFile = `${output}.run.json`;
const log = join(folder, 'log');
const args = ['-q', '-j', '1', input, '-o', output];

const again = (...more: string[]) => runBinary([...args, '--resume', ...more], { ...hurried({ FAULT_LOG: log }) });
const scored = async (path = input): Promise<Buffer> => (await runBinary(['-q', path])).bytes;
const restart = (): void => {
  for (const path of [output, partial, runFile, log]) rmSync(path, { force: true });
  writeFileSync(input, rows);
};
beforeEach(restart);

/** Dies in the middle of writing its third window. */
async function halfDone(): Promise<void> {
  const run = await runBinary(args, hurried({ FAULT_KILL: '20:half' }));
  assert.equal(run.signal, 'SIGKILL', run.stderr);
  const { done } = JSON.parse(readFileSync(runFile, 'utf8')) as { done: { windows: number } };
  assert.ok(done.windows > 0, 'some of the work is done');
}

describe('what is scored', () => {
  test('the windows that were missing, and no other', async () => {
    await runBinary(args, hurried({ FAULT_LOG: log }));
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
    await runBinary(args);
    const before = readFileSync(output);
    const run = await again();
    assert.equal(run.code, 3, run.stderr);
    assert.doesNotMatch(readFileSync(log, 'utf8'), /worker:(load|score)|rename|write/);
    assert.ok(readFileSync(output).equals(before));
  });

  test('of a finished run that was limited, the rest', async () => {
    await runBinary([...args, '--limit', '10']);
    assert.equal(readFileSync(output, 'utf8').split('\n').length, 11);
    const run = await again();
    assert.equal(run.code, 3, run.stderr);
    assert.ok(readFileSync(output).equals(await scored()));
  });
});

describe('grown input is gone on with', () => {
  const grown = async (then: string, now: string): Promise<void> => {
    writeFileSync(input, then);
    await runBinary(args);
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
    await runBinary(args);
    const added = writeFile(folder, 'added.jsonl', jsonlRows(2000));
    const run = await runBinary(['-q', input, added, '-o', output, '--resume']);
    assert.equal(run.code, 3, run.stderr);
    assert.ok(readFileSync(output).equals((await runBinary(['-q', input, added])).bytes));
  });
});

/** The place where the output ends is off by a few bytes. */
function shiftOutput(): void {
  const state = JSON.parse(readFileSync(runFile, 'utf8')) as { done: { output: { bytes: number } } };
  state.done.output.bytes += 7;
  writeFileSync(runFile, JSON.stringify(state));
}

describe('refused, and nothing is touched', () => {
  const changed = (at: number): string => `${rows.slice(0, at)}#${rows.slice(at + 1)}`;
  for (const [what, change, more, message] of [
    ['a changed byte that was scored', () => writeFileSync(input, changed(2000)), [], /rows\.jsonl has other bytes/],
    ['a cut input', () => truncateSync(input, 400_000), [], /had \d+ bytes and has 400000/],
    ['another length', () => undefined, ['--max-length', '64'], /--max-length was 256 and is 64/],
    ['another side', () => undefined, ['--truncation-side', 'right'], /--truncation-side was left and is right/],
    ['another reserve', () => undefined, ['--reserve', '64'], /--reserve was 0 and is 64/],
    ['another activation', () => undefined, ['--activation', 'sigmoid'], /--activation was none and is sigmoid/],
    ['another template', () => undefined, ['--template', 'chatml'], /--template was chai and is chatml/],
    ['another field', () => undefined, ['--text', 'id'], /--text was none and is id/],
    ['another reward field', () => undefined, ['--reward-field', 'r'], /--reward-field was reward and is r/],
    ['details', () => undefined, ['--details'], /--details was false and is true/],
    ['another output format', () => undefined, ['--to', 'scores'], /--to was jsonl and is scores/],
    ['another policy', () => undefined, ['--on-error', 'skip'], /--on-error was null and is skip/],
    ['an errors file', () => undefined, ['--errors', join(folder, 'errors')], /--errors was none and is \/.*errors/],
    ['no run file', () => rmSync(runFile), [], /cannot be gone on with, as .*run\.json is not beside it/],
    ['half a run file', () => truncateSync(runFile, 500), [], /expected the state of a run of this version/],
    [
      'a changed run file',
      shiftOutput,
      [],
      /expected what a run wrote there, got something that was changed or damaged/,
    ],
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
    await runBinary(['-q', input, other, '-o', output]);
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
  assert.match(without.stderr, /--errors was \/.*later\.errors and is none/);
});

test('without --resume unfinished work is refused; --overwrite starts anew', async () => {
  await halfDone();
  const refused = await runBinary(args);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /--resume goes on with it, --overwrite throws it away/);
  const run = await runBinary([...args, '--overwrite']);
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

test('another list of failures is refused, and is not touched', async () => {
  const errors = join(folder, 'first.errors');
  const other = writeFile(folder, 'other.errors', readFileSync(input).subarray(0, 200_000));
  const run = await runBinary([...args, '--errors', errors], hurried({ FAULT_KILL: '24' }));
  assert.equal(run.signal, 'SIGKILL', run.stderr);
  const refused = await again('--errors', other);
  assert.equal(refused.code, 2, refused.stderr);
  assert.match(refused.stderr, /--errors was .*first\.errors and is .*other\.errors/);
  assert.equal(readFileSync(other).length, 200_000);
  assert.equal((await again('--errors', errors)).code, 3);
  const whole = await runBinary(['-q', input, '--errors', other]);
  assert.ok(readFileSync(output).equals(whole.bytes));
  assert.ok(readFileSync(errors).equals(readFileSync(other)));
});

/** Starts a run that stops between its look at the work and its first change, until `go` is there. */
function startHeld(go: string, ...more: string[]) {
  const heldLog = `${log}.${more.join('')}.${heldRuns++}`;
  const child = start([...args, ...more], hurried({ FAULT_LOG: heldLog, FAULT_HOLD: `open:.run.json.tmp:${go}` }));
  child.stderr?.resume();
  const closed = once(child, 'close').then(([code]) => code as number | null);
  const isHeld = (): boolean => existsSync(heldLog) && /^hold:/m.test(readFileSync(heldLog, 'utf8'));
  return { closed, isHeld, isOver: () => child.exitCode !== null };
}
let heldRuns = 0;

for (const [what, unfinished, first, second] of [
  ['two that resume', true, '--resume', '--resume'],
  ['two that start afresh', false, '--overwrite', '--overwrite'],
  ['one that resumes and one that starts afresh', true, '--resume', '--overwrite'],
] as const) {
  test(`of two runs at once one is refused, however slow the disk: ${what}`, async () => {
    if (unfinished) await halfDone();
    const go = join(folder, 'go');
    rmSync(go, { force: true });
    const runs = [startHeld(go, first), startHeld(go, second)];
    // Each is held at its first change, or has been refused.
    while (!runs.every(({ isHeld, isOver }) => isHeld() || isOver())) await setImmediate();
    writeFileSync(go, '');
    const codes = await Promise.all(runs.map(({ closed }) => closed));
    assert.deepEqual(codes.sort(), [2, 3]);
    assert.ok(readFileSync(output).equals(await scored()));
    assert.ok(!existsSync(`${output}.run.lock`));
  });
}

test('a second process on the same output is refused, whatever its flags', async () => {
  const child = start(['-q', '-', '-o', output]);
  child.stdin?.write(jsonlRows(4200));
  while (!existsSync(partial) || readFileSync(partial).length === 0) await setImmediate();
  for (const flag of [[], ['--resume'], ['--overwrite']]) {
    const run = await runBinary(['-q', '-', '-o', output, ...flag], { stdin: '"other"\n' });
    assert.equal(run.code, 2, `${flag}: ${run.stderr}`);
  }
  child.stdin?.end();
  await new Promise((resolve) => child.once('close', resolve));
  assert.ok(readFileSync(output).equals((await runBinary(['-q'], { stdin: jsonlRows(4200) })).bytes));
});
