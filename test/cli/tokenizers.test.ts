/** The fields of a tokenizer's files reach the reward, and what is not as its file says is told. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { jsonLines, rewardScore, root, temporaryDirectory } from '../support/run.js';

const directory = temporaryDirectory();

/** Rewards of transformers 5.23.0, in float32, are those of this machine within this. */
const TOLERANCE = 1e-5;

interface Content {
  readonly model: { readonly vocab: object; readonly merges: readonly (readonly [string, string])[] };
  readonly [member: string]: unknown;
}

/** A copy of the small model with other tokenizer files. */
function modelWith(name: string, edit: (path: string, content: Content) => void): string {
  const path = join(directory, name);
  cpSync(join(root, 'fixtures/tiny-gpt2'), path, { recursive: true });
  edit(path, JSON.parse(readFileSync(join(path, 'tokenizer.json'), 'utf8')) as Content);
  return path;
}

const write = (path: string, name: string, content: object): void =>
  writeFileSync(join(path, name), JSON.stringify(content));

const endOfText = '<|endoftext|>';
const named = { bos_token: endOfText, eos_token: endOfText, unk_token: endOfText };

const inOldForm = modelWith('old-form', (path, { model: { vocab, merges } }) => {
  rmSync(join(path, 'tokenizer.json'));
  write(path, 'vocab.json', vocab);
  writeFileSync(join(path, 'merges.txt'), `#version: 0.2\n${merges.map((pair) => pair.join(' ')).join('\n')}\n`);
  write(path, 'tokenizer_config.json', { tokenizer_class: 'GPT2Tokenizer', add_bos_token: true, ...named });
});

async function scored(model: string, ...texts: readonly string[]): Promise<Record<string, unknown>[]> {
  const stdin = texts.map((text) => `${JSON.stringify({ text })}\n`).join('');
  const run = await rewardScore(['-m', model, '-q', '--details'], { stdin });
  return jsonLines(run.stdout);
}

function assertReward(row: Record<string, unknown> | undefined, reward: number, tokens: number): void {
  assert.ok(Math.abs((row?.reward as number) - reward) <= TOLERANCE, `expected ${reward}, got ${String(row?.reward)}`);
  assert.equal(row?.reward_tokens, tokens);
}

test('add_bos_token beside vocab.json and merges.txt', async () => {
  const [row] = await scored(inOldForm, 'Hello there');
  assertReward(row, -0.5603650808334351, 5);
});

test('a text that begins with BOS is given no other', async () => {
  const [plain, begun, twice] = await scored(
    inOldForm,
    'Hello there',
    `${endOfText}Hello there`,
    `${endOfText}${endOfText}a`,
  );
  assert.deepEqual([begun?.reward, begun?.reward_tokens], [plain?.reward, 5]);
  assert.equal(twice?.reward_tokens, 3);
});

describe('where tokenizer.json and the class disagree', () => {
  for (const [name, edit, text, reward, tokens] of [
    ['normalizer', { normalizer: { type: 'Lowercase' } }, 'Hello There', -0.8612667322158813, 5],
    [
      'pre_tokenizer',
      {
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [
            { type: 'Digits', individual_digits: true },
            { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
          ],
        },
      },
      'In 2024 it cost 150 dollars',
      0.4157363474369049,
      19,
    ],
  ] as const) {
    test(`the class's ${name} counts, and that is told`, async () => {
      const model = modelWith(name, (path, content) => write(path, 'tokenizer.json', { ...content, ...edit }));
      const [row] = await scored(model, text);
      assertReward(row, reward, tokens);
      const { stderr } = await rewardScore(['-m', model, '--no-progress'], { stdin: '"a"\n' });
      assert.match(stderr, new RegExp(`tokenizer\\.json: its ${name} is not what its class, GPT2Tokenizer, has`));
    });
  }
});

test('an added token without an embedding makes a bad row where it is written out', async () => {
  const model = modelWith('more-tokens', (path) => {
    write(path, 'tokenizer_config.json', { tokenizer_class: 'GPT2Tokenizer', ...named, pad_token: '<pad>' });
  });
  const [plain, bad] = await scored(model, 'Hello there', 'Hello <pad> there');
  assert.equal(typeof plain?.reward, 'number');
  assert.deepEqual(bad?.reward_error, {
    code: 'BAD_ROW',
    message: 'the text has an added token with id 512, written out, and the model has embeddings for 512 tokens alone',
  });
});

test('a field of config.json that its alias contradicts is refused', async () => {
  const model = modelWith('two-names', (path) => {
    const config = JSON.parse(readFileSync(join(path, 'config.json'), 'utf8')) as object;
    write(path, 'config.json', { ...config, num_attention_heads: 4 });
  });
  const run = await rewardScore(['-m', model, '-q'], { stdin: '"a"\n' });
  assert.equal(run.code, 1);
  assert.match(run.stderr, /config\.json: expected n_head to be what num_attention_heads is \(4\), got 2/);
});
