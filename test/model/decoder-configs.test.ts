/** What the config.json of a Qwen or Mistral network may say, and what it leaves to transformers' classes. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Architecture } from '../../dist/model/architectures/architecture.js';
import { LayerBuilder } from '../../dist/model/architectures/layers.js';
import { mistral } from '../../dist/model/architectures/mistral.js';
import type { RewardNetwork } from '../../dist/model/architectures/network.js';
import { qwen2 } from '../../dist/model/architectures/qwen2.js';
import { qwen3 } from '../../dist/model/architectures/qwen3.js';
import { openTensors, readCheckpoint } from '../../dist/model/checkpoint/checkpoint.js';
import { ConfigReader } from '../../dist/model/checkpoint/config-reader.js';
import { ElementType } from '../../dist/model/graph/graph.js';
import { describeRefusals, type Fields, type Refusal } from '../support/refusals.js';
import { temporaryDirectory } from '../support/run.js';
import { makeSyntheticModel, readModelDescriptions } from '../support/synthetic-model.js';

const sizes = { hidden_size: 16, num_attention_heads: 4, num_key_value_heads: 2, num_hidden_layers: 3 };

const buildWith = ({ build }: Architecture, fields: Fields): RewardNetwork =>
  build(new ConfigReader({ ...sizes, ...fields }, { path: 'config.json' }), new LayerBuilder());

/** The windows that the graph has, as the int32 constants that positions are compared with. */
const windowsOf = ({ graph }: RewardNetwork): number[] =>
  graph.constants
    .filter(({ type }) => type === ElementType.int32)
    .map(({ bytes }) => new DataView(bytes.buffer).getInt32(0, true));

/** The number of layers whose attention has a window. */
function layersWithWindow({ graph }: RewardNetwork): number {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node])));
  return graph.nodes.filter(({ operator, inputs }) => {
    // Of a layer's blocks the last one meets all keys.
    if (operator !== 'MultiHeadAttention' || makers.get(inputs[1] as string)?.operator === 'Slice') return false;
    let bias = makers.get(inputs[5] as string);
    while (bias?.operator === 'Gather' || bias?.operator === 'Slice') bias = makers.get(bias.inputs[0] as string);
    return bias?.operator === 'Where';
  }).length;
}

const kinds = 'one of default, linear, dynamic, llama3, yarn, longrope';
const yarn = { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 64 };
const longrope = { rope_type: 'longrope', factor: 4, short_factor: [1, 2], long_factor: [4, 8] };

const ropes: readonly Refusal[] = [
  [{ rope_scaling: { type: 'mrope', mrope_section: [1, 1] } }, 'rope_scaling.type', kinds, '"mrope"'],
  [{ rope_parameters: { ...yarn, factor: null } }, 'rope_parameters.factor', 'a positive number', 'undefined'],
  [{ rope_parameters: { ...yarn, beta_fast: '32' } }, 'rope_parameters.beta_fast', 'a positive number', '"32"'],
  [{ rope_parameters: { ...yarn, beta_slow: -1 } }, 'rope_parameters.beta_slow', 'a positive number', '-1'],
  [{ rope_parameters: { ...yarn, truncate: 0 } }, 'rope_parameters.truncate', 'true or false', '0'],
  [{ rope_parameters: { ...yarn, mscale: true } }, 'rope_parameters.mscale', 'a positive number', 'true'],
  [{ rope_parameters: { ...yarn, attention_factor: 0 } }, 'rope_parameters.attention_factor', 'a positive number', '0'],
  [
    { rope_parameters: { ...yarn, rope_theta: 1 } },
    'rope_parameters.rope_theta',
    'another number than 1, whose logarithm is divided by',
    '1',
  ],
  [{ rope_scaling: { type: 'dynamic' } }, 'rope_scaling.factor', 'a positive number', 'undefined'],
  [
    { max_position_embeddings: 256, rope_scaling: { ...longrope, original_max_position_embeddings: 64 } },
    'rope_scaling.rope_type',
    'one of default, linear, dynamic, llama3, yarn where max_position_embeddings (256) is above ' +
      'original_max_position_embeddings (64)',
    '"longrope"',
  ],
  [
    { rope_scaling: { ...longrope, short_factor: [1] } },
    'rope_scaling.short_factor',
    'a list of 2 positive numbers',
    '[1]',
  ],
  [
    { rope_scaling: { ...longrope, short_factor: [1, 0] } },
    'rope_scaling.short_factor',
    'a list of 2 positive numbers',
    '[1,0]',
  ],
  [
    { rope_parameters: { full_attention: { rope_theta: 1e6 } } },
    'rope_parameters.full_attention',
    'absent',
    '{"rope_theta":1000000}',
  ],
  [
    { rope_parameters: { sliding_attention: { rope_theta: 1e6 } } },
    'rope_parameters.sliding_attention',
    'absent',
    '{"rope_theta":1000000}',
  ],
];

