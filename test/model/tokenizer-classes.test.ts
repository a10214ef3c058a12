/**
 * Tokenizers by class, form of files, and field, and steps of tokenizer.json, each against what AutoTokenizer of
 * transformers makes of the same files (test/oracle/make_tokenizer_classes.py): the same ids, or a refusal by name.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FatalError } from '../../dist/errors.js';
import { readTokenizerFiles } from '../../dist/model/tokenizer/files.js';
import { Tokenizer } from '../../dist/model/tokenizer/tokenizer.js';
import { type ClassCase, classReference, type Fields, writeTokenizerCase } from '../support/tokenizer-cases.js';

const { texts, ids, specials, cases } = classReference;

const open = (path: string): Tokenizer => new Tokenizer(readTokenizerFiles(path));

/** Cases that the reference loads and this program refuses, each with a part of what it says. */
const refused: Readonly<Record<string, RegExp>> = {
  // transformers gives these a vocabulary of three or five tokens of its own, which knows no text.
  'LlamaTokenizer, vocab.json':
    /tokenizer_class to be one that reads vocab\.json and merges\.txt.* got "LlamaTokenizer"/,
  'no class, vocab.json, bert':
    /tokenizer_class to be one that reads vocab\.json and merges\.txt.* got "BertTokenizer"/,
  // Its merges are none there, so that it gives character by character.
  'LlamaTokenizer over Unigram': /tokenizer_class to be one for the Unigram vocabulary/,
  // It puts "None" around a text.
  'BertTokenizer without a separator': /sep_token to be a token/,
  T5Tokenizer: /tokenizer_class to be PreTrainedTokenizerFast, .* or one of GPT2Tokenizer, .*, got "T5Tokenizer"/,
  'GPT2Tokenizer, vocab.json, added-bad': /added_tokens\.json, at "<\|im_start\|>", to be a token id, got "340"/,
  FixedLength: /Unknown PreTokenizer type: FixedLength/,
  UnicodeScripts: /Unknown PreTokenizer type: UnicodeScripts/,
  'BPE dropout': /dropout merges at random/,
  'a step with an unknown member': /Unknown member beyond of the pre-tokenizer ByteLevel/,
  'a field with a tokenizer in it': /vocab to be absent/,
};

/** Cases that the reference cannot load, and this program does. */
const lenient: readonly string[] = [
  // Nothing names a class; the files are GPT-2's own form.
  'no class, no tokenizer.json',
  'no class, vocab.json, llama',
  'no class, vocab.json, mistral',
  'no class, vocab.json, nothing-known',
];

describe('as transformers has it', () => {
  for (const [name, given] of Object.entries(cases)) {
    test(name, () => {
      const path = writeTokenizerCase(given);
      const message = refused[name] ?? (given.error !== undefined && !lenient.includes(name) ? /expected / : undefined);
      if (message !== undefined) {
        assert.throws(
          () => open(path),
          (error) =>
            error instanceof FatalError && message.test(error.message) && !/undefined|is not a/.test(error.message),
        );
        return;
      }
      const tokenizer = open(path);
      const likeGpt2 = cases['no class, vocab.json, gpt2'] as ClassCase;
      const { ids: rows, special_map: map } = lenient.includes(name) ? likeGpt2 : given;
      for (const [i, text] of texts.entries()) {
        const settings = { maxLength: 1000, truncationSide: 'left', beginsOnce: false } as const;
        const expected = ids[i]?.[rows?.[i] as number];
        // A text without tokens of its own is no row, whatever stands around it.
        const row = tokenizer.rowOf(text, settings)?.row;
        if (row !== undefined) assert.deepEqual(row, expected, text);
        else assert.ok((expected?.length ?? 0) <= tokenizer.addedCount, text);
      }
      assert.deepEqual(Object.entries(tokenizer.specialTokens()), Object.entries(specials[map as number] as Fields));
    });
  }
});

test('a text that is one word of hundreds of thousands of tokens', () => {
  const tokenizer = open(writeTokenizerCase(cases['LlamaTokenizer, tokenizer.json, plain'] as ClassCase));
  const once = tokenizer.encode('qu zx ').length;
  const ids = tokenizer.encode('qu zx '.repeat(100_000));
  assert.ok(ids.length > 300_000, `${once} once, ${ids.length} in all`);
});

