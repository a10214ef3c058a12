/** What the documents show is what the program does: their commands are run, in order and as they are written. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Desk } from './support/desk.js';
import { documents, inlineCommandsOf, stepsOf } from './support/documents.js';
import { environment, root, temporaryDirectory } from './support/run.js';
import { assertSameText } from './support/same-text.js';

/** Commands (their beginnings) that are not run, and why. */
const notRun: Readonly<Record<string, string>> = {
  'npm ci': 'needs the registry',
  'npm install': 'needs the registry',
  'npx reward-score': 'needs the registry; .ci/run has it run what is packed',
  'npm run pack:all': 'takes a minute, and builds anew',
  'npm run build': 'would take away the program that is tested',
  'npm run build:test': 'would take away this test',
  'npm run test:run': 'is what runs this',
  'npm test': 'is what runs this',
  'npm run test:properties': 'takes minutes, and builds anew',
  'npm run test:faults': 'takes minutes, and builds anew',
  'npm run test:engines': 'sets up Slurm and Spark, and builds anew',
  'npm run test:reference': 'builds anew',
  'npm run bench': 'takes hours, and needs Python with torch',
  'npm run test:serve-load': 'builds anew, and takes a minute',
  'reward-score serve': 'does not end; test/serve has it run',
  docker: 'needs a daemon; test/engines runs the steps of the Dockerfile',
  curl: 'asks a server that is not there; test/serve does the same',
  'npm run docs:cli': 'builds anew; the page that it writes is compared below',
  'node docs/make-scale-page.mjs': 'the page that it writes is compared below',
  'node --test': 'is what runs this',
  '.ci/run': 'is what runs this',
};

/** Flags of other programs. */
const otherFlags = [
  '--enable-source-maps',
  '--ignore-scripts',
  '--test',
  '--data-binary',
  '--reward',
  '--array',
  '--target',
];

const skipped = new Set<string>();

/** What is left of `a && b` without the parts that are not run. */
function withoutNotRun(command: string): string {
  const parts = command.split(' && ').filter((part) => {
    const name = Object.keys(notRun).find((beginning) => part === beginning || part.startsWith(`${beginning} `));
    if (name !== undefined) skipped.add(name);
    return name === undefined;
  });
  return parts.join(' && ');
}

const runnable = (commands: readonly string[]): string[] => commands.map(withoutNotRun).filter((rest) => rest !== '');

describe('commands', { concurrency: 2 }, () => {
  for (const document of documents) {
    const steps = stepsOf(document).map((step) => ({
      ...step,
      commands: step.language === 'sh' ? runnable(step.commands) : step.commands,
    }));
    const inline = runnable(inlineCommandsOf(document));
    if (steps.every(({ commands }) => commands.length === 0) && inline.length === 0) continue;
    test(document.name, async (t) => {
      const desk = await Desk.start();
      for (const { language, commands, output } of steps) {
        let printed = '';
        for (const command of commands) {
          await t.test(language === 'js' ? 'a program' : command, async () => {
            printed += await (language === 'js' ? desk.node(command) : desk.shell(command));
          });
        }
        if (output !== undefined) await t.test('output', () => assertSameText(printed, output));
      }
      for (const command of inline) {
        await t.test(command, async () => {
          await desk.shell(command);
        });
      }
    });
  }
});

test('what is not run is still written somewhere', () => {
  assert.deepEqual([...skipped].sort(), Object.keys(notRun).sort());
});

test('every script of npm that they name exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  for (const { name, text } of documents) {
    for (const [, script] of text.matchAll(/\bnpm run ([\w:-]+)/g)) {
      assert.ok(Object.hasOwn(scripts, script as string), `${name}: npm run ${script}`);
    }
  }
});

test('docs/cli.md and the manual page are what the program says', () => {
  const folder = temporaryDirectory();
  execFileSync(process.execPath, [join(root, 'docs/make-cli-page.mjs'), folder], { env: environment() });
  for (const name of ['cli.md', 'reward-score.1']) {
    const committed = readFileSync(join(root, 'docs', name), 'utf8');
    const made = readFileSync(join(folder, name), 'utf8');
    assert.equal(committed, made, `docs/${name} is not what the program says: npm run docs:cli`);
  }
});

test('docs/scale.md and its note are what their formulas and measurements give', () => {
  const folder = temporaryDirectory();
  execFileSync(process.execPath, [join(root, 'docs/make-scale-page.mjs'), folder], { env: environment() });
  for (const name of ['scale.md', 'design/011-scale.md']) {
    assertSameText(readFileSync(join(folder, name), 'utf8'), readFileSync(join(root, 'docs', name), 'utf8'));
  }
});

test('every flag that they name exists', () => {
  const flagsOf = (text: string): string[] => [...new Set(text.match(/(?<![\w-])--[a-z][a-z-]+/g))];
  const known = [...flagsOf(readFileSync(join(root, 'docs/cli.md'), 'utf8')), ...otherFlags];
  assert.ok(known.length > 20);
  for (const { name, text } of documents) {
    const unknown = flagsOf(text).filter((flag) => !known.includes(flag));
    assert.deepEqual(unknown, [], name);
  }
});
