/** Downloads that break off, and what was left by runs before. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import type { HubModel } from '../../dist/hub/resolve.js';
import { sha256 } from '../support/hub-double.js';
import { HubFixture, weights } from '../support/hub-fixture.js';
import {
  assertWhole,
  etag,
  HalfAnswer,
  half,
  leavePartial,
  leftovers,
  storageRanges,
} from '../support/hub-transfers.js';

describe('a connection that is cut', () => {
  test('goes on where it broke off, each time', async () => {
    const fixture = await HubFixture.start();
    const answer = new HalfAnswer();
    const starts = [0, half, half + half / 2];
    fixture.hub.intercept = ({ by, range }, response) => {
      const start = Number(range?.match(/\d+/)?.[0] ?? 0);
      if (by === 'storage' && starts.includes(start)) answer.give(response, start);
      return by === 'storage' && starts.includes(start);
    };
    const ends = starts.map((start) => start + (weights.length - start) / 2);
    await fixture.resolve({ onProgress: ({ doneBytes }) => ends.includes(doneBytes) && answer.cut() });
    assert.deepEqual(storageRanges(fixture), [undefined, ...ends.map((end) => `bytes=${end}-`)]);
    assert.deepEqual(fixture.pauses, [1000, 1000, 1000], 'what arrived in between starts the waits anew');
    assertWhole(fixture);
  });

  test('over and over ends the run, which the next one goes on with', async () => {
    const fixture = await HubFixture.start();
    const answer = new HalfAnswer();
    let failures = 0;
    fixture.hub.intercept = ({ by }, response) => {
      if (by !== 'storage') return false;
      if (failures++ === 0) answer.give(response);
      else response.destroy();
      return true;
    };
    await assert.rejects(fixture.resolve({ onProgress: ({ doneBytes }) => doneBytes === half && answer.cut() }), {
      kind: 'run',
      message:
        /^org\/model: the connection to localhost:\d+ broke \(.+\); what has arrived is kept: run it again to go on$/,
    });
    assert.deepEqual(fixture.pauses, [1000, 2000, 4000, 8000, 8000]);
    assert.ok(!existsSync(join(fixture.modelDirectory, 'refs/main')), 'what is not whole is no ref');
    fixture.hub.intercept = () => false;
    fixture.hub.requests.length = 0;
    await fixture.resolve();
    assert.deepEqual(storageRanges(fixture), [`bytes=${half}-`]);
    assertWhole(fixture);
  });

  test('of which the signal made an end keeps what has arrived', async () => {
    const fixture = await HubFixture.start();
    const answer = new HalfAnswer();
    fixture.hub.intercept = ({ by }, response) => {
      if (by === 'storage') answer.give(response);
      return by === 'storage';
    };
    const stop = new AbortController();
    const reason = new Error('enough');
    const onProgress = ({ doneBytes }: { doneBytes: number }): void => {
      if (doneBytes === half) stop.abort(reason);
    };
    await assert.rejects(fixture.resolve({ signal: stop.signal, onProgress }), reason);
    fixture.hub.intercept = () => false;
    await fixture.resolve();
    assert.equal(storageRanges(fixture).at(-1), `bytes=${half}-`);
    assertWhole(fixture);
  });
});

describe('what a run before left', () => {
  test('is gone on with, the most of it, and the rest is cleared away', async () => {
    const fixture = await HubFixture.start();
    leavePartial(fixture, weights.subarray(0, 1000));
    leavePartial(fixture, weights.subarray(0, half));
    await fixture.resolve();
    assert.deepEqual(storageRanges(fixture), [`bytes=${half}-`]);
    assertWhole(fixture);
  });

  test('if it is damaged, is thrown away', async () => {
    const fixture = await HubFixture.start();
    for (const damaged of [Buffer.alloc(half), Buffer.alloc(weights.length), Buffer.alloc(weights.length + 5)]) {
      leavePartial(fixture, damaged);
      await fixture.resolve();
      assertWhole(fixture);
      writeFileSync(fixture.blob(etag), ''); // not whole: to be downloaded again
      fixture.hub.commit = sha256(fixture.hub.commit).slice(0, 40);
    }
  });

  test('if another machine may be writing it, is watched while it grows, and left alone when it does not', async () => {
    const fixture = await HubFixture.start();
    const path = leavePartial(fixture, weights.subarray(0, 1000), 'ffffffff-1');
    let polls = 0;
    await fixture.resolve({
      onPause() {
        polls++;
        if (polls === 5) writeFileSync(path, weights.subarray(0, half));
      },
    });
    assert.equal(polls, 65, 'sixty times without a byte more');
    assert.deepEqual(storageRanges(fixture), [undefined]);
    assert.match(fixture.notices.join('\n'), /waiting for another process that is downloading model\.safetensors$/);
    assert.ok(readFileSync(join(fixture.snapshot, 'model.safetensors')).equals(weights));
    assert.deepEqual(leftovers(fixture), [basename(path)]);
  });

  test('long ago on another machine, is gone on with', async () => {
    const fixture = await HubFixture.start();
    utimesSync(leavePartial(fixture, weights.subarray(0, half), 'ffffffff-1'), 0, 0);
    await fixture.resolve();
    assert.deepEqual(storageRanges(fixture), [`bytes=${half}-`]);
    assertWhole(fixture);
  });
});

test('two downloads of a model in one process fetch it once', async () => {
  const fixture = await HubFixture.start();
  const answer = new HalfAnswer();
  let other: Promise<HubModel> | undefined;
  const first = fixture.resolve({
    onProgress({ doneBytes }) {
      if (doneBytes === half) other = fixture.resolve({ onPause: () => answer.cut() ?? first.then(() => undefined) });
    },
  });
  fixture.hub.intercept = ({ by, range }, response) => {
    if (by === 'storage' && range === undefined) answer.give(response);
    return by === 'storage' && range === undefined;
  };
  const model = await first;
  assert.deepEqual(await other, model);
  assert.deepEqual(storageRanges(fixture), [undefined, `bytes=${half}-`]);
  assertWhole(fixture);
});

test('a disk that is too small is found before the download', async () => {
  const fixture = await HubFixture.start();
  fixture.hub.intercept = ({ method, path }, response) => {
    const isWeights = method === 'HEAD' && path.endsWith('.safetensors');
    if (isWeights) response.writeHead(200, { 'x-linked-etag': etag, 'x-linked-size': '9000000000000000' }).end();
    return isWeights;
  };
  await assert.rejects(fixture.resolve(), {
    kind: 'run',
    message: /expected room for 9000000\.00 GB of model\.safetensors, found [\d.]+ GB; .*HF_HUB_CACHE$/,
  });
  assert.deepEqual(storageRanges(fixture), []);
});
