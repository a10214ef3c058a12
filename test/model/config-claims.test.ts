/** What a config.json may claim: no more than the weights hold, and nothing that a terminal obeys. */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readCard } from '../../dist/model/checkpoint/card.js';
import { readCheckpoint } from '../../dist/model/checkpoint/checkpoint.js';
import { readExportedModel } from '../../dist/model/exported/model.js';
import { printable, printableAscii } from '../../dist/platform/printable.js';
import { writeSmallModel } from '../support/exported-models.js';
import { rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';
import { modelFamilies, readModelDescriptions } from '../support/synthetic-model.js';

const directory = temporaryDirectory();
const fixture = join(root, 'fixtures/tiny-gpt2');
const config = JSON.parse(readFileSync(join(fixture, 'config.json'), 'utf8')) as object;
const llama = { architectures: ['LlamaForSequenceClassification'], hidden_size: 32, num_attention_heads: 2 };

function modelWith(fields: object | string, base: object = config): string {
  const path = join(directory, String(readdirSync(directory).length));
  cpSync(fixture, path, { recursive: true });
  writeFile(path, 'config.json', typeof fields === 'string' ? fields : JSON.stringify({ ...base, ...fields }));
  return path;
}

describe('a config.json that claims more than the weights hold is refused at once', () => {
  const unnamed = { id2label: null };
  for (const [fields, message, base] of [
    [{ n_layer: 1e9 }, /expected n_layer to be at most 29, the number of tensors in .*, got 1000000000/, config],
    [{ n_layer: 1e5 }, /expected n_layer to be at most 29/, config],
    [{ ...unnamed, num_labels: 1e9 }, /expected num_labels to be at most 512, the longest axis of a tensor in/, config],
    [{ num_hidden_layers: 1e9 }, /expected num_hidden_layers to be at most 29/, llama],
    [{ num_labels: 1e9 }, /expected num_labels to be at most 512/, llama],
    [{ head_dim: 4e9 }, /expected head_dim to be at most 512, the longest axis of a tensor in/, llama],
    [{ hidden_size: 8e9 }, /expected head_dim to be at most 512/, llama],
  ] as const) {
    test(JSON.stringify(fields), () => {
      assert.throws(() => readCheckpoint(modelWith(fields, base)), { name: 'FatalError', kind: 'run', message });
    });
  }

  for (const family of modelFamilies) {
    test(`${family}: layers, labels and the size of heads`, async () => {
      const [description] = await readModelDescriptions(family);
      const layers = family === 'gpt2' ? 'n_layer' : 'num_hidden_layers';
      for (const [fields, message] of [
        [{ [layers]: 1e9 }, new RegExp(`expected ${layers} to be at most 29, the number of tensors`)],
        [{ ...unnamed, num_labels: 1e9 }, /expected num_labels to be at most 512, the longest axis/],
        ...(family === 'gpt2'
          ? []
          : [[{ hidden_size: 8e9, head_dim: 4e9 }, /to be at most 512, the longest/] as const]),
      ] as const) {
        assert.throws(() => readCheckpoint(modelWith({ ...description?.config, ...fields })), { message });
      }
    });
  }

  test('a config.json of more bytes than names of labels take', () => {
    const path = modelWith(`{"id2label":{${' '.repeat(17 << 20)}}}`);
    assert.throws(() => readCheckpoint(path), { name: 'FatalError', kind: 'run', message: /at most 16777216 bytes/ });
  });

  test('names of labels that do not fit are not written out', () => {
    const labels = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [String(i + 1), 'x']));
    assert.throws(
      () => readCheckpoint(modelWith({ id2label: labels })),
      (error: Error) => /expected id2label/.test(error.message) && error.message.length < 1000,
    );
  });

  test('an exported model', () => {
    const file = writeSmallModel(join(directory, 'exported'), {}, { num_labels: 1e9 });
    assert.throws(() => readExportedModel(file), { name: 'FatalError', message: /expected num_labels to be at most/ });
  });

  test('`model info` ends with a message', async () => {
    const run = await rewardScore(['model', 'info', modelWith({ n_layer: 1e9 })]);
    assert.equal(run.code, 1);
    assert.match(run.stderr, /expected n_layer to be at most 29/);
  });
});

test('as many layers as the weights may have are taken without a look at them', () => {
  assert.equal(readCheckpoint(modelWith({ n_layer: 1024 })).network.tensors.length, 12 * 1024 + 5);
});

describe('what a terminal obeys or hides is not printed raw', () => {
  const evil = '\u001b[31m \u009b2J \u202e\u200b\u2028 ä\ud800 \u{e0041}';
  const shown = '\\u001b[31m \\u009b2J \\u202e\\u200b\\u2028 ä\\ud800 \\u{e0041}';

  test('as a text', () => {
    assert.equal(printable(evil), shown);
    assert.equal(printableAscii(evil), shown.replace('ä', '\\u00e4').replace('\\u{e0041}', '\\udb40\\udc41'));
    assert.equal(printable('x'.repeat(201)), `${'x'.repeat(200)}...`);
  });

  const rawCharacters = /[^\P{Cc}\n]|\p{Cf}|\p{Zl}/u;

  test('as an architecture', () => {
    assert.throws(
      () => readCheckpoint(modelWith({ architectures: [evil] })),
      (error: Error) =>
        /expected an architecture that is built here, got \["\\u001b/.test(error.message) &&
        !rawCharacters.test(error.message),
    );
  });

  test('as the value of a field', () => {
    assert.throws(
      () => readCheckpoint(modelWith({ activation_function: evil })),
      (error: Error) => /expected activation_function/.test(error.message) && !rawCharacters.test(error.message),
    );
  });

  test('as the licence and the description of a model card', () => {
    const path = modelWith({});
    // A line separator would end the value.
    const value = evil.replace('\u2028', '').replace('\ud800', '');
    writeFile(path, 'README.md', `---\nlicense: x${value}\ndescription: y${value}\n---\n`);
    const { licence, description } = readCard(path);
    const expected = shown.replace('\\u2028', '').replace('\\ud800', '');
    assert.deepEqual([licence.name, description], [`x${expected}`, `y${expected}`]);
  });

  test('as the labels that --logit may name', async () => {
    const labels = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [String(i), i === 0 ? evil : `label ${i}`]));
    const run = await rewardScore(['-m', modelWith({ id2label: labels })], { stdin: '"hi"\n' });
    assert.equal(run.code, 2);
    assert.match(run.stderr, /the model has 0 \(\\u001b\[31m .*, 31 \(label 31\), …\n/);
    assert.doesNotMatch(run.stderr, rawCharacters);
  });
});
