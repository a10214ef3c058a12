/** Long texts are tokenized in pieces: the tokens are those of the whole text. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type AddedVocabulary, addedToken } from '../../dist/model/tokenizer/added-vocabulary.js';
import { readTokenizerFiles, type TokenizerFiles } from '../../dist/model/tokenizer/files.js';
import { type TextCutter, textCutter } from '../../dist/model/tokenizer/long-texts.js';
import { Tokenizer } from '../../dist/model/tokenizer/tokenizer.js';
import { awkwardText } from '../support/awkward-texts.js';
import { tokenizerReference, writeTokenizer } from '../support/exported-models.js';
import { temporaryDirectory } from '../support/run.js';
import { writeGpt2Tokenizer } from '../support/synthetic-model.js';
import { tries } from '../support/tries.js';

const directory = temporaryDirectory();

async function filesOf(name: string): Promise<TokenizerFiles> {
  const path = join(directory, name);
  mkdirSync(path, { recursive: true });
  if (name === 'gpt2') await writeGpt2Tokenizer(path);
  else writeTokenizer(path, name === 'fixture' ? undefined : name);
  return readTokenizerFiles(path);
}

for (const name of ['fixture', 'gpt2', 'llama3', 'bos', 'cls-sep', 'flags', 'roberta']) {
  describe(name, async () => {
    const files = await filesOf(name);
    const tokenizer = new Tokenizer(files);
    const cutter = textCutter(files) as TextCutter;

    test('the tokens of the pieces are those of the text', () => {
      const runs = tries(150);
      let cuts = 0;
      fc.assert(
        fc.property(awkwardText, fc.integer({ min: 1, max: 12 }), (words, length) => {
          const whole = words.join('');
          const pieces = [...cutter.cut(whole, length)];
          assert.equal(pieces.join(''), whole);
          assert.ok(pieces.slice(0, -1).every((piece) => piece.length >= length));
          cuts += pieces.length - 1;
          assert.deepEqual(
            pieces.flatMap((piece) => tokenizer.encode(piece)),
            tokenizer.encode(whole),
          );
        }),
        { numRuns: runs },
      );
      assert.ok(cuts > 4 * runs, `only ${cuts} cuts were made`);
    });

    test('a long row keeps what is kept of the whole', () => {
      fc.assert(
        fc.property(
          awkwardText.map((words) => words.join('')).filter((unit) => unit.length > 20 && unit.length < 1000),
          fc.integer({ min: 65_000, max: 200_000 }),
          fc.integer({ min: 4, max: 300 }),
          (unit, length, maxLength) => {
            const long = unit.repeat(Math.ceil(length / unit.length));
            const own = tokenizer.encode(long);
            const room = maxLength - tokenizer.addedCount;
            const row = (truncationSide: 'left' | 'right') =>
              tokenizer.rowOf(long, { maxLength, truncationSide, beginsOnce: false });
            const added = tokenizer.rowOf('a', { maxLength: 9, truncationSide: 'left', beginsOnce: false })?.row ?? [];
            const around = (kept: number[]): number[] => {
              const at = added.indexOf(tokenizer.encode('a')[0] as number);
              return [...added.slice(0, at), ...kept, ...added.slice(at + 1)];
            };
            const cut = own.length - room;
            assert.deepEqual(row('left'), { row: around(own.slice(cut)), cut });
            assert.deepEqual(row('right'), { row: around(own.slice(0, room)), cut });
          },
        ),
        { numRuns: tries(1) },
      );
    });
  });
}

test('a long text that a template began is known by its first token', async () => {
  const tokenizer = new Tokenizer(await filesOf('bos'));
  const long = `<s>${'some words '.repeat(20_000)}`;
  const settings = { maxLength: 16, truncationSide: 'left', beginsOnce: true } as const;
  const own = tokenizer.encode(long);
  assert.deepEqual(tokenizer.rowOf(long, settings), { row: own.slice(-16), cut: own.length - 16 });
});

describe('tokenizers whose texts are not cut', () => {
  for (const name of ['byte-level-nested', 'prefix-space', 'wordpiece']) {
    test(name, async () => assert.equal(textCutter(await filesOf(name)), undefined));
  }

  const edited = (edit: (files: { tokenizer: Record<string, unknown>; added: AddedVocabulary }) => void) =>
    filesOf('fixture').then((files) => {
      const tokenizer = structuredClone(files.tokenizer) as unknown as Record<string, unknown>;
      edit({ tokenizer, added: files.added });
      return textCutter({ ...files, tokenizer } as unknown as TokenizerFiles);
    });
  const llama = structuredClone(tokenizerReference.tokenizers.llama3?.edits) as {
    pre_tokenizer: { pretokenizers: [Record<string, unknown>, object] };
  };
  for (const [name, edit] of [
    ['a normalizer', ({ tokenizer }) => Object.assign(tokenizer, { normalizer: { type: 'NFC' } })],
    ['no pre-tokenizer', ({ tokenizer }) => Object.assign(tokenizer, { pre_tokenizer: null })],
    ['another model', ({ tokenizer }) => Object.assign(tokenizer.model as object, { type: 'Unigram' })],
    ['an added token that strips', ({ added }) => added.add([addedToken({ content: '<mask>', rstrip: true })])],
    [
      'an added token that is a word of its own',
      ({ added }) => added.add([addedToken({ content: '<mask>', single_word: true })]),
    ],
    [
      'another pattern',
      ({ tokenizer }) => {
        const [split, bytes] = llama.pre_tokenizer.pretokenizers;
        const other = { ...split, pattern: { Regex: '[^ ]+ ?' } };
        tokenizer.pre_tokenizer = { type: 'Sequence', pretokenizers: [other, bytes] };
      },
    ],
  ] as const satisfies readonly (readonly [string, Parameters<typeof edited>[0]])[]) {
    test(name, async () => assert.equal(await edited(edit), undefined));
  }
});
