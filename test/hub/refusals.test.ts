/** What the user is told where the hub says no; and what becomes of the token. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { always, refuse } from '../support/hub-double.js';
import { HubFixture, modelFiles } from '../support/hub-fixture.js';
import { refusalOf, token, withToken } from '../support/hub-refusals.js';
import { leftovers } from '../support/hub-transfers.js';

describe('who may read a model', () => {
  test('that is not there, or not for strangers', async () => {
    const fixture = await HubFixture.start();
    assert.equal(
      await refusalOf(fixture, { id: 'org/typo' }),
      'usage: org/typo: found neither a directory of that name nor HUB/org/typo; if it is private, set HF_TOKEN to an ' +
        'access token that may read it',
    );
    assert.match(
      await refusalOf(fixture, { id: 'org/typo', ...withToken }),
      /; or the access token from HF_TOKEN may not read it$/,
    );
    const secret = await HubFixture.start({ token });
    assert.match(await refusalOf(secret), /^usage: org\/model: found neither .* set HF_TOKEN/);
    await secret.resolve(withToken);
  });

  test('that is gated', async () => {
    const fixture = await HubFixture.start({ gated: true });
    assert.equal(
      await refusalOf(fixture),
      'usage: org/model: access is restricted: accept the licence at HUB/org/model, and set HF_TOKEN to an access token of yours',
    );
    assert.equal(
      await refusalOf(fixture, withToken),
      'usage: org/model: the access token from HF_TOKEN may not read it: accept the licence at HUB/org/model with its account',
    );
  });

  test('with a token that is no longer good', async () => {
    const fixture = await HubFixture.start({ token: 'another' });
    assert.equal(
      await refusalOf(fixture, withToken),
      'usage: org/model: HOST does not accept the access token from HF_TOKEN',
    );
  });

  test('for another reason, in the words of the hub, and without the token in them', async () => {
    const fixture = await HubFixture.start();
    fixture.hub.intercept = always((response) =>
      refuse(response, 403, undefined, `Access to this resource is disabled for ${token}.`),
    );
    assert.equal(
      await refusalOf(fixture, withToken),
      'usage: org/model: HOST forbids it (403): Access to this resource is disabled for ***.',
    );
    fixture.hub.intercept = always((response) => refuse(response, 418));
    assert.equal(await refusalOf(fixture), 'run: org/model: HOST answered 418: no reason given');
  });

  test('at no such revision', async () => {
    const fixture = await HubFixture.start();
    await fixture.resolve();
    for (const id of ['org/model@gone', `org/model@${'a'.repeat(40)}`]) {
      assert.match(await refusalOf(fixture, { id }), /^usage: org\/model@\w+: HUB\/org\/model has no revision \w+$/);
    }
  });

  test('of which a file is listed and not there', async () => {
    const fixture = await HubFixture.start();
    fixture.hub.intercept = ({ path }, response) => {
      if (path.endsWith('/config.json')) refuse(response, 404, 'EntryNotFound');
      return path.endsWith('/config.json');
    };
    assert.equal(await refusalOf(fixture), 'run: org/model: HUB/org/model lists config.json and does not have it');
  });
});

describe('what is sent without end', () => {
  /** Sends until nobody reads any more. */
  const flood = (response: ServerResponse): void => {
    const piece = Buffer.alloc(1 << 16, 'x');
    const send = (): void => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', send);
    send();
  };

  test('as the list of files is read as far as such a list may be long', async () => {
    const fixture = await HubFixture.start();
    const limits = { answerBytes: 200_000 };
    fixture.hub.intercept = always(flood);
    assert.equal(
      await refusalOf(fixture, { limits }),
      'run: org/model: expected HOST to list the files in at most 200000 bytes, got more; is there a proxy or a login page ' +
        'between, or a mistake in HF_ENDPOINT?',
    );
    fixture.hub.intercept = () => false;
    await fixture.resolve({ limits });
    fixture.hub.intercept = always(flood);
    assert.equal((await fixture.resolve({ limits })).directory, fixture.snapshot, 'the copy in the cache is used');
  });

  test('as a small file is read as far as such a file may be long, and nothing of it stays', async () => {
    const fixture = await HubFixture.start();
    const limits = { smallFileBytes: 200_000 };
    fixture.hub.intercept = ({ method, path }, response) => {
      if (!path.endsWith('/config.json')) return false;
      // The etag names it, and no length does.
      if (method === 'HEAD')
        response.writeHead(200, { etag: '"of-a-file-without-end"', 'transfer-encoding': 'chunked' }).end();
      else flood(response);
      return true;
    };
    const told =
      'run: org/model: expected config.json to be a file of at most 200000 bytes, the hub sends more; is there a proxy or a ' +
      'mirror between?';
    assert.equal(await refusalOf(fixture, { limits }), told);
    assert.deepEqual(leftovers(fixture), []);
    fixture.hub.intercept = () => false;
    await fixture.resolve({ limits });
    // One whose length is said is not asked for at all; weights may be longer.
    const asked = fixture.hub.requests.length;
    fixture.hub.commit = 'b'.repeat(40);
    fixture.hub.files = { ...modelFiles, 'config.json': 'x'.repeat(200_001) };
    assert.equal(await refusalOf(fixture, { limits }), told);
    const gets = fixture.hub.requests
      .slice(asked)
      .filter(({ method, path }) => method === 'GET' && path.endsWith('/config.json'));
    assert.equal(gets.length, 0);
  });
});

describe('the token', () => {
  test('goes to the hub, and to no storage host', async () => {
    const fixture = await HubFixture.start({ token });
    await fixture.resolve(withToken);
    const sent = (by: string) =>
      new Set(fixture.hub.requests.filter((each) => each.by === by).map((each) => each.authorization));
    assert.deepEqual(sent('hub'), new Set([`Bearer ${token}`]));
    assert.deepEqual(sent('storage'), new Set([undefined]));
  });

  test('goes to no other host that the hub redirects to, for whatever is asked', async () => {
    const [trap, fixture] = [await HubFixture.start(), await HubFixture.start()];
    fixture.hub.intercept = ({ path }, response) => {
      response.writeHead(307, { location: trap.hub.endpoint + path }).end();
      return true;
    };
    await fixture.resolve(withToken);
    assert.ok(trap.hub.requests.length > 10);
    assert.ok(trap.hub.requests.every(({ authorization }) => authorization === undefined));
  });

  test('stays at home under HF_HUB_DISABLE_IMPLICIT_TOKEN', async () => {
    const fixture = await HubFixture.start();
    await fixture.resolve({ variables: { HF_TOKEN: token, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' } });
    assert.ok(fixture.hub.requests.every(({ authorization }) => authorization === undefined));
  });
});
