/** The example workflow: its commands are run as GitHub would, as far as that can be here. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Desk } from './support/desk.js';
import { root } from './support/run.js';

/** Commands that are not run, and why. */
const notRun: Readonly<Record<string, string>> = {
  'npm install --global reward-score': 'needs the registry, and would change this machine',
};

/** What stands after `run:`, on the same line or in a block under it. */
function commandsOf(workflow: string): string[] {
  const found = [...workflow.matchAll(/^( *)- run: (?:\|\n((?:\1 {4}.*\n)+)|(.+)\n)/gm)];
  return found.map(([, indentation = '', block, line]) =>
    (block ?? line ?? '').replaceAll(new RegExp(`^${indentation} {4}`, 'gm'), '').trimEnd(),
  );
}

test('the workflow for GitHub evaluates a fixture, and passes', async () => {
  const workflow = readFileSync(join(root, 'examples/github-actions/reward-model.yml'), 'utf8');
  const commands = commandsOf(workflow);
  assert.equal(commands.length, workflow.match(/\brun:/g)?.length);
  const runnable = commands.filter((command) => !Object.hasOwn(notRun, command));
  assert.deepEqual([commands.length - runnable.length, runnable.length], [Object.keys(notRun).length, 1]);
  const desk = await Desk.start();
  for (const command of runnable) {
    const printed = await desk.shell(`export GITHUB_ACTIONS=true\n${command}`);
    assert.match(printed, /^auc >= 0\.8 .* met$/m);
    assert.doesNotMatch(printed, /^::/m);
  }
  assert.match(await desk.shell('cat reward-model.xml'), /<testsuites .* tests="4" failures="0" errors="0">/);
});
