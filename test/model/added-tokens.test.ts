/** Rows of tokenizers that add tokens, and of one that splits as Llama 3's, against those of transformers (test/oracle/README.md). */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readTokenizerFiles } from '../../dist/model/tokenizer/files.js';
import { Tokenizer } from '../../dist/model/tokenizer/tokenizer.js';
import { copyExportedModel, tokenizerReference, writeTokenizer } from '../support/exported-models.js';
import { jsonLines, rewardScore, temporaryDirectory, writeFile } from '../support/run.js';

const { texts, tokenizers } = tokenizerReference;
const directory = temporaryDirectory();

function open(name: string): Tokenizer {
  const path = join(directory, name);
  mkdirSync(path, { recursive: true });
  writeTokenizer(path, name);
  return new Tokenizer(readTokenizerFiles(path));
}

for (const [name, { cases }] of Object.entries(tokenizers)) {
  describe(name, () => {
    const tokenizer = open(name);
    for (const { maxLength, side, ids } of cases) {
      test(`at most ${maxLength} tokens, cut from the ${side}`, () => {
        for (const [i, text] of texts.entries()) {
          const own = tokenizer.encode(text);
          const row = tokenizer.rowOf(text, { maxLength, truncationSide: side, beginsOnce: false });
          assert.deepEqual(row?.row, ids[i], text);
          assert.equal(row?.cut, Math.max(0, own.length + tokenizer.addedCount - maxLength), text);
        }
      });
    }
  });
}

describe('a text that a chat template made', () => {
  const tokenizer = open('bos');
  const settings = { maxLength: 5, truncationSide: 'right', beginsOnce: true } as const;
  const [bos] = tokenizer.encode('<s>') as [number];

  test('has no second beginning', () => {
    const own = tokenizer.encode('<s>ab');
    assert.equal(own[0], bos);
    assert.deepEqual(tokenizer.rowOf('<s>ab', settings), { row: own, cut: 0 });
    assert.deepEqual(tokenizer.rowOf('<s>ab', { ...settings, beginsOnce: false }), { row: [bos, ...own], cut: 0 });
  });

  test('has the first where the template wrote none', () => {
    const own = tokenizer.encode('ab');
    assert.deepEqual(tokenizer.rowOf('ab', settings)?.row, [bos, ...own]);
  });

  test('is cut to all the room there is', () => {
    const own = tokenizer.encode('<s>abcdefghij');
    assert.deepEqual(tokenizer.rowOf('<s>abcdefghij', settings), { row: own.slice(0, 5), cut: own.length - 5 });
  });
});

test('rows of a template that writes the added tokens itself are those of texts that it does not make', async () => {
  const model = copyExportedModel(directory, 'bert'); // whose tokenizer adds [CLS] and [SEP]
  const writing = writeFile(directory, 'writing.jinja', '[CLS]{{ messages[0].content }}[SEP]');
  const plain = writeFile(directory, 'plain.jinja', '{{ messages[0].content }}');
  const message = '{"messages":[{"role":"user","content":"a sea"}]}\n';
  const rewards = async (template: string, stdin: string): Promise<unknown[]> => {
    const run = await rewardScore(
      ['-q', '-m', model, '--logit', 'good', '--template', template, '--last-speaker', 'any'],
      { stdin },
    );
    return jsonLines(run.stdout).map(({ reward }) => reward);
  };

  const [text, doubled] = await rewards(writing, '{"text":"a sea"}\n{"text":"[CLS]a sea[SEP]"}\n');

  assert.equal(typeof text, 'number');
  assert.deepEqual(await rewards(writing, message), [text]);
  assert.deepEqual(await rewards(plain, message), [text]);
  assert.notEqual(doubled, text);
});
