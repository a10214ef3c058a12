/** `doctor`: what it says of a machine where nothing is wrong, and where something is. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { rewardScore, temporaryDirectory, writeFile } from '../support/run.js';

const directory = temporaryDirectory();

interface Check {
  readonly name: string;
  readonly state: 'ok' | 'note' | 'wrong';
  readonly found: string;
  readonly meaning: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

let server: Server;
let endpoint: string;
const asked: { readonly method: string | undefined; readonly authorization: string | undefined }[] = [];
let status = 200;

before(async () => {
  server = createServer(({ method, headers: { authorization } }, response) => {
    asked.push({ method, authorization });
    response.writeHead(status).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());

/** A port of this machine on which nobody listens. */
const CLOSED = 'http://127.0.0.1:9191';

const TOKEN = 'hf_secret_of_this_test';

async function doctor(env: Readonly<Record<string, string>>, ...flags: readonly string[]) {
  const run = await rewardScore(['doctor', '--json', ...flags], {
    env: { HF_HOME: join(directory, 'hub'), HF_ENDPOINT: endpoint, ...env },
  });
  assert.ok(!`${run.stdout}${run.stderr}`.includes(TOKEN), 'a token is never shown');
  const { checks, wrong } = JSON.parse(run.stdout) as { checks: readonly Check[]; wrong: readonly string[] };
  assert.deepEqual(
    wrong,
    checks.filter(({ state }) => state === 'wrong').map(({ name }) => name),
  );
  for (const { found, meaning } of checks) assert.ok(found !== '' && meaning.length > 20);
  return { code: run.code, wrong, of: (name: string) => checks.find((check) => check.name === name) as Check };
}

test('nothing is wrong: the bundled model gives its recorded reward, and the hub answers without a token', async () => {
  const { code, wrong, of } = await doctor({ HF_TOKEN: TOKEN });
  assert.deepEqual([code, wrong], [0, []]);
  const { reward, recorded } = of('reward').facts as { reward: number; recorded: number };
  assert.ok(Math.abs(reward - recorded) < 1e-5);
  assert.deepEqual(asked, [{ method: 'HEAD', authorization: undefined }]);
  assert.equal(of('token').facts.source, 'HF_TOKEN');
  assert.ok((of('cores').facts.cores as number) >= 1 && (of('memory').facts.freeBytes as number) > 0);
  assert.match(of('onnxruntime').facts.version as string, /^\d+\.\d+\.\d+$/);
});

describe('something is wrong', () => {
  const cases: readonly (readonly [
    name: string,
    env: () => Readonly<Record<string, string>>,
    wrong: readonly string[],
    found: RegExp,
  ])[] = [
    ['a hub out of reach', () => ({ HF_ENDPOINT: CLOSED }), ['hub'], /cannot be reached/],
    ['a variable of the hub', () => ({ HF_ENDPOINT: 'ftp://hub' }), ['hub'], /expected HF_ENDPOINT to be an http/],
    [
      'a cache that cannot be made',
      () => ({ REWARD_SCORE_CACHE: join(writeFile(directory, 'a-file', ''), 'cache') }),
      ['cache'],
      /a-file\/cache: no prepared models yet/,
    ],
    // Its permissions let root write, and yet nothing can be made there.
    ...(process.platform === 'linux'
      ? [
          [
            'a cache where there are no files',
            () => ({ REWARD_SCORE_CACHE: '/sys/no' }),
            ['cache'],
            /\/sys\/no/,
          ] as const,
        ]
      : []),
  ];
  for (const [name, env, wrong, found] of cases) {
    test(name, async () => {
      const result = await doctor(env());
      assert.equal(result.code, 3);
      assert.deepEqual(result.wrong.slice(0, 1), wrong);
      assert.match(result.of(wrong[0] as string).found, found);
    });
  }

  test('an answer that says so', async () => {
    status = 503;
    const { code, of } = await doctor({});
    status = 200;
    assert.equal(code, 3);
    assert.match(of('hub').found, /answers with status 503/);
  });
});

test('--offline asks nobody', async () => {
  asked.length = 0;
  const { code, of } = await doctor({ HF_ENDPOINT: endpoint }, '--offline');
  assert.deepEqual([code, asked], [0, []]);
  assert.match(of('hub').found, /not asked \(--offline\)/);
});

test('in words it fits a terminal, and --quiet leaves out what is right', async () => {
  const env = { HF_HUB_OFFLINE: '1', HF_HOME: '/tmp/h', REWARD_SCORE_CACHE: directory };
  const { stdout } = await rewardScore(['doctor'], { env, terminal: { columns: 60 } });
  const plain = stripVTControlCharacters(stdout);
  for (const line of plain.trimEnd().split('\n')) assert.ok(line.length <= 60, line);
  assert.match(plain, /^ok {5}reward {7}1\.34131\d* for a text whose reward is$/m);
  const quiet = await rewardScore(['doctor', '-q'], { env: { HF_ENDPOINT: CLOSED } });
  assert.equal(quiet.code, 3);
  assert.match(quiet.stdout, /^wrong {2}hub /m);
  assert.doesNotMatch(quiet.stdout, /^ok /m);
});
