/** A hub that is busy, silent or out of reach; a cache that must do, or cannot be used. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import type { FatalError } from '../../dist/errors.js';
import { readHubEnvironment } from '../../dist/hub/environment.js';
import { explain } from '../../dist/hub/explain.js';
import { parseHubId } from '../../dist/hub/id.js';
import { spellOptionsAs } from '../../dist/option-name.js';
import { always, refuse } from '../support/hub-double.js';
import { HubFixture, type ResolveSettings } from '../support/hub-fixture.js';
import { refusalOf } from '../support/hub-refusals.js';
import { writeFile } from '../support/run.js';

// As on the command line.
spellOptionsAs('flag');

describe('a hub that is busy', () => {
  /** Answers so the first times that any file, or the revision, is asked for. */
  function busyAtFirst(fixture: HubFixture, times: number, answer: (response: ServerResponse) => void): void {
    const asked = new Map<string, number>();
    fixture.hub.intercept = ({ method, path }, response) => {
      const count = (asked.get(method + path) ?? 0) + 1;
      asked.set(method + path, count);
      if (count <= times) answer(response);
      return count <= times;
    };
  }

  test('is asked again, after longer and longer', async () => {
    const fixture = await HubFixture.start({ files: { 'config.json': '{}', 'model.safetensors': 'weights' } });
    busyAtFirst(fixture, 2, (response) => refuse(response, 503));
    await fixture.resolve();
    // The revision; what each file is, and its bytes; and those of the large one where they are stored.
    assert.deepEqual(
      fixture.pauses,
      [1, 2, 3, 4, 5, 6].flatMap((request) => (request < 6 ? [1000, 2000] : [4000, 8000])),
    );
    assert.deepEqual(fixture.notices.length, 1);
  });

  test('says when, in seconds, as a date or in its own way', async () => {
    const soon = new Date(Date.now() + 90_000).toUTCString();
    for (const [header, value, least, most] of [
      ['retry-after', '42', 42_000, 42_000],
      ['retry-after', soon, 30_000, 90_000],
      ['ratelimit', '"api";r=0;t=55', 55_000, 55_000],
    ] as const) {
      const fixture = await HubFixture.start();
      let count = 0;
      fixture.hub.intercept = (_, response) => {
        if (count++ === 0) response.writeHead(429, { [header]: value }).end();
        return count === 1;
      };
      await fixture.resolve();
      const [pause = 0] = fixture.pauses;
      assert.ok(fixture.pauses.length === 1 && pause >= least && pause <= most, `${fixture.pauses}`);
      assert.match(fixture.notices[0] as string, /^127\.0\.0\.1:\d+ answered 429: trying again in \d\d s$/);
    }
  });

  test('for too long, or too often, is given up', async () => {
    const fixture = await HubFixture.start();
    busyAtFirst(fixture, 1, (response) => response.writeHead(429, { 'retry-after': '3600' }).end());
    assert.match(await refusalOf(fixture), /^run: org\/model: HOST answered 429; /);
    assert.deepEqual(fixture.pauses, []);
    busyAtFirst(fixture, 100, (response) => refuse(response, 500));
    assert.match(await refusalOf(fixture), /^run: org\/model: HOST answered 500; /);
    assert.deepEqual(fixture.pauses, [1000, 2000, 4000, 8000, 8000]);
  });

  test('is given the time that the variables say', async () => {
    const fixture = await HubFixture.start();
    const deadlines: number[] = [];
    // Silence, of which the clock says at once that it was too long.
    fixture.hub.intercept = () => true;
    const settings: ResolveSettings = {
      variables: { HF_HUB_ETAG_TIMEOUT: '3', HF_HUB_DOWNLOAD_TIMEOUT: '7' },
      onDeadline(ms, expire) {
        deadlines.push(ms);
        if (fixture.hub.requests.length === 0) setImmediate(expire);
      },
    };
    assert.equal(
      await refusalOf(fixture, settings),
      'run: org/model: HOST was silent for 3 s (HF_HUB_ETAG_TIMEOUT); without a network, --offline uses models that were downloaded before',
    );
    assert.deepEqual(deadlines, [3000], 'who has no network is not kept waiting');

    fixture.hub.intercept = () => false;
    let silent = true;
    await fixture.resolve({
      ...settings,
      onDeadline(ms, expire) {
        deadlines.push(ms);
        if (ms === 7000 && silent) expire();
        if (ms === 7000) silent = false;
      },
    });
    assert.deepEqual(fixture.pauses, [1000]);
    assert.deepEqual(new Set(deadlines), new Set([3000, 7000]));
  });
});

