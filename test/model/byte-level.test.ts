/** A byte-level BPE over tables gives the ids of its steps, one after the other: on awkward texts, and for awkward merges. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { AddedVocabulary, addedToken } from '../../dist/model/tokenizer/added-vocabulary.js';
import { byteCharacters } from '../../dist/model/tokenizer/byte-characters.js';
import { TableVocabulary } from '../../dist/model/tokenizer/byte-level/table-vocabulary.js';
import { bpeTables } from '../../dist/model/tokenizer/byte-level/tables.js';
import { type Encoder, stepwiseEncoder } from '../../dist/model/tokenizer/encoder.js';
import { readTokenizerFiles, type TokenizerFiles } from '../../dist/model/tokenizer/files.js';
import { LLAMA3_PATTERN, QWEN2_PATTERN } from '../../dist/model/tokenizer/known-patterns.js';
import { normalizer } from '../../dist/model/tokenizer/normalizers.js';
import { filesOfShared, type SharedTokenizer, shareTokenizer } from '../../dist/model/tokenizer/shared-tokenizer.js';
import { Tokenizer } from '../../dist/model/tokenizer/tokenizer.js';
import { ReadVocabulary } from '../../dist/model/tokenizer/vocabulary.js';
import { awkwardText } from '../support/awkward-texts.js';
import { temporaryDirectory } from '../support/run.js';
import { writeGpt2Tokenizer } from '../support/synthetic-model.js';
import { tries } from '../support/tries.js';

/** Awkward words, halves of surrogate pairs, characters of all of Unicode, and words of the vocabulary. */
const text = fc
  .array(
    fc.oneof(
      awkwardText.map((words) => words.slice(0, 8).join('')),
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.constantFrom('\ud83d', '\ude00', '\ud800\ud800', '\udfff'),
      fc.constantFrom(
        ' the',
        ' conversation',
        'ing',
        ' 2024',
        "'LL",
        '\r\n\t',
        '<mask>',
        '<mask',
        ' <word>',
        '<pad>\n',
      ),
      fc
        .tuple(fc.constantFrom('a', ' ', '\n', '7', '-', 'é', '😀', 'qu'), fc.nat(90))
        .map(([unit, n]) => unit.repeat(n)),
    ),
    { maxLength: 16, size: 'max' },
  )
  .map((parts) => parts.join(''));

const byteLevel = (prefix: boolean, splits: boolean) => ({
  type: 'ByteLevel',
  add_prefix_space: prefix,
  trim_offsets: true,
  use_regex: splits,
});
const split = (regex: string) => ({ type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false });
const sequence = (...pretokenizers: object[]) => ({ type: 'Sequence', pretokenizers });

/** How a text is split, and whether a word that is a token is one. */
const layouts = {
  gpt2: { pre_tokenizer: byteLevel(false, true) },
  'a space before the text': { pre_tokenizer: byteLevel(true, true), normalizer: { type: 'NFC' } },
  llama3: { pre_tokenizer: sequence(split(LLAMA3_PATTERN), byteLevel(false, false)), ignoresMerges: true },
  qwen2: { pre_tokenizer: sequence(split(QWEN2_PATTERN), byteLevel(false, false)), normalizer: { type: 'NFC' } },
  'a space before each word': { pre_tokenizer: sequence(split(QWEN2_PATTERN), byteLevel(true, false)) },
  'digits apart': { pre_tokenizer: sequence({ type: 'Digits', individual_digits: true }, byteLevel(false, true)) },
  'another pattern': { pre_tokenizer: sequence(sequence(split('[aeiou]+|\\s')), byteLevel(false, false)) },
} as const;

const gpt2 = temporaryDirectory();
let files: TokenizerFiles;
before(async () => {
  await writeGpt2Tokenizer(gpt2);
  files = readTokenizerFiles(gpt2);
});

/** GPT-2's vocabulary, split in another way, with added tokens of all kinds. */
function withLayout({ pre_tokenizer, ...more }: (typeof layouts)[keyof typeof layouts]): TokenizerFiles {
  const { tables } = files.vocabulary as TableVocabulary;
  const ignoresMerges = 'ignoresMerges' in more;
  const vocabulary = new TableVocabulary({ ...tables, ignoresMerges });
  const added = new AddedVocabulary(vocabulary);
  for (const tokens of files.added.additions) added.add(tokens);
  added.add([
    addedToken({ content: '<mask>', lstrip: true }),
    addedToken({ content: '<pad>', rstrip: true, special: true }),
    addedToken({ content: '<word>', single_word: true }),
    addedToken({ content: 'e\u0301', normalized: true }),
  ]);
  const model = { ...files.tokenizer.model, ignore_merges: ignoresMerges };
  const normalize = 'normalizer' in more ? more.normalizer : null;
  return {
    ...files,
    vocabulary,
    added,
    tokenizer: { ...files.tokenizer, model, pre_tokenizer, normalizer: normalize },
  };
}

/** Step by step, over a vocabulary of strings. */
function reference({ tokenizer, added, splitsSpecialTokens }: TokenizerFiles): Encoder {
  const vocabulary = new ReadVocabulary(tokenizer.model.vocab);
  const again = new AddedVocabulary(vocabulary);
  for (const tokens of added.additions) again.add(tokens);
  return stepwiseEncoder(tokenizer, vocabulary, again.splitter(normalizer(tokenizer.normalizer), splitsSpecialTokens));
}

