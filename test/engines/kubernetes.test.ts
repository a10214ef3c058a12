/**
 * examples/kubernetes without a cluster: manifests against the schemas, their commands run as the Job's controller would
 * run them, and the image's steps in a plain folder.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { jsonlRows } from '../support/fault-runs.js';
import { environment, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';
import { Latch, missing } from './latch.js';
import { besidePython, missingModules, runPython } from './python.js';

const run = promisify(execFile);
const example = (name: string): string => join(root, 'examples/kubernetes', name);
const model = join(root, 'fixtures/tiny-gpt2');

interface Job {
  readonly spec: {
    readonly completions?: number;
    readonly podFailurePolicy: {
      readonly rules: readonly { readonly action: string; readonly onExitCodes?: { readonly values: number[] } }[];
    };
    readonly template: {
      readonly spec: {
        readonly containers: readonly [
          {
            readonly command: readonly string[];
            readonly env: readonly { readonly name: string; readonly value: string }[];
          },
        ];
      };
    };
  };
}

async function readJob(name: string): Promise<Job> {
  const { stdout } = await runPython(
    '-c',
    'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))',
    example(name),
  );
  return JSON.parse(stdout) as Job;
}

describe('manifests', { skip: missingModules('kubernetes_validate', 'yaml') ?? false }, () => {
  const folder = temporaryDirectory();
  const latch = new Latch(folder);
  const input = writeFile(folder, 'chats.jsonl', jsonlRows(20_000));

  /** Runs the container's command, its volume being the folder. */
  function startPod(job: Job, variables: Readonly<Record<string, string>> = {}, before: readonly string[] = []) {
    const [{ command, env }] = job.spec.template.spec.containers;
    const [program = '', ...args] = [...before, ...command];
    return spawnSync(program, args, {
      cwd: folder,
      encoding: 'utf8',
      env: {
        ...environment(),
        PATH: `${latch.bin}${delimiter}${process.env.PATH}`,
        REWARD_SCORE_MODEL: model,
        ...Object.fromEntries(env.map(({ name, value }) => [name, value.replace(/^\/data\b/, folder)])),
        ...variables,
      },
    });
  }

  const validate = (path: string, version: string) =>
    runPython('-m', 'kubernetes_validate', '--strict', '--quiet', '-k', version, path);

  // backoffLimitPerIndex is there by default from 1.29 on.
  for (const version of ['1.29', '1.33', '1.37']) {
    test(`are what Kubernetes ${version} expects`, async () => {
      for (const name of ['score.yaml', 'merge.yaml']) await validate(example(name), version);
      const misspelt = readFileSync(example('score.yaml'), 'utf8').replace('backoffLimitPerIndex', 'backoffLimitIndex');
      await assert.rejects(validate(writeFile(folder, 'misspelt.yaml', misspelt), version));
    });
  }

  test('a pod is killed in the middle, another goes on, and the shards are joined to the bytes of one run', async () => {
    const [score, merge] = [await readJob('score.yaml'), await readJob('merge.yaml')];
    const { value } = score.spec.template.spec.containers[0].env.find(({ name }) => name === 'SHARDS') ?? {};
    assert.equal(value, `${score.spec.completions}`);
    const SHARDS = '4'; // of fewer rows than a cluster is for
    for (let index = 0; index < Number(SHARDS); index++) {
      const variables = { JOB_COMPLETION_INDEX: `${index}`, SHARDS, REWARD_SCORE_WORKERS: '1' };
      if (index === 1) {
        latch.arm('score:1:SIGKILL');
        assert.equal(startPod(score, variables).signal, 'SIGKILL');
        const early = startPod(merge, { SHARDS });
        assert.equal(early.status, 2, early.stderr);
        assert.match(early.stderr, /2-scored\.jsonl/);
      }
      const pod = startPod(score, variables);
      assert.equal(pod.status, 0, pod.stderr);
    }
    const pod = startPod(merge, { SHARDS });
    assert.equal(pod.status, 0, pod.stderr);
    const whole = await rewardScore(['-q', '-m', model, input]);
    assert.ok(readFileSync(join(folder, 'scored.jsonl')).equals(whole.bytes));
  });

  test('wrong use, in the code that the policy names, fails the Job', async () => {
    const score = await readJob('score.yaml');
    const pod = startPod(score, { JOB_COMPLETION_INDEX: '0', INPUT: 'no-such-file.jsonl', OUTPUT: 'other.jsonl' });
    const rule = score.spec.podFailurePolicy.rules.find(({ action }) => action === 'FailJob');
    assert.deepEqual(rule?.onExitCodes?.values, [pod.status]);
  });

  const namespaces = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
  const apart = spawnSync(namespaces[0] as string, [...namespaces.slice(1), 'true']).status === 0;
  describe('as process 1 of its container', { skip: apart ? false : 'no process namespaces can be made' }, () => {
    for (const [what, fault] of [
      ['before it has begun', 'load:0:SIGTERM'],
      ['in the middle', 'score:1:SIGTERM'],
      ['twice', 'score:1:SIGTERM:twice'],
    ] as const) {
      test(`told to go ${what}: no success`, async () => {
        const score = await readJob('score.yaml');
        const variables = { JOB_COMPLETION_INDEX: '0', SHARDS: '1', OUTPUT: join(folder, what, 'out.jsonl') };
        latch.arm(fault);
        const pod = startPod(score, { ...variables, REWARD_SCORE_WORKERS: '1' }, namespaces);
        assert.equal(latch.claimed(), 1);
        assert.equal(pod.status, 143, pod.stderr);
        const next = startPod(score, variables, namespaces);
        assert.equal(next.status, 0, next.stderr);
      });
    }
  });
});