describe('no network', () => {
  /** Nothing listens where something did. */
  async function unplugged(): Promise<HubFixture> {
    const fixture = await HubFixture.start();
    fixture.hub.stop();
    return fixture;
  }

  test('is told at once, with what may be done', async () => {
    const fixture = await unplugged();
    assert.equal(
      await refusalOf(fixture),
      'run: org/model: HOST cannot be reached (ECONNREFUSED); without a network, --offline uses models that were downloaded before',
    );
    assert.match(await refusalOf(fixture, { variables: { HTTPS_PROXY: 'http://x' } }), /NODE_USE_ENV_PROXY=1$/);
    assert.deepEqual(fixture.pauses, []);
    const nowhere = await refusalOf(fixture, { variables: { HF_ENDPOINT: 'http://nowhere.invalid' } });
    assert.match(nowhere, /^run: org\/model: nowhere\.invalid cannot be reached \((ENOTFOUND|EAI_AGAIN)\)/);
  });

  for (const [what, happens] of [
    ['no network', ({ hub }: HubFixture) => hub.stop()],
    ['a hub that is down', ({ hub }: HubFixture) => (hub.intercept = always((response) => refuse(response, 500)))],
    [
      'a login page in between',
      ({ hub }: HubFixture) => (hub.intercept = always((response) => response.end('<html>'))),
    ],
    ['a model no longer shown', ({ hub }: HubFixture) => (hub.intercept = always((response) => refuse(response, 401)))],
  ] as const) {
    test(`${what}: a whole copy will do, and that is said`, async () => {
      const fixture = await HubFixture.start();
      const model = await fixture.resolve();
      fixture.notices.length = 0;
      happens(fixture);
      assert.deepEqual(await fixture.resolve(), model);
      assert.match(fixture.notices.join('\n'), /^org\/model: using the downloaded copy of commit c0ffee0 \(.+\)$/);
      assert.deepEqual(fixture.pauses, []);
    });
  }

  test('a login page, and no copy', async () => {
    const fixture = await HubFixture.start();
    fixture.hub.intercept = always((response) => response.end('<html>'));
    assert.match(
      await refusalOf(fixture),
      /^run: org\/model: HOST does not answer as a Hugging Face hub does; .* HF_ENDPOINT\?$/,
    );
  });
});

test('a cache that cannot be used is told by its path', async () => {
  const fixture = await HubFixture.start();
  const variables = { HF_HUB_CACHE: writeFile(fixture.cache, 'a-file', '') };
  const told = await refusalOf(fixture, { variables });
  assert.match(
    told,
    /^run: org\/model: the cache CACHE\/a-file cannot be used \(ENOTDIR: .*; see to it, or .* HF_HUB_CACHE$/,
  );
});

test('a disk that fills up is told', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
  const { message, kind } = explain(
    full,
    parseHubId('org/model'),
    readHubEnvironment({ HF_HUB_CACHE: '/c' }),
    {},
  ) as FatalError;
  assert.equal(
    `${kind}: ${message}`,
    'run: org/model: the disk of /c is full (ENOSPC); make room, or name another place with HF_HUB_CACHE',
  );
});

describe('offline', () => {
  test('asks nobody, and names what is missing and where it looked', async () => {
    const fixture = await HubFixture.start();
    assert.equal(
      await refusalOf(fixture, { offline: true }),
      'usage: org/model: found neither a directory of that name nor a downloaded copy (no main of it in ' +
        'CACHE/models--org--model); --offline forbids more',
    );
    await fixture.resolve({ purpose: 'tokenizer' });
    fixture.hub.requests.length = 0;
    assert.equal(
      await refusalOf(fixture, { variables: { TRANSFORMERS_OFFLINE: '1' } }),
      'usage: org/model: found neither a directory of that name nor a downloaded copy (no model.safetensors in ' +
        `CACHE/models--org--model/snapshots/${fixture.hub.commit}); TRANSFORMERS_OFFLINE forbids more`,
    );
    assert.deepEqual(fixture.hub.requests, []);
    await fixture.resolve({ purpose: 'tokenizer', offline: true });
  });

  test('names the shards that are missing', async () => {
    const index = JSON.stringify({ weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors' } });
    const files = {
      'config.json': '{}',
      'model.safetensors.index.json': index,
      'model-1.safetensors': 'one',
      'model-2.safetensors': 'two',
    };
    const fixture = await HubFixture.start({ files });
    fixture.hub.intercept = ({ method, path }, response) => {
      const isSecond = method === 'GET' && path.endsWith('model-2.safetensors');
      if (isSecond) refuse(response, 404, 'EntryNotFound');
      return isSecond;
    };
    await refusalOf(fixture);
    // Python notes the commit before it downloads.
    const id = `org/model@${fixture.hub.commit}`;
    assert.match(await refusalOf(fixture, { id, offline: true }), /\(no model-2\.safetensors in CACHE/);
  });
});
