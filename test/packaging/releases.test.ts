/**
 * What makes a release, short of publishing: the workflows' form and rights, the check of versions, the order in which packages
 * are published, and what the action runs. test/engines/releases.test.ts asks the linters, and runs the Dockerfile's steps.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { environment, root, temporaryDirectory, writeFile } from '../support/run.js';

interface Step {
  readonly uses?: string;
  readonly run?: string;
}
interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly if?: string;
  readonly needs?: string | readonly string[];
  readonly 'timeout-minutes'?: number;
  readonly uses?: string;
  readonly steps?: readonly Step[];
}
interface Workflow {
  readonly permissions: object;
  readonly concurrency: { readonly group: string };
  readonly jobs: Readonly<Record<string, Job>>;
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const readYaml = (path: string): unknown => parse(read(path));
const workflows = readdirSync(join(root, '.github/workflows')).map((name) => `.github/workflows/${name}`);

const importPackaging = (name: string): Promise<unknown> => import(pathToFileURL(join(root, 'packaging', name)).href);
const { checkRelease } = (await importPackaging('release-check.mjs')) as {
  checkRelease(root: string, tag?: string): { readonly problems: readonly string[]; readonly notes: string };
};
const { publish } = (await importPackaging('publish.mjs')) as {
  publish(
    directory: string,
    how: {
      readonly dryRun: boolean;
      readonly npm: (args: readonly string[]) => {
        readonly status: number;
        readonly stdout: string;
        readonly stderr: string;
      };
      readonly log: (text: string) => void;
    },
  ): void;
};

test('a job of a workflow has the rights it names and no others, and an end', () => {
  const rights: string[] = [];
  for (const path of workflows) {
    const { permissions, concurrency, jobs } = readYaml(path) as Workflow;
    assert.deepEqual(permissions, {}, path);
    assert.ok(concurrency.group, path);
    for (const [name, job] of Object.entries(jobs)) {
      assert.ok(job.permissions, `${path}: ${name}`);
      assert.ok(job.uses ?? job['timeout-minutes'], `${path}: ${name}`);
      for (const [what, right] of Object.entries(job.permissions)) {
        if (right !== 'read') rights.push(`${name}: ${what}`);
      }
    }
    assert.doesNotMatch(read(path), /\bsecrets\b/, `${path}: a release needs no secret`);
  }
  assert.deepEqual(rights, ['npm: id-token', 'pypi: id-token', 'image: packages', 'github-release: contents']);
});

test('nothing is published before all tests and installations, nor without a tag', () => {
  const { jobs } = readYaml('.github/workflows/release.yml') as Workflow;
  for (const name of ['npm', 'image']) assert.deepEqual(jobs[name]?.needs, ['test', 'install'], name);
  assert.equal(jobs.pypi?.needs, 'npm');
  assert.deepEqual(jobs['github-release']?.needs, ['npm', 'pypi', 'image']);
  for (const name of ['npm', 'pypi', 'github-release']) assert.equal(jobs[name]?.if, "github.ref_type == 'tag'", name);
});

test('actions are pinned by commit, each by one, and the base image by digest', () => {
  const pins = new Map<string, string>();
  for (const path of [...workflows, 'action.yml']) {
    for (const [, action = '', pin = ''] of read(path).matchAll(/uses: ([^@\s.][^@\s]*)@(.*)/g)) {
      assert.match(pin, /^[0-9a-f]{40} # v\d+\.\d+\.\d+$/, `${path}: ${action}`);
      assert.equal(pins.get(action) ?? pin, pin, `${path}: ${action}`);
      pins.set(action, pin);
    }
  }
  assert.ok(pins.size > 5);
  const dockerfile = read('Dockerfile');
  const images = [...dockerfile.matchAll(/^FROM (?:--\S+ )?(node:\S+)/gm)].map(([, image]) => image);
  assert.equal(images.length, 2);
  assert.equal(new Set(images).size, 1);
  assert.match(`${images[0]}`, /@sha256:[0-9a-f]{64}$/);
  // Both uses are there, and neither runs as root.
  assert.match(dockerfile, /^USER 1000:1000$[\s\S]*^FROM runtime AS serve$[\s\S]*^FROM runtime AS score$/m);
});

test('version, lock file and changelog agree', () => {
  assert.deepEqual(checkRelease(root).problems, []);
});

test('a release is refused for each thing that differs, and else its entries are printed', () => {
  const folder = temporaryDirectory();
  const write = (files: Readonly<Record<string, string>>) => {
    mkdirSync(join(folder, 'python'), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFile(folder, name, text);
  };
  const good = {
    'package.json': '{"version":"1.2.3"}',
    'package-lock.json': '{"version":"1.2.3","packages":{"":{"version":"1.2.3"}}}',
    'python/pyproject.toml': '[build-system]\nrequires = []\n\n[project]\nname = "reward-score"\nversion = "1.2.3"\n',
    'CHANGELOG.md':
      '# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-12-01\n\n- An entry.\n\n## [1.2.2] - 2026-11-01\n\n- Old.\n',
  };
  write(good);
  assert.deepEqual(checkRelease(folder, 'v1.2.3'), { problems: [], notes: '- An entry.' });
  assert.deepEqual(checkRelease(folder).problems, []);
  const refusals: readonly (readonly [Readonly<Record<string, string>>, string, RegExp])[] = [
    [{}, 'v1.2.4', /^tag: expected v1\.2\.3 .*, got v1\.2\.4$/],
    [
      { 'package.json': '{"version":"1.2.4"}' },
      'v1.2.4',
      /^package-lock[\s\S]*python\/pyproject[\s\S]*CHANGELOG\.md, the newest/,
    ],
    [{ 'python/pyproject.toml': '[project]\nname = "x"\n[tool.x]\nversion = "1.2.3"\n' }, 'v1.2.3', /pyproject.*none$/],
    [
      { 'CHANGELOG.md': good['CHANGELOG.md'].replace('eased]\n', 'eased]\n\n- More.\n') },
      'v1.2.3',
      /under \[Unreleased\]/,
    ],
    [{ 'CHANGELOG.md': good['CHANGELOG.md'].replace('- An entry.\n', '') }, 'v1.2.3', /expected entries under/],
    [{ 'CHANGELOG.md': '# Changelog\n\n## [Unreleased]\n' }, 'v1.2.3', /a section ## \[1\.2\.3\] - and the day/],
    [{ 'CHANGELOG.md': good['CHANGELOG.md'].replace(' - 2026-12-01', '') }, 'v1.2.3', /got ## \[1\.2\.3\]$/m],
  ];
  for (const [files, tag, message] of refusals) {
    write({ ...good, ...files });
    assert.match(checkRelease(folder, tag).problems.join('\n'), message);
  }
});

test('packages are published once, the platforms’ first', () => {
  const folder = temporaryDirectory();
  const packages = join(folder, 'packages');
  mkdirSync(packages);
  const [platform, second, program] = [
    'reward-score-onnxruntime-darwin-arm64-1.30.0.tgz',
    'reward-score-onnxruntime-linux-x64-1.30.0.tgz',
    'reward-score-1.2.3.tgz',
  ] as const;
  for (const name of [program, second, platform]) writeFile(packages, name, name);
  const there = new Map<string, string>();
  const publishAll = (dryRun = false): string => {
    let published = '';
    publish(packages, {
      dryRun,
      npm: ([command, ...args]) => {
        if (command === 'publish') published += `${args.join(' ')}\n`;
        const stdout = there.get(`${args[0]}`);
        const unknown = command === 'view' && stdout === undefined;
        return { status: unknown ? 1 : 0, stdout: stdout ?? '', stderr: unknown ? 'npm error code E404' : '' };
      },
      log: () => undefined,
    });
    return published;
  };
  const command = (name: string) => `${join(packages, name)} --access public --provenance`;
  assert.equal(publishAll(), [platform, second, program].map((name) => `${command(name)}\n`).join(''));
  there.set('reward-score-onnxruntime-linux-x64@1.30.0', '"sha512-another build"');
  assert.equal(publishAll(true), [platform, program].map((name) => `${command(name)} --dry-run\n`).join(''));
  there.set('reward-score@1.2.3', '"sha512-another build"');
  assert.throws(publishAll, /reward-score@1\.2\.3: npm has it with other bytes/);
  const own = createHash('sha512').update(program).digest('base64');
  there.set('reward-score@1.2.3', JSON.stringify(`sha512-${own}`));
  assert.equal(publishAll(), `${command(platform)}\n`);
  writeFile(packages, 'reward-score-1.2.4.tgz', '');
  assert.throws(publishAll, /once each, got .*1\.2\.4/);
});

test('the action: thresholds, report, summary and exit code', () => {
  const folder = temporaryDirectory();
  cpSync(join(root, 'fixtures/labelled.jsonl'), join(folder, 'labelled rows.jsonl'));
  const paths = { GITHUB_STEP_SUMMARY: join(folder, 'summary.md'), GITHUB_OUTPUT: join(folder, 'output') };
  const action = (inputs: Readonly<Record<string, string>>) => {
    for (const path of Object.values(paths)) writeFile(folder, path.slice(folder.length + 1), '');
    const program = { REWARD_SCORE_PROGRAM: join(root, 'bin/reward-score.js') };
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'packaging/eval-action.mjs')], {
      encoding: 'utf8',
      env: environment({ ...paths, ...inputs, ...program }),
    });
    const [summary, output] = Object.values(paths).map((path) => readFileSync(path, 'utf8'));
    return { code: status, stdout, stderr, summary, output };
  };
  const junit = join(folder, 'eval.xml');
  const files = { INPUT_FILES: `\n${join(folder, 'labelled rows.jsonl')}\n` };
  const good = action({
    ...files,
    INPUT_THRESHOLDS: 'auc >= 0.8\nece<=0.3\n',
    INPUT_FLAGS: '--group question',
    INPUT_JUNIT: junit,
  });
  assert.equal(good.code, 0, good.stderr + good.stdout);
  assert.equal(good.output, 'exit-code=0\n');
  assert.match(good.summary ?? '', /^### Reward model: passed\n\n```text\n[\s\S]*\bauc\b[\s\S]*\n```\n$/);
  assert.match(readFileSync(junit, 'utf8'), /tests="3"/);
  const missed = action({ ...files, INPUT_THRESHOLDS: 'auc >= 0.9', GITHUB_ACTIONS: 'true' });
  assert.deepEqual([missed.code, missed.output], [4, 'exit-code=4\n']);
  assert.match(missed.summary ?? '', /missed a threshold/);
  assert.match(missed.stdout, /^::error /m);
  assert.doesNotMatch(missed.summary ?? '', /::error/);
  const wrong = action({ ...files, INPUT_THRESHOLDS: 'auc > 0.9' });
  assert.deepEqual([wrong.code, wrong.output], [2, '']);
  assert.match(wrong.stdout, /^::error::thresholds: expected a line like "auc >= 0\.8" .*, got "auc > 0\.9"\n$/);
  // Every input reaches a step.
  const { inputs } = readYaml('action.yml') as { readonly inputs: object };
  for (const name of Object.keys(inputs)) assert.ok(read('action.yml').includes(`inputs.${name}`), name);
});
