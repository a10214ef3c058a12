/** Several processes and one cache, each a program of its own. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { serve, sha256 } from '../support/hub-double.js';
import { HubFixture, weights } from '../support/hub-fixture.js';
import { root } from '../support/run.js';

interface Program {
  readonly child: ChildProcess;
  /** What it printed. */
  readonly end: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

function start(fixture: HubFixture): Program {
  const child = spawn(process.execPath, [join(root, 'test/support/resolve-hub-model.mjs'), 'org/model'], {
    env: { PATH: process.env.PATH, ...fixture.variables },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const text = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (chunk: string) => {
      text[stream] += chunk;
    });
  }
  return { child, end: once(child, 'close').then(([code]) => ({ code, ...text })) };
}

const rangesAtStorage = ({ hub }: HubFixture): (string | undefined)[] =>
  hub.requests.filter(({ by }) => by === 'storage').map(({ range }) => range);

/** The storage sends half of the weights to whom asks for all, and holds the rest back. */
function holdBack(fixture: HubFixture): ServerResponse[] {
  const held: ServerResponse[] = [];
  fixture.hub.intercept = ({ by, range }, response) => {
    if (by !== 'storage' || range !== undefined) return false;
    held.push(response);
    response.writeHead(200, { 'content-length': weights.length });
    response.write(weights.subarray(0, weights.length / 2));
    return true;
  };
  return held;
}

const arrival = ({ child }: Program, bytes: number): Promise<void> =>
  new Promise((resolve) => {
    child.on('message', (doneBytes: number) => {
      if (doneBytes >= bytes) resolve();
    });
  });

async function assertGood(fixture: HubFixture, { end }: Program): Promise<void> {
  const { code, stdout, stderr } = await end;
  assert.deepEqual([code, stderr], [0, '']);
  // Nothing but the program's own line.
  const { directory, revision } = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual([directory, revision], [fixture.snapshot, fixture.hub.commit]);
  assert.ok(readFileSync(join(fixture.snapshot, 'model.safetensors')).equals(weights));
}

const assertNothingLeft = ({ modelDirectory }: HubFixture): void =>
  assert.deepEqual(
    readdirSync(join(modelDirectory, 'blobs')).filter((name) => name.includes('.')),
    [],
  );

test('one that is killed is gone on with by the next', async () => {
  const fixture = await HubFixture.start();
  holdBack(fixture);
  const killed = start(fixture);
  await arrival(killed, weights.length / 2);
  killed.child.kill('SIGKILL');
  await killed.end;
  await assertGood(fixture, start(fixture));
  assert.deepEqual(rangesAtStorage(fixture), [undefined, `bytes=${weights.length / 2}-`]);
  assertNothingLeft(fixture);
});

test('one that comes later waits for the first, and downloads nothing', async () => {
  const fixture = await HubFixture.start();
  const held = holdBack(fixture);
  const first = start(fixture);
  await arrival(first, weights.length / 2);
  // It watches the first one's file grow, and waits: then the first may go on.
  const model = fixture.resolve({
    async onPause() {
      held.pop()?.end(weights.subarray(weights.length / 2));
      await first.end;
    },
  });
  await assertGood(fixture, first);
  assert.deepEqual(await model, { directory: fixture.snapshot, revision: fixture.hub.commit });
  assert.deepEqual(rangesAtStorage(fixture), [undefined]);
  assert.match(
    fixture.notices.at(-1) as string,
    /^waiting for another process that is downloading model\.safetensors$/,
  );
  assertNothingLeft(fixture);
});

test('two that start at once both have the model', async () => {
  const fixture = await HubFixture.start();
  const waiting: (() => void)[] = [];
  // Neither is answered before both have asked.
  fixture.hub.intercept = ({ by, method, path, range }, response) => {
    if (by === 'hub' && path.startsWith('/api')) {
      waiting.push(() => {
        response.end(
          JSON.stringify({
            sha: fixture.hub.commit,
            siblings: Object.keys(fixture.hub.files).map((rfilename) => ({ rfilename })),
          }),
        );
      });
      if (waiting.length === 2) for (const answer of waiting) answer();
      return true;
    }
    if (by === 'storage') serve(method, weights, range, response);
    return by === 'storage';
  };
  const both = [start(fixture), start(fixture)];
  for (const program of both) await assertGood(fixture, program);
  assert.ok(rangesAtStorage(fixture).length <= 2);
  assert.ok(readdirSync(join(fixture.modelDirectory, 'blobs')).includes(sha256(weights)));
  assertNothingLeft(fixture);
});
