/** Rewards of the real binary against the values that transformers gave (test/oracle/README.md says how they were made). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from './run.js';
import { type ModelDescription, makeSyntheticModel } from './synthetic-model.js';

/** What a file of rewards holds for each model, by its name. */
export interface ReferenceRewards {
  readonly models: Readonly<Record<string, { readonly sha256: string; readonly rewards: readonly (number | null)[] }>>;
}

/** For models of 16 dimensions: |difference| <= this x max(1, |reward|). */
const TOLERANCE = 1e-5;

/** A JSON file of test/oracle. */
export const readOracle = <T>(name: string): T =>
  JSON.parse(readFileSync(join(root, 'test/oracle', name), 'utf8')) as T;

export const texts = readOracle<readonly { readonly name: string; readonly text: string }[]>('texts.json');

/** Tests that every model gives every text its reference reward. */
/** The reference was cut to as many tokens as Chai's models are, or as the model has positions. */
function lengthFor({ config }: ModelDescription): string {
  const positions = config.max_position_embeddings ?? config.n_positions;
  return String(typeof positions === 'number' ? Math.min(256, positions) : 256);
}

export function describeRewards(models: readonly ModelDescription[], reference: ReferenceRewards): void {
  describe('every model has a reference', () => {
    assert.deepEqual(Object.keys(reference.models).sort(), models.map(({ name }) => name).sort());
    test('and every text', () => {
      for (const { rewards } of Object.values(reference.models)) assert.equal(rewards.length, texts.length);
    });
  });

  describe('rewards equal the reference', { concurrency: availableParallelism() }, () => {
    const directory = temporaryDirectory();
    const lines = texts.map(({ text }) => `${JSON.stringify({ text })}\n`);
    const input = writeFile(directory, 'texts.jsonl', lines.join(''));

    for (const model of models) {
      test(model.name, async () => {
        const modelDirectory = join(directory, model.name);
        const { sha256 } = await makeSyntheticModel(modelDirectory, model);
        const expected = reference.models[model.name];
        assert.equal(sha256, expected?.sha256, 'the synthetic model is not the one the reference was made with');

        const run = await rewardScore(['-m', modelDirectory, '-j', '1', '-q', '--max-length', lengthFor(model), input]);

        const rows = jsonLines(run.stdout);
        assert.equal(rows.length, texts.length, run.stderr);
        let failures = 0;
        for (const [index, row] of rows.entries()) {
          const name = texts[index]?.name;
          const reward = expected?.rewards[index];
          if (reward === null || reward === undefined) {
            failures++;
            assert.equal(row.reward, null, name);
            assert.equal((row.reward_error as { code: string }).code, 'NON_FINITE', name);
          } else {
            const difference = Math.abs((row.reward as number) - reward) / Math.max(1, Math.abs(reward));
            assert.ok(difference <= TOLERANCE, `${name}: expected ${reward}, got ${row.reward}`);
          }
        }
        assert.equal(run.code, failures > 0 ? 3 : 0);
      });
    }
  });
}
