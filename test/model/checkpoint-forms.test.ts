/** The same model in every form that users have, against the rewards of transformers (test/oracle/README.md). */
import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readOracle } from '../support/oracle.js';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

interface Reference {
  readonly config: object;
  readonly texts: readonly string[];
  readonly forms: Readonly<Record<string, { readonly sha256: string; readonly rewards: readonly number[] }>>;
}

/** For a model of 8 dimensions: |difference| <= this x max(1, |reward|). */
const TOLERANCE = 1e-5;

const { config, texts, forms } = readOracle<Reference>('checkpoints.json');
const directory = temporaryDirectory();
const input = writeFile(directory, 'texts.jsonl', texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));

function makeModel(form: string): string {
  const model = join(directory, form);
  cpSync(join(root, 'test/oracle/checkpoints', form), model, { recursive: true });
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
    cpSync(join(root, 'fixtures/tiny-gpt2', file), join(model, file));
  }
  writeFile(model, 'config.json', JSON.stringify(config));
  return model;
}

describe('rewards equal the reference', { concurrency: availableParallelism() }, () => {
  for (const [form, expected] of Object.entries(forms)) {
    test(form, async () => {
      const summary = join(directory, `${form}.json`);

      const run = await rewardScore(['-m', makeModel(form), '-j', '1', '-q', '--summary', summary, input]);

      assert.equal(run.code, 0, run.stderr);
      const rewards = jsonLines(run.stdout).map(({ reward }) => reward as number);
      assert.equal(rewards.length, texts.length);
      for (const [index, reward] of expected.rewards.entries()) {
        const difference = Math.abs((rewards[index] as number) - reward) / Math.max(1, Math.abs(reward));
        assert.ok(difference <= TOLERANCE, `${texts[index]}: expected ${reward}, got ${rewards[index]}`);
      }
      const { model } = JSON.parse(readFileSync(summary, 'utf8')) as { model: { sha256: string } };
      assert.equal(model.sha256, expected.sha256);
    });
  }
});