describe('the ids of a text are those of the steps', () => {
  for (const [name, layout] of Object.entries(layouts)) {
    test(name, () => {
      const own = withLayout(layout);
      const tokenizer = new Tokenizer(own);
      const expected = reference(own);
      fc.assert(
        fc.property(text, (given) => assert.deepEqual(tokenizer.encode(given), expected(given))),
        { numRuns: tries(300) },
      );
    });
  }

  test('of more words than are remembered, of a word of many letters, and of a long one that comes again', () => {
    const tokenizer = new Tokenizer(files);
    const expected = reference(files);
    const words = Array.from({ length: 20_000 }, (_, i) => (i * 7919).toString(36)).join(' ');
    const letters = 'abcdefghijklmnopqrstuvwxyzäöü'.repeat(3000);
    for (const given of [words, letters, letters.slice(0, 64), letters.slice(0, 65), words]) {
      assert.deepEqual(tokenizer.encode(given), expected(given));
    }
  });
});

/** Merges of any tokens, in any order: some make what another has made, or are named twice. */
const merges = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 40 }).map((picks) => {
  const tokens = ['a', 'b', 'c', 'é'.normalize('NFD').slice(0, 1)];
  return picks.map(([one, other]): [string, string] => {
    const pair: [string, string] = [tokens[one % tokens.length] as string, tokens[other % tokens.length] as string];
    if (!tokens.includes(pair.join('')) && pair.join('').length < 24) tokens.push(pair.join(''));
    return pair;
  });
});

test('the ids of a word are those of merging step by step, whatever the merges are', () => {
  const step = { pre_tokenizer: byteLevel(false, false), normalizer: null, post_processor: null };
  const words = fc.array(fc.constantFrom('a', 'b', 'c', 'e', 'aa', 'abc', 'cab'), { minLength: 1, maxLength: 90 });
  fc.assert(
    fc.property(merges, fc.array(words, { minLength: 1, maxLength: 4 }), fc.boolean(), (pairs, given, ignores) => {
      const made = pairs.map((pair) => pair.join(''));
      const tokens = [...new Set([...byteCharacters, ...made])];
      const vocab = Object.fromEntries(tokens.map((token, i) => [token, i]));
      const model = { type: 'BPE', vocab, merges: pairs, ignore_merges: ignores };
      const tables = bpeTables(model);
      assert.ok(tables !== undefined);
      const added = new AddedVocabulary(new TableVocabulary(tables));
      const own = { ...files, vocabulary: new TableVocabulary(tables), added, tokenizer: { ...step, model } };
      const tokenizer = new Tokenizer(own);
      const expected = reference(own);
      for (const each of given) assert.deepEqual(tokenizer.encode(each.join('')), expected(each.join('')));
    }),
    { numRuns: tries(300) },
  );
});

test('another thread has the same tokenizer', () => {
  const shared = shareTokenizer(withLayout(layouts.llama3)) as SharedTokenizer;
  const given = filesOfShared(structuredClone(shared));
  const { tables, ...others } = shared;
  assert.ok(JSON.stringify(others).length < 10_000, 'strings of the vocabulary are still there');
  for (const name of ['units', 'ends', 'slots', 'merges', 'merged'] as const) {
    assert.ok(tables[name].buffer instanceof SharedArrayBuffer, name);
  }
  const [one, other] = [new Tokenizer(withLayout(layouts.llama3)), new Tokenizer(given)];
  const words = 'A conversation, <mask> with <|endoftext|>\n in it 12345 naïve 😀';
  const ids = one.encode(words);
  assert.deepEqual(other.encode(words), ids);
  assert.equal(other.textOf(ids), one.textOf(ids));
  assert.equal(other.idLimit, one.idLimit);
  assert.deepEqual(other.addedTexts, one.addedTexts);
  assert.deepEqual(other.specialTokens(), one.specialTokens());
  assert.equal(other.specialTokenId('eos_token'), 50_256);
});

describe('what is no plain byte-level BPE has no tables', () => {
  const vocab = Object.fromEntries([...byteCharacters, 'ab'].map((token, i) => [token, i]));
  const plain = { type: 'BPE', vocab, merges: ['a b'] };
  assert.ok(bpeTables(plain) !== undefined);
  for (const [name, model] of Object.entries({
    dropout: { ...plain, dropout: 0.1 },
    'a prefix inside words': { ...plain, continuing_subword_prefix: '##' },
    'a suffix of words': { ...plain, end_of_word_suffix: '</w>' },
    'a byte that is unknown': { ...plain, vocab: { ...vocab, [byteCharacters[7] as string]: undefined } },
    'an unknown token that is none': { ...plain, unk_token: '<unk>' },
    'two tokens of one id': { ...plain, vocab: { ...vocab, abc: 7 } },
    'an id far behind the others': { ...plain, vocab: { ...vocab, abc: 2 ** 40 } },
    'a merge that makes no token': { ...plain, merges: ['a b', 'a c'] },
    'a merge of three': { ...plain, merges: ['a b', 'a b c'] },
    'another model': { ...plain, type: 'WordPiece' },
  })) {
    test(name, () => assert.equal(bpeTables(JSON.parse(JSON.stringify(model))), undefined));
  }
});
