/** What a tokenizer's directory is, how its files are read, and what is said where they cannot be. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { FatalError } from '../../dist/errors.js';
import { readChatTemplate } from '../../dist/model/tokenizer/chat-template.js';
import {
  describeMissingTokenizer,
  hashTokenizerFiles,
  hasTokenizer,
  tokenizerFileHashes,
} from '../../dist/model/tokenizer/directory.js';
import { readTokenizerFiles, tokenizerClassIn } from '../../dist/model/tokenizer/files.js';
import { Tokenizer } from '../../dist/model/tokenizer/tokenizer.js';
import { rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

const directory = temporaryDirectory();
const fixture = join(root, 'fixtures/tiny-gpt2');
const content = JSON.parse(readFileSync(join(fixture, 'tokenizer.json'), 'utf8')) as Record<string, unknown>;
const { vocab, merges } = content.model as { vocab: object; merges: [string, string][] };

type Files = Readonly<Record<string, string | Uint8Array | 'a directory'>>;
const A_DIRECTORY = 'a directory';

/** A directory with these files, and the small model's tokenizer where they name none. */
function directoryWith(files: Files, base: Files = { 'tokenizer.json': JSON.stringify(content) }): string {
  const path = join(directory, String(readdirSync(directory).length));
  mkdirSync(path);
  for (const [name, content] of Object.entries({ ...base, ...files })) {
    if (content === A_DIRECTORY) mkdirSync(join(path, name));
    else writeFile(path, name, content);
  }
  return path;
}

const vocabulary = { 'vocab.json': JSON.stringify(vocab) };
const pairs = { 'merges.txt': `#version: 0.2\n${merges.map((pair) => pair.join(' ')).join('\n')}\n` };

/** Everything that a reader of this room gives, or why not. */
const opened = (path: string): Tokenizer => new Tokenizer(readTokenizerFiles(path));

function assertFatal(work: () => unknown, kind: 'usage' | 'run', message: RegExp): void {
  assert.throws(work, (error) => {
    assert.ok(error instanceof FatalError, String(error));
    assert.equal(error.kind, kind, error.message);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /is not iterable|Cannot read|is not a function|undefined|EISDIR|ENOENT/);
    return true;
  });
}

describe('a directory has a tokenizer', () => {
  for (const [what, files, has] of [
    ['with tokenizer.json', { 'tokenizer.json': '{}' }, true],
    ['with vocab.json and merges.txt', { ...vocabulary, ...pairs }, true],
    ['with both forms', { 'tokenizer.json': '{}', ...vocabulary, ...pairs }, true],
    [
      'with vocab.json and merges.txt beside a directory tokenizer.json',
      { 'tokenizer.json': A_DIRECTORY, ...vocabulary, ...pairs },
      true,
    ],
    ['not with vocab.json alone', vocabulary, false],
    ['not with merges.txt alone', pairs, false],
    ['not with a directory of the name tokenizer.json', { 'tokenizer.json': A_DIRECTORY }, false],
    ['not where it is empty', {}, false],
  ] as const) {
    test(what, () => assert.equal(hasTokenizer(directoryWith(files, {})), has));
  }

  test('or what it lacks is said', () => {
    assert.match(describeMissingTokenizer(directoryWith(vocabulary, {})), /found only vocab\.json$/);
    assert.match(describeMissingTokenizer(directoryWith({}, {})), /found neither$/);
    for (const name of ['spm.model', 'tokenizer.model', 'vocab.txt']) {
      const found = new RegExp(`found only ${name.replace('.', '\\.')} \\(AutoTokenizer.*save_pretrained\\(DIR\\)`);
      assert.match(describeMissingTokenizer(directoryWith({ [name]: 'x' }, {})), found);
    }
    assertFatal(() => opened(directoryWith(vocabulary, {})), 'usage', /found only vocab\.json; name a directory/);
  });

  test('a model with vocab.json alone is refused before anything starts', async () => {
    const model = directoryWith(vocabulary, {});
    for (const name of ['config.json', 'model.safetensors']) cpSync(join(fixture, name), join(model, name));
    const run = await rewardScore(['-m', model], { stdin: '"hi"\n' });
    assert.equal(run.code, 2, run.stderr);
    assert.match(run.stderr, /expected tokenizer\.json, or vocab\.json and merges\.txt, found only vocab\.json/);
    assert.doesNotMatch(run.stderr, /unexpected error/);
  });
});

