/** The workflows, the action and the image before the linters, and the Dockerfile's steps in a plain folder, without Docker. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { environment, root, temporaryDirectory, writeFile } from '../support/run.js';
import { missing } from './latch.js';
import { besidePython, python } from './python.js';

const run = promisify(execFile);

test('the Dockerfile: hadolint finds nothing', { skip: missing(besidePython('hadolint')) ?? false }, async () => {
  await run(besidePython('hadolint'), [join(root, 'Dockerfile')]);
});

test('workflows and the action: actionlint finds nothing', {
  skip: missing(besidePython('actionlint')) ?? false,
}, async () => {
  // It reads an action where a workflow uses it.
  const folder = temporaryDirectory();
  const workflows = join(folder, '.github/workflows');
  mkdirSync(workflows, { recursive: true });
  mkdirSync(join(folder, '.git'));
  copyFileSync(join(root, 'action.yml'), join(folder, 'action.yml'));
  for (const name of readdirSync(join(root, '.github/workflows'))) {
    copyFileSync(join(root, '.github/workflows', name), join(workflows, name));
  }
  copyFileSync(join(root, 'examples/github-actions/reward-model.yml'), join(workflows, 'example.yml'));
  const use = (input: string) => `on: push
jobs:
  eval:
    runs-on: ubuntu-24.04
    steps:
      - id: eval
        uses: ./
        with:
          ${input}: labelled.jsonl
      - run: echo \${{ steps.eval.outputs.exit-code }}
`;
  // actionlint runs shellcheck where it finds it.
  const options = { cwd: folder, env: { ...environment(), PATH: `${dirname(python)}${delimiter}${process.env.PATH}` } };
  writeFile(workflows, 'use.yml', use('files'));
  await run(besidePython('actionlint'), [], options);
  writeFile(workflows, 'use.yml', use('file'));
  await assert.rejects(run(besidePython('actionlint'), [], options), ({ stdout }) =>
    /"file" is not defined/.test(stdout),
  );
});

test('the Dockerfile: its steps leave a program for each processor', { skip: process.platform !== 'linux' }, () => {
  const folder = temporaryDirectory();
  execFileSync(process.execPath, [join(root, 'packaging/pack-all.mjs'), join(folder, 'packages')], { stdio: 'ignore' });
  const [, step = ''] = /^RUN ((?:.*\\\n)*.*)$/m.exec(readFileSync(join(root, 'Dockerfile'), 'utf8')) ?? [];
  assert.match(step, /tar -xzf/);
  for (const [processor, cpu] of [
    ['amd64', 'x64'],
    ['arm64', 'arm64'],
  ] as const) {
    const image = join(folder, processor);
    const here = step
      .replaceAll(' /packages/', ` ${folder}/packages/`)
      .replaceAll(/(?<=[ =])\/(opt|empty)\//g, `${image}/$1/`);
    const { status, stderr } = spawnSync('sh', ['-c', here], {
      encoding: 'utf8',
      env: { ...process.env, TARGETARCH: processor },
    });
    assert.equal(status, 0, stderr);
    const modules = join(image, 'opt/reward-score/node_modules');
    assert.deepEqual(readdirSync(modules).sort(), ['.bin', 'reward-score', `reward-score-onnxruntime-linux-${cpu}`]);
    if (cpu !== process.arch) continue;
    const env = environment({ REWARD_SCORE_CACHE: join(image, 'empty/reward-score'), REWARD_SCORE_OFFLINE: '1' });
    const program = spawnSync(join(modules, '.bin/reward-score'), [join(root, 'fixtures/conversations.jsonl')], {
      encoding: 'utf8',
      env,
    });
    assert.equal(program.status, 0, program.stderr);
    assert.equal(program.stdout.match(/^.*"reward.*$/gm)?.length, 6);
  }
  assert.equal(spawnSync('sh', ['-c', step], { env: { PATH: process.env.PATH } }).status, 2);
});
