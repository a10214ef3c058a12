/** Rotary frequencies at the sizes of public models, against transformers' (test/oracle/make_rope.py). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readRope } from '../../dist/model/architectures/rope.js';
import { ConfigReader } from '../../dist/model/checkpoint/config-reader.js';
import { readOracle } from '../support/oracle.js';

interface Case {
  readonly config: {
    readonly head_dim: number;
    readonly max_position_embeddings: number;
    readonly rope_theta?: number;
    readonly rotary_pct?: number;
    readonly rotary_emb_base?: number;
  };
  readonly attentionFactor: number;
  readonly frequencies: readonly number[];
}

const { cases } = readOracle<{ readonly cases: Readonly<Record<string, Case>> }>('rope.json');

/** torch's powers are off by a unit in the last place of float32, here and there. */
const UNIT = 2 ** -23;

describe('frequencies are those of transformers', () => {
  for (const [name, { config, attentionFactor, frequencies }] of Object.entries(cases)) {
    test(name, () => {
      const share = config.rotary_pct;
      const rope = readRope(new ConfigReader({ ...config }, { path: 'config.json' }), {
        headSize: config.head_dim,
        maxPositions: config.max_position_embeddings,
        theta: config.rope_theta ?? config.rotary_emb_base ?? 10000,
        ...(share !== undefined && { turnedShare: { name: 'rotary_pct', share } }),
      });
      assert.ok(Math.abs(rope.attentionFactor - attentionFactor) <= 1e-15 * attentionFactor);
      assert.equal(rope.inverseFrequencies.length, frequencies.length);
      for (const [i, frequency] of rope.inverseFrequencies.entries()) {
        const expected = frequencies[i] as number;
        assert.ok(Math.abs(frequency - expected) <= 1.5 * UNIT * expected, `${i}: ${frequency}, ${expected}`);
      }
    });
  }
});

describe('a share of the dimensions of heads', () => {
  const read = (fields: Record<string, unknown>, share = 0.25) =>
    readRope(new ConfigReader(fields, { path: 'config.json' }), {
      headSize: 10,
      maxPositions: 64,
      theta: 10000,
      turnedShare: { name: 'rotary_pct', share },
    });

  test('that leaves an odd number of them, none, or more than all is refused by the name that stated it', () => {
    const even = "to be a share of a head's 10 dimensions that is an even number of them";
    for (const share of [0.1, 0.3, 1.2]) {
      assert.throws(() => read({}, share), { message: new RegExp(`expected rotary_pct ${even}, got ${share};`) });
      const inside = { rope_parameters: { partial_rotary_factor: share } };
      const message = new RegExp(`expected rope_parameters\\.partial_rotary_factor ${even}, got ${share};`);
      assert.throws(() => read(inside), { message });
    }
  });

  test('is rounded down to whole dimensions', () => {
    assert.equal(read({}).inverseFrequencies.length, 1);
    assert.equal(read({}, 1).inverseFrequencies.length, 5);
  });
});