const broken = Buffer.from([0x7b, 0xff, 0x7d]);

describe('tokenizer_config.json that cannot be used is refused by name', () => {
  for (const [what, config, message] of [
    ['empty', '', /tokenizer_config\.json: expected JSON/],
    ['cut short', '{"pad_token": ', /tokenizer_config\.json: expected JSON/],
    ['a list', '[]', /tokenizer_config\.json: expected a JSON object, got an array/],
    ['null', 'null', /tokenizer_config\.json: expected a JSON object, got null/],
    ['not UTF-8', broken, /tokenizer_config\.json: expected text in UTF-8/],
    ['a directory', A_DIRECTORY, /tokenizer_config\.json: expected a file, got something else/],
    [
      'with special tokens that are no list',
      '{"additional_special_tokens":3}',
      /\(tokenizer_config\.json\): expected additional_special_tokens to be a list of tokens, or tokens by name, got 3/,
    ],
  ] as const) {
    test(what, () => {
      const path = directoryWith({ 'tokenizer_config.json': config });
      assertFatal(() => opened(path), 'run', message);
      if (what !== 'with special tokens that are no list') assertFatal(() => readChatTemplate(path), 'run', message);
    });
  }
});

describe('a field that hands over something else than files is refused by name', () => {
  for (const [config, message] of [
    [{ auto_map: { AutoTokenizer: ['mine.Slow', 'mine.Fast'] } }, /auto_map to be absent: Python code/],
    [{ auto_map: ['mine.Slow', null], tokenizer_class: 'MyTokenizer' }, /auto_map to be absent: Python code/],
    [{ fast_tokenizer_files: ['tokenizer.json', 'tokenizer.4.0.0.json'] }, /fast_tokenizer_files to be absent/],
    [{ init_inputs: ['x'] }, /init_inputs to be absent/],
    [{ tokenizer_object: {} }, /tokenizer_object to be absent/],
    [{ fix_mistral_regex: true }, /fix_mistral_regex to be absent/],
    [{ split_special_tokens: 'yes' }, /split_special_tokens to be true or false, got "yes"/],
    [{ add_bos_token: 1 }, /add_bos_token to be true or false, got 1/],
    [{ tokenizer_class: 'GPT2Tokenizer', add_prefix_space: 'no' }, /add_prefix_space to be true, false or null/],
    [{ added_tokens_decoder: { '512': 'x' } }, /added_tokens_decoder\.512 to be an object, got "x"/],
    [{ added_tokens_decoder: { x: {} } }, /added_tokens_decoder to be tokens by id/],
    [
      { added_tokens_decoder: { '512': { content: 'x', lstrip: 3 } } },
      /added_tokens_decoder\.512\.lstrip to be true or false/,
    ],
  ] as const) {
    test(JSON.stringify(config), () => {
      const path = directoryWith({ 'tokenizer_config.json': JSON.stringify(config) });
      assertFatal(() => opened(path), 'run', message);
    });
  }

  test('and code beside a class that is known here is passed over', () => {
    const auto_map = { AutoTokenizer: ['mine.Slow', 'mine.Fast'] };
    for (const tokenizer_class of ['GPT2Tokenizer', 'PreTrainedTokenizerFast']) {
      const path = directoryWith({ 'tokenizer_config.json': JSON.stringify({ auto_map, tokenizer_class }) });
      assert.ok(opened(path).encode('sea').length > 0);
    }
  });

  test('before anything starts, too', () => {
    const path = directoryWith({ 'tokenizer_config.json': '{"auto_map":{"AutoTokenizer":["mine.Slow",null]}}' });
    assertFatal(() => tokenizerClassIn(path), 'run', /auto_map to be absent/);
  });
});

