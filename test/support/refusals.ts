/** What a config.json may not say. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Architecture } from '../../dist/model/architectures/architecture.js';
import { LayerBuilder } from '../../dist/model/architectures/layers.js';
import { ConfigReader } from '../../dist/model/checkpoint/config-reader.js';

export type Fields = Readonly<Record<string, unknown>>;

/** Fields, and what is said of them: "expected NAME to be EXPECTED, got GOT". */
export type Refusal = readonly [fields: Fields, name: string, expected: string, got: string];

/** Tests that each of the fields, put into a config that is fine, has the network refused by the field's name. */
export function describeRefusals(build: Architecture['build'], fine: Fields, refusals: readonly Refusal[]): void {
  describe('a config that cannot be honoured is refused by name', () => {
    for (const [fields, name, expected, got] of refusals) {
      test(`${name}: ${JSON.stringify(fields)}`, () => {
        assert.throws(
          () => build(new ConfigReader({ ...fine, ...fields }, { path: 'config.json' }), new LayerBuilder()),
          {
            name: 'FatalError',
            kind: 'run',
            message:
              `config.json: expected ${name} to be ${expected}, got ${got}; ` +
              'this checkpoint cannot be scored as it is',
          },
        );
      });
    }
  });
}
