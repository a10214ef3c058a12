/** What a server cannot survive: a worker that hangs in native code. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, useTinyModel } from '../support/run.js';
import { messageOf, post, startReady } from '../support/server.js';

useTinyModel();

test('a worker that cannot be ended: who waits is told, and the server ends with exit code 1', async () => {
  const served = await startReady(['-j', '1', '--worker-timeout', '1'], {
    nodeFlags: ['--import', join(root, 'test/support/break-worker.mjs')],
    env: { BREAK: JSON.stringify([{ how: 'hang', at: 'window' }]) },
  });
  const answer = await post(served, '/v1/rewards', '["bad~window"]');
  assert.equal(answer.status, 500);
  assert.match(messageOf(answer), /shown no sign of life for 1 s and cannot be ended/);
  assert.deepEqual(await served.ended, [1, null]);
  assert.match(served.said(), /\nreward-score: .*shown no sign of life for 1 s and cannot be ended.*\n$/);
});