describe('the chat template', () => {
  const configured = (chat_template: unknown): string =>
    directoryWith({ 'tokenizer_config.json': JSON.stringify({ chat_template }) });

  test('is chat_template.jinja, byte for byte, before that of tokenizer_config.json', () => {
    const path = configured('from the config');
    assert.equal(readChatTemplate(path).text, 'from the config');
    writeFile(path, 'chat_template.jinja', '\ufeffé\r\n');
    assert.equal(readChatTemplate(path).text, '\ufeffé\r\n');
  });

  test('is the one named default of several', () => {
    const rag = { name: 'rag', template: 'r' };
    assert.equal(readChatTemplate(configured([rag, { name: 'default', template: 'd' }])).text, 'd');
    assertFatal(() => readChatTemplate(configured([rag])), 'usage', /expected a chat template .*, found none/);
  });

  test('is that of chat_template.json where nothing else has one', () => {
    const object = { 'chat_template.json': JSON.stringify({ chat_template: 'from the object' }) };
    assert.deepEqual(readChatTemplate(directoryWith(object)), { text: 'from the object', file: 'chat_template.json' });
    const config = { 'tokenizer_config.json': JSON.stringify({ chat_template: 'from the config' }) };
    assert.equal(readChatTemplate(directoryWith({ ...object, ...config })).text, 'from the config');
    assertFatal(
      () => readChatTemplate(directoryWith({ 'chat_template.json': '{"chat_template":3}' })),
      'run',
      /chat_template\.json: expected chat_template to be/,
    );
  });

  test('may be missing', () => {
    for (const path of [configured(null), directoryWith({})]) {
      assertFatal(() => readChatTemplate(path), 'usage', /expected a chat template .*, found none/);
    }
  });

  for (const field of [[null], [3], ['text'], [{ name: 'default' }], 5, { default: 'x' }]) {
    test(`${JSON.stringify(field)} is refused by name`, () => {
      assertFatal(
        () => readChatTemplate(configured(field)),
        'run',
        /tokenizer_config\.json: expected chat_template to be/,
      );
    });
  }

  for (const [what, file, message] of [
    ['a directory', A_DIRECTORY, /chat_template\.jinja: expected a file/],
    ['not UTF-8', broken, /chat_template\.jinja: expected text in UTF-8/],
  ] as const) {
    test(`chat_template.jinja that is ${what} is refused by name`, () => {
      assertFatal(() => readChatTemplate(directoryWith({ 'chat_template.jinja': file })), 'run', message);
    });
  }

  test('of a broken file ends a run with a message', async () => {
    const model = directoryWith({ 'tokenizer_config.json': '{"chat_template":[null]}' });
    for (const name of ['config.json', 'model.safetensors']) cpSync(join(fixture, name), join(model, name));
    const run = await rewardScore(['-m', model, '--template', 'model'], { stdin: '"hi"\n' });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /tokenizer_config\.json: expected chat_template to be/);
    assert.doesNotMatch(run.stderr, /unexpected error/);
  });
});