const types = 'a list of 3, num_hidden_layers, each one of full_attention, attention, sliding_attention';
const full = ['full_attention', 'full_attention', 'full_attention'];
const sliding = ['full_attention', 'sliding_attention', 'full_attention'];

const windows: readonly Refusal[] = [
  [{ use_sliding_window: 'no' }, 'use_sliding_window', 'true or false', '"no"'],
  [{ use_sliding_window: true, sliding_window: 0 }, 'sliding_window', 'a positive integer', '0'],
  [{ use_sliding_window: true, sliding_window: 1.5 }, 'sliding_window', 'a positive integer', '1.5'],
  [{ max_window_layers: -1 }, 'max_window_layers', 'an integer from 0 on', '-1'],
  [{ layer_types: 'full_attention' }, 'layer_types', types, '"full_attention"'],
  [{ layer_types: ['full_attention'] }, 'layer_types', types, '["full_attention"]'],
  [
    { layer_types: ['full_attention', 'chunked_attention', 'full_attention'] },
    'layer_types',
    types,
    '["full_attention","chunked_attention","full_attention"]',
  ],
  [{ layer_types: sliding }, 'use_sliding_window', 'true, as layer_types names sliding_attention', 'undefined'],
  [
    { layer_types: sliding, use_sliding_window: true, sliding_window: null },
    'sliding_window',
    'a positive integer, as layer_types names sliding_attention',
    'undefined',
  ],
];

const shared: readonly Refusal[] = [
  [{ num_key_value_heads: 3 }, 'num_key_value_heads', 'a divisor of num_attention_heads (4)', '3'],
  [{ head_dim: 5 }, 'head_dim', 'even: its dimensions are turned in pairs', '5'],
  [{ is_causal: false }, 'is_causal', 'true', 'false'],
  [{ quantization_config: { bits: 4 } }, 'quantization_config', 'absent', '{"bits":4}'],
  [{ partial_rotary_factor: 0.5 }, 'partial_rotary_factor', '1', '0.5'],
];

describe('Qwen2', () => describeRefusals(qwen2.build, sizes, [...shared, ...windows, ...ropes]));
describe('Qwen3', () =>
  describeRefusals(qwen3.build, { ...sizes, head_dim: 4 }, [
    ...shared,
    ...windows,
    [{ attention_bias: 1 }, 'attention_bias', 'true or false', '1'],
  ]));
describe('Mistral', () =>
  describeRefusals(mistral.build, sizes, [
    ...shared,
    [{ sliding_window: 0 }, 'sliding_window', 'a positive integer', '0'],
    [{ layer_types: full }, 'layer_types', 'absent', JSON.stringify(full)],
  ]));