/** Each field, and a case that is like it without the field. */
describe('a field that was once ignored makes other tokens', () => {
  for (const [name, without] of [
    ['GPT2Tokenizer, vocab.json, added', 'GPT2Tokenizer, vocab.json, plain'],
    ['GPT2Tokenizer, vocab.json, decoder', 'GPT2Tokenizer, vocab.json, plain'],
    ['GPT2Tokenizer, vocab.json, map', 'GPT2Tokenizer, vocab.json, plain'],
    ['GPT2Tokenizer, vocab.json, bos', 'GPT2Tokenizer, vocab.json, plain'],
    ['GPT2Tokenizer, vocab.json, bos-and-eos', 'GPT2Tokenizer, vocab.json, bos'],
    ['GPT2Tokenizer, vocab.json, prefix-space', 'GPT2Tokenizer, vocab.json, plain'],
    ['PreTrainedTokenizerFast, tokenizer.json, decoder', 'PreTrainedTokenizerFast, tokenizer.json, plain'],
    ['PreTrainedTokenizerFast, tokenizer.json, additional', 'PreTrainedTokenizerFast, tokenizer.json, plain'],
    ['PreTrainedTokenizerFast, tokenizer.json, extra-list', 'PreTrainedTokenizerFast, tokenizer.json, plain'],
    ['PreTrainedTokenizerFast, tokenizer.json, pad', 'PreTrainedTokenizerFast, tokenizer.json, plain'],
    ['GPT2Tokenizer, tokenizer.json, prefix-space', 'GPT2Tokenizer, tokenizer.json, plain'],
    ['GPT2Tokenizer, tokenizer.json, split-special', 'GPT2Tokenizer, tokenizer.json, additional'],
    ['GPT2Tokenizer, lowercase layout', 'PreTrainedTokenizerFast, lowercase layout'],
    ['GPT2Tokenizer, smollm2 layout', 'PreTrainedTokenizerFast, smollm2 layout'],
    ['LlamaTokenizer, tokenizer.json, plain', 'Llama 2, taken as it is'],
    ['LlamaTokenizer, tokenizer.json, no-prefix-space', 'LlamaTokenizer, tokenizer.json, plain'],
  ] as const) {
    test(name, () => {
      const idsOf = (which: string): number[][] => {
        const tokenizer = open(writeTokenizerCase(cases[which] as ClassCase));
        return texts.map((text) => {
          const settings = { maxLength: 1000, truncationSide: 'left', beginsOnce: false } as const;
          return tokenizer.rowOf(text, settings)?.row ?? [];
        });
      };
      assert.notDeepEqual(idsOf(name), idsOf(without));
      assert.notDeepEqual(cases[name]?.ids, cases[without]?.ids);
    });
  }
});

describe('what tokenizer.json says and does not count is told', () => {
  for (const [name, notice] of [
    [
      'LlamaTokenizer, tokenizer.json, plain',
      /: its normalizer, pre_tokenizer are not what its class, LlamaTokenizer, has/,
    ],
    ['BertTokenizer {}', /: its post_processor is not what its class, BertTokenizer, has/],
    ['GPT2Tokenizer, smollm2 layout', /: its pre_tokenizer is not what its class, GPT2Tokenizer, has/],
    ['GPT2Tokenizer, lowercase layout', /: its normalizer is not what its class, GPT2Tokenizer, has/],
    ['GPT2Tokenizer, llama3 layout', /: its pre_tokenizer, model are not what/],
    ['GPTNeoXTokenizer, llama3 layout', /: its normalizer, pre_tokenizer, model, post_processor are not what/],
    ['no class, tokenizer.json, qwen3', /: its normalizer, pre_tokenizer are not what its class, Qwen2Tokenizer, has/],
    [
      'GPT2Tokenizer, an id behind a gap',
      /: the added token <extra> has id 340, as in transformers 5\.23\.0, and not 350/,
    ],
  ] as const) {
    test(name, () => {
      const path = writeTokenizerCase(cases[name] as ClassCase);
      const notices = readTokenizerFiles(path).notices;
      assert.equal(notices.length, 1);
      assert.match(notices[0] as string, notice);
      assert.deepEqual(readTokenizerFiles(path).notices, notices);
    });
  }

  for (const name of [
    'GPT2Tokenizer, tokenizer.json, plain',
    'GPT2Tokenizer, vocab.json, plain',
    'Qwen2Tokenizer, qwen2 layout',
    'Llama 2, as transformers 5 saves it',
    'Llama 2, taken as it is',
    'LlamaTokenizer, llama3 layout',
    'PreTrainedTokenizerFast, smollm2 layout',
  ]) {
    test(`and nothing of ${name}`, () =>
      assert.deepEqual(readTokenizerFiles(writeTokenizerCase(cases[name] as ClassCase)).notices, []));
  }
});