describe('tokenizer.json', () => {
  const edited = (edits: object): string =>
    directoryWith({ 'tokenizer.json': JSON.stringify({ ...content, ...edits }) });

  test('may leave out steps that it does not have', () => {
    const whole = opened(edited({ normalizer: null, post_processor: null, decoder: null }));
    const { normalizer: _, post_processor: __, decoder: ___, ...short } = content;
    const path = directoryWith({ 'tokenizer.json': JSON.stringify(short) });
    for (const text of ['a sea', 'walk <|endoftext|> on', ' é']) {
      assert.deepEqual(opened(path).encode(text), whole.encode(text));
    }
    const { added_tokens: ____, pre_tokenizer: _____, ...shorter } = short;
    assert.ok(opened(directoryWith({ 'tokenizer.json': JSON.stringify(shorter) })).encode('sea').length > 0);
  });

  const model = content.model as object;
  for (const [what, edits, message] of [
    ['added_tokens of a number', { added_tokens: 3 }, /added_tokens to be a list, got 3/],
    ['an added token of null', { added_tokens: [null] }, /added_tokens\[0\] to be an object, got null/],
    [
      'an added token without an id',
      { added_tokens: [{ content: 'x' }] },
      /added_tokens\[0\]\.id to be a token id, got nothing/,
    ],
    ['an added token without a text', { added_tokens: [{ id: 1 }] }, /added_tokens\[0\]\.content to be a text/],
    ['a normalizer that is a list', { normalizer: [] }, /normalizer to be an object, got \[\]/],
    ['a normalizer without a type', { normalizer: {} }, /normalizer\.type to be a name/],
    [
      'a normalizer of an unknown type',
      { normalizer: { type: 'Nfkc' } },
      /cannot be used \(Unknown Normalizer type: Nfkc\)/,
    ],
    ['a sequence without steps', { pre_tokenizer: { type: 'Sequence' } }, /pre_tokenizer\.pretokenizers to be a list/],
    [
      'a sequence of null',
      { post_processor: { type: 'Sequence', processors: [null] } },
      /processors\[0\] to be an object/,
    ],
    [
      'a template without its texts',
      { post_processor: { type: 'TemplateProcessing' } },
      /post_processor\.single to be a list/,
    ],
    [
      'a template of null',
      { post_processor: { type: 'TemplateProcessing', single: [null], special_tokens: {} } },
      /single\[0\] to be an object/,
    ],
    [
      'a template without its tokens',
      { post_processor: { type: 'TemplateProcessing', single: [] } },
      /special_tokens to be an object/,
    ],
    [
      'BERT without its tokens',
      { post_processor: { type: 'BertProcessing', cls: 3 } },
      /post_processor\.sep to be a token and its id/,
    ],
    ['no model', { model: null }, /model to be an object, got null/],
    ['a model without a vocabulary', { model: { type: 'BPE', merges: [] } }, /model\.vocab to be an object/],
    [
      'a vocabulary of texts',
      { model: { ...model, vocab: { a: 'b' } } },
      /model\.vocab, at "a", to be a token id, got "b"/,
    ],
    ['merges of a number', { model: { ...model, merges: 5 } }, /model\.merges to be a list/],
    ['a merge of null', { model: { ...model, merges: [null] } }, /model\.merges\[0\] to be a pair of tokens/],
    ['pieces of a number', { model: { type: 'Unigram', vocab: [3] } }, /model\.vocab\[0\] to be a piece and its score/],
    [
      'a pattern that is none',
      { pre_tokenizer: { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated' } },
      /cannot be used/,
    ],
  ] as const) {
    test(`with ${what} is refused by name`, () => assertFatal(() => opened(edited(edits)), 'run', message));
  }

  for (const [what, file, message] of [
    ['empty', '', /tokenizer\.json: expected JSON/],
    ['not UTF-8', broken, /tokenizer\.json: expected text in UTF-8/],
  ] as const) {
    test(`that is ${what} is refused by name`, () => {
      assertFatal(() => opened(directoryWith({ 'tokenizer.json': file })), 'run', message);
    });
  }
});

describe('the hashes of a tokenizer', () => {
  const every: Files = {
    'tokenizer.json': JSON.stringify(content),
    'tokenizer_config.json': '{}',
    'special_tokens_map.json': '{}',
    'added_tokens.json': '{}',
    'chat_template.jinja': 'x',
    'chat_template.json': '{}',
  };

  test('are those of every file that is there', () => {
    const path = directoryWith({ ...every, ...vocabulary, ...pairs, 'README.md': 'not one of them' });
    mkdirSync(join(path, 'additional_chat_templates'));
    writeFile(path, 'additional_chat_templates/rag.jinja', 'y');
    assert.deepEqual(Object.keys(tokenizerFileHashes(path)), [
      ...Object.keys(every),
      'additional_chat_templates/rag.jinja',
    ]);
    const old = directoryWith({ ...vocabulary, ...pairs }, {});
    assert.deepEqual(Object.keys(tokenizerFileHashes(old)), ['vocab.json', 'merges.txt']);
  });

  test('change with each file: its content, its coming and its going', () => {
    const path = directoryWith(every);
    const before = hashTokenizerFiles(path);
    for (const [name, content] of Object.entries(every)) {
      writeFile(path, name, `${content as string} `);
      assert.notEqual(hashTokenizerFiles(path), before, `${name} changed`);
      if (name !== 'tokenizer.json') {
        rmSync(join(path, name));
        assert.notEqual(hashTokenizerFiles(path), before, `${name} is gone`);
      }
      writeFile(path, name, content);
      assert.equal(hashTokenizerFiles(path), before);
    }
  });
});
