/** Many clients, slow ones, and ones that go away; workers that die; the server's end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { root, temporaryDirectory, useTinyModel } from '../support/run.js';
import {
  ask,
  connectTo,
  JSON_TYPE,
  messageOf,
  metricBecomes,
  metricsOf,
  post,
  rewards,
  type Served,
  startHolding,
  startReady,
  untilClosed,
} from '../support/server.js';

useTinyModel();

const request = (body: string, headers: readonly string[] = [], length = Buffer.byteLength(body)): string =>
  [
    'POST /v1/rewards HTTP/1.1',
    'Host: localhost',
    `Content-Type: ${JSON_TYPE}`,
    `Content-Length: ${length}`,
    ...headers,
    '',
    body,
  ].join('\r\n');

const rewardOf = async (served: Served, row: unknown): Promise<number> =>
  (await rewards(served, [row]))[0]?.reward as number;

describe('while the one worker is busy', { concurrency: 2 }, () => {
  test('rows of several requests wait together, and are one batch', async () => {
    const served = await startHolding('score');
    const first = rewards(served, ['hold~']);
    await served.held();
    const others = Array.from({ length: 5 }, (_, i) => rewards(served, [`row ${i}`, `again ${i}`]));
    await metricBecomes(served, 'waiting_rows', 10);
    const busy = await metricsOf(served);
    assert.deepEqual([busy('windows_in_work'), busy('windows_total')], [1, 0]);
    await served.release();
    await first;
    const records = await Promise.all(others);
    for (const [i, [one, two]] of records.entries()) {
      assert.deepEqual([one?.text, two?.text], [`row ${i}`, `again ${i}`]);
      assert.ok(Math.abs((one?.reward as number) - (await rewardOf(served, `row ${i}`))) < 1e-5);
    }
    assert.equal((await metricsOf(served))('windows_total'), 2 + 5);
  });

  test('a request of many rows holds up no other', async () => {
    const served = await startHolding('score');
    const last = 59; // fourteen windows
    const pad = 'x'.repeat(60_000);
    const rows = Array.from({ length: last + 1 }, (_, i) => ({ i, text: i % last === 0 ? 'hold~' : 'a', pad }));
    const giant = rewards(served, rows);
    await served.held();
    const rest = (await metricsOf(served))('waiting_rows');
    assert.ok(rest > 40);
    const small = rewards(served, ['small']);
    await metricBecomes(served, 'waiting_rows', rest + 1);
    await served.release();
    assert.equal((await small).length, 1);
    await served.held(2); // the giant is not answered yet
    await served.release();
    assert.deepEqual(
      (await giant).map(({ i }) => i),
      rows.map(({ i }) => i),
    );
  });

  test('more than there is room for is refused, and welcome when there is', async () => {
    const served = await startHolding('score', ['--max-queue-bytes', '5000']);
    const first = rewards(served, ['hold~']);
    await served.held();
    const body = JSON.stringify([{ text: 'a', pad: 'x'.repeat(4000) }]);
    const refused = await post(served, '/v1/rewards', body);
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '1']);
    assert.match(
      messageOf(refused),
      /^expected at most 5000 bytes of requests in hand \(--max-queue-bytes\); try again$/,
    );
    const fits = rewards(served, ['small']);
    await metricBecomes(served, 'waiting_rows', 1);
    await served.release();
    await Promise.all([first, fits]);
    assert.equal((await post(served, '/v1/rewards', body)).status, 200);
    assert.equal((await metricsOf(served))('held_bytes'), 0);
  });

  test('rows take room for their answers, beside their bytes', async () => {
    const served = await startHolding('score', ['--max-queue-bytes', '5000']);
    const first = rewards(served, ['hold~']);
    await served.held();
    assert.equal((await metricsOf(served))('held_bytes'), 1024 + 9 + 256);
    for (const [path, body, status] of [
      ['/v1/rewards', JSON.stringify(Array(12).fill(1)), 429],
      ['/get_reward', JSON.stringify({ query: Array(12).fill('a') }), 503],
      ['/classify', JSON.stringify({ input: Array(12).fill('a') }), 503],
      ['/score', JSON.stringify({ queries: 'x'.repeat(1200), documents: ['a', 'b', 'c'] }), 503],
    ] as const) {
      const refused = await post(served, path, body);
      assert.deepEqual([refused.status, refused.headers.get('retry-after')], [status, '1']);
      assert.match(messageOf(refused), /^expected at most 5000 bytes of requests in hand/);
    }
    await metricBecomes(served, 'held_bytes', 1024 + 9 + 256);
    await served.release();
    await first;
    assert.equal((await rewards(served, Array(12).fill(1))).length, 12);
  });

  test('a client that goes away is forgotten, in the middle of its request or waiting for the answer', async () => {
    const served = await startHolding('score');
    const sending = await connectTo(served);
    sending.write(request('[{"text":', [], 1000));
    await metricBecomes(served, 'held_bytes', 2024);
    sending.destroy();
    await metricBecomes(served, 'held_bytes', 0);

    const first = await connectTo(served);
    first.write(request('["hold~"]'));
    await served.held();
    const waiting = await connectTo(served);
    waiting.write(request('["never scored"]'));
    await metricBecomes(served, 'waiting_rows', 1);
    waiting.destroy();
    await metricBecomes(served, 'waiting_rows', 0);
    first.write(request('["behind it"]') + request('["and this"]')); // on the same connection
    await metricBecomes(served, 'waiting_rows', 2);
    first.destroy();
    await metricBecomes(served, 'held_bytes', 0);
    await served.release();
    await metricBecomes(served, 'windows_in_work', 0);
    assert.equal((await metricsOf(served))('waiting_rows'), 0);
    const value = await metricsOf(served);
    assert.deepEqual([value('rows_total'), value('requests_total{route="/v1/rewards",code="gone"}')], [1, 5]);
    assert.equal((await rewards(served, ['next'])).length, 1);
    assert.equal(served.said().match(/error/), null, served.said());
  });

  test('the first signal lets all be answered, and takes nothing new', async () => {
    const served = await startHolding('score');
    const first = rewards(served, ['hold~']);
    await served.held();
    const others = Array.from({ length: 20 }, (_, i) => rewards(served, [`row ${i}`]));
    await metricBecomes(served, 'waiting_rows', 20);
    const late = await connectTo(served);
    late.write('POST /v1/rewards HTTP/1.1\r\nHost: localhost\r\n'); // and the rest of it comes too late
    const sending = await connectTo(served);
    sending.write(request('["ha', [], 8));
    await metricBecomes(served, 'held_bytes', 22 * 1024 + 9 + 10 * 9 + 10 * 10 + 8 + 21 * 256);
    served.child.kill('SIGTERM');
    await served.saying(/^reward-score: SIGTERM: answering the requests in hand; once more to end at once$/);
    await assert.rejects(connectTo(served));
    late.write(`Content-Type: ${JSON_TYPE}\r\nContent-Length: 2\r\n\r\n[]`);
    const refused = await untilClosed(late);
    assert.match(refused, /^HTTP\/1.1 503 [\s\S]*retry-after: 1\r\n[\s\S]*"the server is ending"/i);
    sending.write('lf"]');
    await served.release();
    assert.equal((await first).length, 1);
    for (const [i, answered] of (await Promise.all(others)).entries()) assert.equal(answered[0]?.text, `row ${i}`);
    assert.match(await untilClosed(sending), /^HTTP\/1.1 200 [\s\S]*connection: close[\s\S]*"text":"half","reward":/i);
    assert.deepEqual(await served.ended, [null, 'SIGTERM']);
  });

  test('the second signal ends it at once', async () => {
    const served = await startHolding('score');
    const lost = assert.rejects(rewards(served, ['hold~']));
    await served.held();
    served.child.kill('SIGINT');
    await served.saying(/SIGINT: answering/);
    served.child.kill('SIGINT');
    assert.deepEqual(await served.ended, [null, 'SIGINT']);
    await lost;
  });
});

test('a server is alive at once, and ready when its model is loaded', async () => {
  const served = await startHolding('load');
  await served.held();
  const health = async (which: string): Promise<number> => (await ask(`${served.url}/health/${which}`)).status;
  assert.deepEqual([await health('live'), await health('ready')], [200, 503]);
  const early = await post(served, '/v1/rewards', '["a"]');
  assert.deepEqual(
    [early.status, early.headers.get('retry-after'), messageOf(early)],
    [503, '1', 'the model is being loaded'],
  );
  assert.equal((await metricsOf(served))('ready'), 0);
  await served.release();
  await served.saying(/^reward-score: ready: 1 worker$/);
  assert.deepEqual([await health('live'), await health('ready')], [200, 200]);
  served.child.kill('SIGTERM');
  assert.deepEqual(await served.ended, [null, 'SIGTERM']);
});

describe('a client may take a second', { concurrency: 4 }, () => {
  const started = startReady(['-j', '1', '--client-timeout', '1']);

  test('to send its headers', async () => {
    const socket = await connectTo(await started);
    socket.write('POST /v1/rewards HTTP/1.1\r\nHost: localhost\r\n');
    assert.match(await untilClosed(socket), /^HTTP\/1.1 408 /);
  });

  test('to send its body, however much of it comes', async () => {
    const socket = await connectTo(await started);
    socket.write(request('[', [], 100_000));
    const trickle = setInterval(() => socket.write(' '), 50);
    const said = await untilClosed(socket);
    clearInterval(trickle);
    assert.match(said, /^HTTP\/1.1 408 [\s\S]*"expected the whole body within 1 s"/);
  });

  test('to read its answer', async () => {
    const served = await started;
    const socket = await connectTo(served);
    socket.pause(); // it never reads, and what it does not read is more than the system keeps
    const body = JSON.stringify([{ text: 'a', pad: 'x'.repeat(1_000_000) }]);
    for (let i = 0; i < 30; i++) socket.write(request(body));
    while ((await metricsOf(served))('requests_total{route="/v1/rewards",code="gone"}') === 0);
    socket.destroy();
    await metricBecomes(served, 'held_bytes', 0);
    assert.equal((await rewards(served, ['next'])).length, 1);
  });
});

describe('a worker that dies', { concurrency: 2 }, () => {
  const breaking = (faults: readonly object[]) =>
    startReady(['-j', '1'], {
      nodeFlags: ['--import', join(root, 'test/support/break-worker.mjs')],
      env: { BREAK: JSON.stringify(faults), BREAK_COUNT: join(temporaryDirectory(), 'count') },
    });

  test('once: its rows are scored again', async () => {
    const served = await breaking([{ how: 'exit', at: 'window', to: 1 }]);
    const [good, again] = await rewards(served, ['good', 'bad~window']);
    assert.ok(Number.isFinite(good?.reward) && Number.isFinite(again?.reward));
    assert.equal((await metricsOf(served))('worker_restarts_total'), 1);
    assert.match(served.said(), /a worker thread ended with code 7 at window 0: its rows are scored again/);
  });

  test('at the same row each time: it is a bad one, and other clients have their rewards', async () => {
    const served = await breaking([{ how: 'throw', at: 'parse' }]);
    const [good, bad] = await rewards(served, ['good', { text: 'bad~parse' }]);
    assert.ok(Number.isFinite(good?.reward));
    assert.match(JSON.stringify(bad), /"reward":null,"reward_error":\{"code":"WORKER_CRASH"/);
    const { status, text } = await post(served, '/get_reward', '{"query":["good","bad~parse"]}');
    assert.equal(status, 422);
    assert.match(text, /query\[1\]: WORKER_CRASH: scoring this row alone ended a worker thread twice/);
  });
});

test('a signal while the model is loaded', async () => {
  const served = await startHolding('load');
  await served.held();
  served.child.kill('SIGTERM');
  await served.saying(/SIGTERM/);
  await served.release();
  assert.deepEqual(await once(served.child, 'exit'), [null, 'SIGTERM']);
});