describe('windows of attention', () => {
  const used = { use_sliding_window: true, sliding_window: 8 };
  for (const [what, architecture, fields, windows, layers] of [
    ['Qwen2 without a word of them', qwen2, {}, [], 0],
    ['Qwen2 that does not use them', qwen2, { sliding_window: 8, max_window_layers: 0 }, [], 0],
    ['Qwen2 in layers from the 28th on', qwen2, used, [], 0],
    ['Qwen2 in layers from the first on', qwen2, { ...used, max_window_layers: 1 }, [8], 2],
    [
      'Qwen2 by layer_types, beside which max_window_layers is no matter',
      qwen2,
      { ...used, layer_types: sliding },
      [8],
      1,
    ],
    ['Qwen3 of the usual size', qwen3, { use_sliding_window: true, max_window_layers: 0 }, [4096], 3],
    ['Qwen3 with layers of one kind', qwen3, { ...used, layer_types: full }, [], 0],
    ['Mistral of the usual size', mistral, {}, [4096], 3],
    ['Mistral with none', mistral, { sliding_window: null }, [], 0],
    ['a row of one token more would reach it', mistral, { sliding_window: 64, max_position_embeddings: 64 }, [], 0],
    [
      'the last token of the longest row reaches it',
      mistral,
      { sliding_window: 63, max_position_embeddings: 64 },
      [63],
      3,
    ],
  ] as const) {
    test(what, () => {
      const network = buildWith(architecture, fields);
      assert.deepEqual(windowsOf(network), windows);
      assert.equal(layersWithWindow(network), layers);
      const positions = network.kept.filter(({ type }) => type === ElementType.int32);
      assert.deepEqual(
        positions.map(({ size }) => size),
        windows.map(() => 1),
        'positions are kept for later runs where a window asks for them',
      );
    });
  }
});

describe('what config.json leaves out is as in transformers', () => {
  for (const { architecture, layers, positions, key, inner, words } of [
    { architecture: qwen2, layers: 32 * 12 + 3, positions: 32768, key: 4096, inner: 22016, words: 151936 },
    { architecture: qwen3, layers: 32 * 11 + 3, positions: 32768, key: 4096, inner: 22016, words: 151936 },
    { architecture: mistral, layers: 32 * 9 + 3, positions: 131072, key: 1024, inner: 14336, words: 32000 },
  ]) {
    test(architecture.modelType, () => {
      const { maxPositions, labels, padTokenId, tensors } = architecture.build(
        new ConfigReader({}, { path: 'config.json' }),
        new LayerBuilder(),
      );
      assert.deepEqual([maxPositions, labels, padTokenId], [positions, ['LABEL_0', 'LABEL_1'], undefined]);
      assert.equal(tensors.length, layers);
      const shapeOf = (name: string) => tensors.find((tensor) => tensor.name === name)?.shape;
      assert.deepEqual(shapeOf('model.embed_tokens.weight'), [words, 4096]);
      assert.deepEqual(shapeOf('model.layers.31.self_attn.k_proj.weight'), [key, 4096]);
      assert.deepEqual(shapeOf('model.layers.31.mlp.down_proj.weight'), [4096, inner]);
      assert.deepEqual(shapeOf('score.weight'), [2, 4096]);
    });
  }
});

describe('tensors beside those of the network', async () => {
  const directory = temporaryDirectory();
  const [description] = await readModelDescriptions('qwen3');
  assert.ok(description);
  await makeSyntheticModel(directory, description);
  const weights = readFileSync(join(directory, 'model.safetensors'));
  const length = Number(weights.readBigUInt64LE());
  const header = JSON.parse(weights.toString('utf8', 8, 8 + length)) as Record<string, unknown>;

  /** Opens the model with tensors of these names too, whose elements are those of the embeddings. */
  const openWith = (...names: string[]): void => {
    const tensor = header['model.embed_tokens.weight'];
    const text = JSON.stringify({ ...header, ...Object.fromEntries(names.map((name) => [name, tensor])) });
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(text.length));
    writeFileSync(
      join(directory, 'model.safetensors'),
      Buffer.concat([size, Buffer.from(text), weights.subarray(8 + length)]),
    );
    openTensors(readCheckpoint(directory)).close();
  };

  test('the head of the language model, which a trainer left, and old buffers are no matter', () => {
    openWith('lm_head.weight', 'model.layers.0.self_attn.rotary_emb.inv_freq');
  });

  test('others are refused by name', () => {
    assert.throws(() => openWith('lm_head.weight', 'lm_head.bias', 'v_head.weight'), {
      message:
        /expected the tensors of a Qwen3For.*; unexpected: lm_head\.bias \[50257, 16\], v_head\.weight \[50257, 16\]/,
    });
  });
});
