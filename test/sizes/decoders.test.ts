/**
 * A decoder of today's size: the shape of Qwen3 0.6B, with weights of random bits. It is prepared in little memory, and a row of
 * thousands of tokens is scored in memory that a row's length decides, and not the square of it.
 */
import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { start } from '../support/binary.js';
import { root, temporaryDirectory } from '../support/run.js';
import { writeGpt2Tokenizer } from '../support/synthetic-model.js';

const config = {
  architectures: ['Qwen3ForSequenceClassification'],
  model_type: 'qwen3',
  vocab_size: 151_936,
  hidden_size: 1024,
  intermediate_size: 3072,
  num_hidden_layers: 28,
  num_attention_heads: 16,
  num_key_value_heads: 8,
  head_dim: 128,
  max_position_embeddings: 40_960,
  rms_norm_eps: 1e-6,
  rope_theta: 1_000_000,
  tie_word_embeddings: true,
  id2label: { 0: 'reward' },
};

function tensors(): [name: string, shape: number[]][] {
  const { hidden_size: hidden, intermediate_size: inner, head_dim: head } = config;
  const [queries, keys] = [config.num_attention_heads * head, config.num_key_value_heads * head];
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer): [string, number[]][] => {
    const prefix = `model.layers.${layer}`;
    return [
      [`${prefix}.input_layernorm.weight`, [hidden]],
      [`${prefix}.post_attention_layernorm.weight`, [hidden]],
      [`${prefix}.self_attn.q_norm.weight`, [head]],
      [`${prefix}.self_attn.k_norm.weight`, [head]],
      [`${prefix}.self_attn.q_proj.weight`, [queries, hidden]],
      [`${prefix}.self_attn.k_proj.weight`, [keys, hidden]],
      [`${prefix}.self_attn.v_proj.weight`, [keys, hidden]],
      [`${prefix}.self_attn.o_proj.weight`, [hidden, queries]],
      [`${prefix}.mlp.gate_proj.weight`, [inner, hidden]],
      [`${prefix}.mlp.up_proj.weight`, [inner, hidden]],
      [`${prefix}.mlp.down_proj.weight`, [hidden, inner]],
    ];
  });
  return [
    ['model.embed_tokens.weight', [config.vocab_size, hidden]],
    ...layers.flat(),
    ['model.norm.weight', [hidden]],
    ['score.weight', [1, hidden]],
  ];
}

/** Sign and mantissa of a bfloat16 are drawn, its exponent is fixed: numbers of 0.03 to 0.06 in size. */
function writeRandomWeights(path: string): void {
  const EXPONENT = 122 << 7;
  const CHUNK = 1 << 22; // elements
  let end = 0;
  const header = tensors().map(([name, shape]) => {
    const begin = end;
    end += 2 * shape.reduce((a, b) => a * b, 1);
    return [name, { dtype: 'BF16', shape, data_offsets: [begin, end] }];
  });
  const text = JSON.stringify(Object.fromEntries(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path, 'w');
  try {
    writeSync(file, length);
    writeSync(file, text);
    const numbers = new Uint16Array(CHUNK);
    for (let left = end / 2; left > 0; left -= CHUNK) {
      randomFillSync(numbers);
      for (let i = 0; i < CHUNK; i++) numbers[i] = ((numbers[i] as number) & 0x807f) | EXPONENT;
      writeSync(file, new Uint8Array(numbers.buffer, 0, 2 * Math.min(CHUNK, left)));
    }
  } finally {
    closeSync(file);
  }
}

describe('the shape of Qwen3 0.6B', () => {
  const directory = temporaryDirectory();
  const model = join(directory, 'model');
  const cache = join(directory, 'cache');
  after(() => rmSync(directory, { recursive: true, force: true }));

  /** Runs the program to its end; what it printed, and the most memory that it took, files that it maps included. */
  async function run(
    args: readonly string[],
    input = '',
  ): Promise<{ stdout: string; stderr: string; megabytes: number }> {
    const measured = join(directory, 'measured.json');
    const child = start(args, {
      nodeFlags: ['--import', join(root, 'test/support/measure-process.mjs')],
      env: { MEASURED: measured, REWARD_SCORE_CACHE: cache },
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin?.end(input);
    const [code] = (await once(child, 'close')) as [number | null];
    const said = Buffer.concat(stderr).toString();
    assert.equal(code, 0, said);
    const { megabytes } = JSON.parse(readFileSync(measured, 'utf8')) as { megabytes: number };
    return { stdout: Buffer.concat(stdout).toString(), stderr: said, megabytes };
  }

  test('is prepared a matrix at a time', { timeout: 900_000 }, async (context) => {
    await writeModel(model);
    const { megabytes } = await run(['model', 'prepare', '-q', model]);
    context.diagnostic(`${megabytes.toFixed(0)} MB`);
    assert.ok(megabytes < 600, `expected less than a quarter of its 2.4 GB in memory, got ${megabytes} MB`);
  });

  test('scores a row of thousands of tokens in runs', { timeout: 900_000 }, async (context) => {
    const row = { text: 'A row of many words. '.repeat(400) };
    const { stdout, megabytes } = await run(
      ['-q', '-m', model, '-j', '1', '--details', '--max-length', '4096'],
      `${JSON.stringify(row)}\n`,
    );
    const { reward, reward_tokens: tokens } = JSON.parse(stdout) as { reward: number; reward_tokens: number };
    assert.ok(Number.isFinite(reward));
    assert.ok(tokens > 2000, `${tokens}`);
    context.diagnostic(`${tokens} tokens, ${megabytes.toFixed(0)} MB`);
    // The weights are 2.4 GB of it. In one pack, the scores of one layer's heads would be 256 MB, and the bias 16 MB.
    assert.ok(megabytes < 3800, `expected the weights and 1.4 GB, got ${megabytes} MB`);
  });

  test('a dry run says how long it would take', { timeout: 900_000 }, async () => {
    const rows = Array.from({ length: 2000 }, (_, i) => `{"text":"row ${i} ${'of many words '.repeat(100)}"}\n`);
    const { stderr } = await run(['-m', model, '-j', '1', '--dry-run'], rows.join(''));
    assert.match(stderr, /dry run: [\d,]+ tokens, [\d,]+ of them to compute; about \d+(\.\d)? (min|h) with 1 worker/);
  });
});

async function writeModel(directory: string): Promise<void> {
  mkdirSync(directory);
  writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
  writeRandomWeights(join(directory, 'model.safetensors'));
  await writeGpt2Tokenizer(directory);
}
