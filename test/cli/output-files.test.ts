/** Where -o leads: links, what the system shows of open files, and names that a run keeps for itself. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { environment, jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

const directory = temporaryDirectory();
const rows = writeFile(directory, 'rows.jsonl', '{"text":"a"}\n{"text":"b"}\n');

test('a link is followed: the file that it leads to is replaced, and the link stays', async () => {
  const target = writeFile(directory, 'target.jsonl', 'old\n');
  const link = join(directory, 'link.jsonl');
  symlinkSync(target, link);
  const run = await rewardScore(['-q', rows, '-o', link]);
  assert.equal(run.code, 0, run.stderr);
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.equal(jsonLines(readFileSync(target, 'utf8')).length, 2);
  assert.ok(existsSync(`${target}.run.json`) && !existsSync(`${link}.run.json`));
  assert.match((await rewardScore([rows, '-o', link, '--resume'])).stderr, /is finished: nothing is left to do/);
});

test('a link to a file that is not there yet is followed too', async () => {
  const link = join(directory, 'dangling.jsonl');
  symlinkSync('later.jsonl', link);
  const run = await rewardScore(['-q', rows, '-o', link]);
  assert.equal(run.code, 0, run.stderr);
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.equal(jsonLines(readFileSync(join(directory, 'later.jsonl'), 'utf8')).length, 2);
});

test('--errors by a link to the output is refused, and the output stays', async () => {
  const output = writeFile(directory, 'precious.jsonl', 'precious');
  const link = join(directory, 'errors-link');
  symlinkSync(output, link);
  const run = await rewardScore([rows, '-o', output, '--errors', link]);
  assert.deepEqual(
    [run.code, run.stderr],
    [2, `reward-score: ${link}: expected --errors to be another file than --output\n`],
  );
  assert.equal(readFileSync(output, 'utf8'), 'precious');
});

/** A shell's exit code, standard output and standard error. */
async function shell(script: string): Promise<[number | null, string, string]> {
  const child = spawn('bash', ['-c', `set -o pipefail; ${script}`], { cwd: root, env: environment({}) });
  const texts = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      texts[stream] += chunk;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return [code, texts.stdout, texts.stderr];
}

test('/dev/stdout is standard output, into a pipe that closes and into a file', async () => {
  const many = writeFile(directory, 'many.jsonl', '{"text":"a"}\n'.repeat(20_000));
  const [code, stdout, stderr] = await shell(`node bin/reward-score.js -q '${many}' -o /dev/stdout | head -1`);
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(jsonLines(stdout).length, 1);
  const file = join(directory, 'shell.jsonl');
  const [code2] = await shell(`node bin/reward-score.js -q '${rows}' -o /dev/stdout > '${file}'`);
  assert.equal(code2, 0);
  assert.equal(jsonLines(readFileSync(file, 'utf8')).length, 2);
  assert.ok(existsSync('/dev/stdout') && !existsSync('/dev/stdout.run.json'));
});

for (const [flag, name] of [
  ['--summary', 'own.jsonl.run.json'],
  ['--errors', 'own.jsonl.partial'],
  ['--errors', 'own.jsonl'],
] as const) {
  test(`${flag} ${name} is the output's own file`, async () => {
    const output = join(directory, 'own.jsonl');
    const path = join(directory, name);
    const run = await rewardScore([rows, '-o', output, flag, path]);
    assert.deepEqual(
      [run.code, run.stderr],
      [2, `reward-score: ${path}: expected ${flag} to be another file than --output\n`],
    );
  });
}
