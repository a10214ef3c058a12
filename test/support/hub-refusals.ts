/** What a user is told. */
import assert from 'node:assert/strict';
import type { HubFixture, ResolveSettings } from './hub-fixture.js';

export const token = 'hf_a-secret-of-the-user';
export const withToken = { variables: { HF_TOKEN: token } };

/** The one line that the user is shown, with names in place of addresses and of the cache's path. */
export async function refusalOf(fixture: HubFixture, settings: ResolveSettings = {}): Promise<string> {
  let told = '';
  await assert.rejects(fixture.resolve(settings), (error: Error & { kind?: string }) => {
    told = `${error.kind}: ${error.message}`;
    assert.doesNotMatch(
      `${told}${fixture.notices.join()}${error.stack}`,
      new RegExp(token),
      'the token is never shown',
    );
    return true;
  });
  return told
    .replaceAll(fixture.hub.endpoint, 'HUB')
    .replaceAll(fixture.hub.endpoint.slice(7), 'HOST')
    .replaceAll(fixture.cache, 'CACHE');
}