const dockerfile = readFileSync(example('Dockerfile'), 'utf8');

test('the Dockerfile: hadolint finds nothing', { skip: missing(besidePython('hadolint')) ?? false }, async () => {
  await run(besidePython('hadolint'), [example('Dockerfile')]);
});

test('the Dockerfile: its version is the package’s', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  assert.match(dockerfile, new RegExp(`^ARG VERSION=${version.replaceAll('.', '\\.')}$`, 'm'));
});

test('the Dockerfile: its steps, in a plain folder, leave a model that is not prepared again', async (t) => {
  const folder = temporaryDirectory();
  const bin = join(folder, 'bin');
  const cache = join(folder, 'cache');
  mkdirSync(cache);
  execFileSync(process.execPath, [join(root, 'packaging/pack-all.mjs'), '--folders', folder]);
  const packages = ['reward-score', `reward-score-onnxruntime-${process.platform}-${process.arch}`];
  const env = {
    ...environment({ REWARD_SCORE_CACHE: cache, REWARD_SCORE_MODEL: model, REWARD_SCORE_OFFLINE: '1' }),
    // npm knows the registry's certificate by it where a proxy stands in between.
    NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS,
    npm_config_prefix: folder,
    npm_config_cache: join(folder, 'npm'),
    PATH: `${bin}${delimiter}${process.env.PATH}`,
  };
  const steps = [...dockerfile.matchAll(/^RUN (.*)$/gm)].map(([, command = '']) =>
    command
      .replace('"reward-score@$VERSION"', `--install-links ${packages.map((name) => join(folder, name)).join(' ')}`)
      .replace(' /model ', ` ${model} `),
  );
  assert.equal(steps.length, 2);
  for (const step of steps) {
    const { status, stderr } = spawnSync('sh', ['-c', step], { env, cwd: folder, encoding: 'utf8' });
    if (status !== 0 && /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/.test(stderr)) {
      return t.skip('the registry cannot be reached');
    }
    assert.equal(status, 0, stderr);
  }
  const prepared = readdirSync(cache, { recursive: true }).sort();
  assert.ok(prepared.length > 2);
  const { stdout } = await run(join(bin, 'reward-score'), [join(root, 'fixtures/conversations.jsonl')], { env });
  assert.equal(stdout.trimEnd().split('\n').length, 6);
  assert.deepEqual(readdirSync(cache, { recursive: true }).sort(), prepared);
});
