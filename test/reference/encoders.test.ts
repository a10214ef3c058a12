/** Encoders' logits for rows of token ids, against those of transformers (test/oracle/make_encoders.py). */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { encoders, makeEncoder, withScorer } from '../support/encoder-models.js';
import { readOracle } from '../support/oracle.js';
import { temporaryDirectory } from '../support/run.js';

interface Reference {
  readonly rows: readonly { readonly ids: readonly number[]; readonly types?: readonly number[] }[];
  readonly models: Readonly<
    Record<string, { readonly sha256: string; readonly logits: readonly (readonly (number | null)[])[] }>
  >;
}

/** For models of so few dimensions: |difference| <= this x max(1, |logit|). */
const TOLERANCE = 1e-5;

const reference = readOracle<Reference>('encoder_rewards.json');
const directory = temporaryDirectory();
const nothing = (): void => undefined;

test('every model has a reference', () => {
  assert.deepEqual(
    Object.keys(reference.models),
    encoders.map(({ name }) => name),
  );
});

describe('logits equal the reference', () => {
  const rows = reference.rows.map(({ ids }) => ids);
  const types = reference.rows.map((row) => row.types);

  for (const model of encoders) {
    test(model.name, async () => {
      const path = join(directory, model.name);
      const { sha256 } = makeEncoder(path, model);
      const expected = reference.models[model.name];
      assert.ok(expected);
      assert.equal(sha256, expected.sha256, 'other tensors than those of the reference');
      await withScorer(path, async (scorer) => {
        const { logits } = await scorer.score(rows, nothing, types);
        const labels = logits.length / rows.length;
        for (const [row, values] of expected.logits.entries()) {
          assert.equal(values.length, labels);
          for (const [label, value] of values.entries()) {
            assert.ok(value !== null);
            const got = logits[row * labels + label] as number;
            const difference = Math.abs(got - value) / Math.max(1, Math.abs(value));
            assert.ok(difference <= TOLERANCE, `row ${row}, label ${label}: expected ${value}, got ${got}`);
          }
        }
      });
    });
  }
});
