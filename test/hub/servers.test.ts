/** Servers that do not do as they should, or not quite. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { refuse, serve } from '../support/hub-double.js';
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

describe('servers', () => {
  test('without ranges are read from the beginning, and no more often than others', async () => {
    const fixture = await HubFixture.start();
    const answer = new HalfAnswer();
    fixture.hub.intercept = ({ by }, response) => {
      if (by === 'storage') answer.give(response);
      return by === 'storage';
    };
    await assert.rejects(fixture.resolve({ onProgress: ({ doneBytes }) => doneBytes === half && answer.cut() }), {
      kind: 'run',
    });
    assert.equal(storageRanges(fixture).length, 6, 'once, and five times that brought nothing new');
    fixture.hub.intercept = ({ by, method }, response) => {
      if (by === 'storage') serve(method, weights, undefined, response);
      return by === 'storage';
    };
    await fixture.resolve();
    assert.equal(storageRanges(fixture).at(-1), `bytes=${half}-`);
    assertWhole(fixture);
  });

  test('that know no such range are asked for the whole', async () => {
    const fixture = await HubFixture.start();
    leavePartial(fixture, weights.subarray(0, half));
    fixture.hub.intercept = ({ by, range }, response) => {
      if (by === 'storage' && range !== undefined) refuse(response, 416);
      return by === 'storage' && range !== undefined;
    };
    await fixture.resolve();
    assert.deepEqual(storageRanges(fixture), [`bytes=${half}-`, undefined]);
    assertWhole(fixture);
  });

  test('that send another range than was asked for are not believed', async () => {
    const fixture = await HubFixture.start();
    leavePartial(fixture, weights.subarray(0, half));
    fixture.hub.intercept = ({ by, range }, response) => {
      if (by === 'storage' && range !== undefined) serve('GET', weights, 'bytes=7-', response);
      return by === 'storage' && range !== undefined;
    };
    await fixture.resolve();
    assertWhole(fixture);
  });

  for (const [what, content] of [
    ['another content', Buffer.from(weights).fill(0, 1000, 1001)],
    ['more than there is', Buffer.concat([weights, Buffer.from('more')])],
  ] as const) {
    test(`that send ${what} are refused, and nothing of it is kept`, async () => {
      const fixture = await HubFixture.start();
      fixture.hub.intercept = ({ by, method, range }, response) => {
        if (by === 'storage') serve(method, content, range, response);
        return by === 'storage';
      };
      await assert.rejects(fixture.resolve(), {
        kind: 'run',
        message: `org/model: the model.safetensors that came is not the one that the hub names (${etag}); try again`,
      });
      assert.deepEqual(leftovers(fixture), []);
      assert.ok(!existsSync(fixture.blob(etag)));
    });
  }

  test('that send another content of a small file are refused as well', async () => {
    const fixture = await HubFixture.start();
    fixture.hub.intercept = ({ method, path, range }, response) => {
      const isConfig = method === 'GET' && path.endsWith('/config.json');
      if (isConfig) serve(method, Buffer.from('{"model_type":"gpt3"}'), range, response);
      return isConfig;
    };
    await assert.rejects(fixture.resolve(), { kind: 'run', message: /^org\/model: the config\.json that came is not/ });
  });

  test('that do not say a size, or name the content by its plain sha1, will do', async () => {
    const fixture = await HubFixture.start();
    fixture.hub.intercept = ({ method, path }, response) => {
      if (!path.endsWith('/config.json')) return false;
      response.setHeader('etag', 'W/"bf21a9e8fbc5a3846fb05b4fa0859e0917b2202f"');
      response.end(method === 'HEAD' ? undefined : '{}');
      return true;
    };
    await fixture.resolve();
    assert.equal(readFileSync(join(fixture.snapshot, 'config.json'), 'utf8'), '{}');
  });

  test('that name a content by what is no name of a file are refused', async () => {
    const fixture = await HubFixture.start();
    fixture.hub.intercept = ({ method, path }, response) => {
      const isConfig = method === 'HEAD' && path.endsWith('/config.json');
      if (isConfig) response.setHeader('etag', '"../../../evil"').end();
      return isConfig;
    };
    await assert.rejects(fixture.resolve(), { kind: 'run', message: /does not answer as a Hugging Face hub does/ });
  });
});
