/** What the README shows is what the program does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { jsonLines, rewardScore, root } from './support/run.js';

const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The code block after a comment like <!-- output: score -->. */
function block(marker: string): string {
  const found = new RegExp(`<!-- ${marker} -->\n\`\`\`\\w*\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1];
  assert.ok(found, `no block ${marker} in the README`);
  return found;
}

/** Equal but for the last digits of numbers, which another processor may round in another way. */
function assertAlike(actual: unknown, expected: unknown, at: string): void {
  if (typeof expected === 'number' && typeof actual === 'number') {
    assert.ok(
      Math.abs(actual - expected) <= 1e-5 * Math.max(1, Math.abs(expected)),
      `${at}: ${actual}, not ${expected}`,
    );
  } else if (typeof expected === 'object' && expected !== null && typeof actual === 'object' && actual !== null) {
    assert.deepEqual(Object.keys(actual), Object.keys(expected), at);
    for (const [key, value] of Object.entries(expected)) {
      assertAlike((actual as Record<string, unknown>)[key], value, `${at}.${key}`);
    }
  } else {
    assert.equal(actual, expected, at);
  }
}

test('the command for the main job prints what stands below it', async () => {
  const command = block('command: score').trim();
  const program = 'node bin/reward-score.js ';
  assert.ok(command.includes(program), command);
  const run = await rewardScore(command.slice(command.indexOf(program) + program.length).split(' '));
  assert.equal(run.code, 0);
  assert.match(run.stderr, /no model named: using a tiny random-weight placeholder, whose rewards mean nothing/);
  assertAlike(jsonLines(run.stdout), jsonLines(block('output: score')), 'output');
});

test('the bad row is written as shown', async () => {
  const shown = /```jsonl\n(\{"text":"","reward":null.*)\n```/.exec(readme)?.[1];
  const run = await rewardScore(['-q'], { stdin: '{"text":""}\n' });
  assert.equal(run.stdout, `${shown}\n`);
  assert.equal(run.code, 3);
});

test('every flag it names exists', async () => {
  const helps = await Promise.all(
    [['score'], ['model', 'check']].map((command) => rewardScore([...command, '--help'])),
  );
  const help = helps.map(({ stdout }) => stdout).join('');
  const flags = new Set(readme.match(/(?<![\w-])--[a-z][a-z-]+/g));
  for (const flag of ['--ignore-scripts', '--rows', '--workload']) flags.delete(flag); // npm's, and the oracle's
  assert.ok(flags.size > 8);
  for (const flag of flags) assert.ok(help.includes(`${flag} `), `${flag} is not in --help`);
});
