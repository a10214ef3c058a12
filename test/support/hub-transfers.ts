/** Weights on their way, and what is left of them. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { sha256 } from './hub-double.js';
import { type HubFixture, weights } from './hub-fixture.js';

export const etag = sha256(weights);
export const half = weights.length / 2;

/** What is left in the cache besides blobs. */
export const leftovers = ({ modelDirectory }: HubFixture): string[] =>
  readdirSync(join(modelDirectory, 'blobs')).filter((name) => name.includes('.'));

export const storageRanges = ({ hub }: HubFixture): (string | undefined)[] =>
  hub.requests.filter(({ by }) => by === 'storage').map(({ range }) => range);

export function assertWhole(fixture: HubFixture): void {
  assert.ok(readFileSync(join(fixture.snapshot, 'model.safetensors')).equals(weights));
  assert.deepEqual(leftovers(fixture), []);
}

/** A file as a run that has ended left it, to nobody (0) or under its own number. */
export function leavePartial(fixture: HubFixture, content: Uint8Array, by = '00000000-0'): string {
  const path = `${fixture.blob(etag)}.${by}-${randomBytes(4).toString('hex')}.incomplete`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** Half of what is asked for; then the test cuts it off. */
export class HalfAnswer {
  #response: ServerResponse | undefined;

  give(response: ServerResponse, start = 0): void {
    this.#response = response;
    const rest = weights.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': rest.length,
      ...(start > 0 && { 'content-range': `bytes ${start}-${weights.length - 1}/${weights.length}` }),
    });
    response.write(rest.subarray(0, rest.length / 2));
  }

  cut(): void {
    this.#response?.destroy();
  }
}
