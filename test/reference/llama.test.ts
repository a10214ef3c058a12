/** Llama's rewards against the values that transformers gave, and what its config.json may not say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LayerBuilder } from '../../dist/model/architectures/layers.js';
import { llama } from '../../dist/model/architectures/llama.js';
import { ConfigReader } from '../../dist/model/checkpoint/config-reader.js';
import { describeRewards, type ReferenceRewards, readOracle } from '../support/oracle.js';
import { describeRefusals, type Refusal } from '../support/refusals.js';
import { rewardScore, temporaryDirectory, writeFile } from '../support/run.js';
import { makeSyntheticModel, readModelDescriptions } from '../support/synthetic-model.js';

const models = await readModelDescriptions('llama');
const base = models.find(({ name }) => name === 'base');
assert.ok(base);

describeRewards(models, readOracle<ReferenceRewards>('llama_rewards.json'));

const llama3 = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 64,
};
const { factor: _, ...llama3WithoutFactor } = llama3;
const types = 'one of default, linear, dynamic, llama3, yarn, longrope';

const refused: readonly Refusal[] = [
  [{ vocab_size: 0 }, 'vocab_size', 'a positive integer', '0'],
  [{ hidden_size: '16' }, 'hidden_size', 'a positive integer', '"16"'],
  [{ intermediate_size: -44 }, 'intermediate_size', 'a positive integer', '-44'],
  [{ num_hidden_layers: 0 }, 'num_hidden_layers', 'a positive integer', '0'],
  [{ num_attention_heads: 1.5 }, 'num_attention_heads', 'a positive integer', '1.5'],
  [{ num_attention_heads: 3 }, 'num_attention_heads', 'a divisor of hidden_size (16)', '3'],
  [{ num_key_value_heads: 0 }, 'num_key_value_heads', 'a positive integer', '0'],
  [{ num_key_value_heads: 3 }, 'num_key_value_heads', 'a divisor of num_attention_heads (4)', '3'],
  [{ head_dim: 0 }, 'head_dim', 'a positive integer', '0'],
  [{ head_dim: 5 }, 'head_dim', 'even: its dimensions are turned in pairs', '5'],
  [{ max_position_embeddings: 0 }, 'max_position_embeddings', 'a positive integer', '0'],
  [{ rms_norm_eps: 0 }, 'rms_norm_eps', 'a positive number', '0'],
  [{ attention_bias: 1 }, 'attention_bias', 'true or false', '1'],
  [{ mlp_bias: 'yes' }, 'mlp_bias', 'true or false', '"yes"'],
  [{ pretraining_tp: 2 }, 'pretraining_tp', '1', '2'],
  [{ is_causal: false }, 'is_causal', 'true', 'false'],
  [{ quantization_config: { bits: 4 } }, 'quantization_config', 'absent', '{"bits":4}'],
  [{ per_layer_config: { 0: { head_dim: 8 } } }, 'per_layer_config', 'absent', '{"0":{"head_dim":8}}'],
  [{ pad_token_id: -1 }, 'pad_token_id', 'a token id', '-1'],
  [{ eos_token_id: ['</s>'] }, 'eos_token_id', 'a token id', '["</s>"]'],
  [{ id2label: { 1: 'good' } }, 'id2label', 'an object with a name for each of 0, 1, …', '{"1":"good"}'],
  [{ rope_theta: 0 }, 'rope_theta', 'a positive number', '0'],
  [{ rope_parameters: { rope_theta: '1e4' } }, 'rope_parameters.rope_theta', 'a positive number', '"1e4"'],
  [{ rope_scaling: 'linear' }, 'rope_scaling', 'an object', '"linear"'],
  [{ rope_parameters: [2] }, 'rope_parameters', 'an object', '[2]'],
  [{ rope_scaling: { type: 'su', factor: 2 } }, 'rope_scaling.type', types, '"su"'],
  [{ rope_scaling: { type: 'linear', rope_type: 'axial', factor: 2 } }, 'rope_scaling.rope_type', types, '"axial"'],
  [{ rope_parameters: { rope_type: 'proportional' } }, 'rope_parameters.rope_type', types, '"proportional"'],
  [{ rope_scaling: { type: 'linear' } }, 'rope_scaling.factor', 'a positive number', 'undefined'],
  [{ rope_scaling: { type: 'linear', factor: 0 } }, 'rope_scaling.factor', 'a positive number', '0'],
  [{ rope_parameters: llama3WithoutFactor }, 'rope_parameters.factor', 'a positive number', 'undefined'],
  [
    { rope_scaling: { ...llama3, low_freq_factor: null } },
    'rope_scaling.low_freq_factor',
    'a positive number',
    'undefined',
  ],
  [{ rope_scaling: { ...llama3, high_freq_factor: '4' } }, 'rope_scaling.high_freq_factor', 'a positive number', '"4"'],
  [
    { rope_scaling: { ...llama3, high_freq_factor: 1 } },
    'rope_scaling.high_freq_factor',
    'more than low_freq_factor (1)',
    '1',
  ],
  [
    { rope_scaling: { ...llama3, original_max_position_embeddings: 0 } },
    'rope_scaling.original_max_position_embeddings',
    'a positive integer',
    '0',
  ],
  [
    { rope_scaling: llama3, original_max_position_embeddings: 0.5 },
    'original_max_position_embeddings',
    'a positive integer',
    '0.5',
  ],
  [{ partial_rotary_factor: 0.5 }, 'partial_rotary_factor', '1', '0.5'],
  [
    { rope_scaling: { type: 'linear', factor: 2, partial_rotary_factor: 0.5 } },
    'rope_scaling.partial_rotary_factor',
    '1',
    '0.5',
  ],
];

describeRefusals(llama.build, base.config, refused);

test('an activation that there is not is refused with the list of those that there are', () => {
  const config = new ConfigReader({ ...base.config, hidden_act: 'xielu' }, { path: 'config.json' });
  assert.throws(
    () => llama.build(config, new LayerBuilder()),
    /expected hidden_act to be one of gelu, gelu_10, .*, silu, .*, tanh, got "xielu"/,
  );
});

test('the binary ends with exit code 1 and says why', async () => {
  const directory = temporaryDirectory();
  await makeSyntheticModel(directory, base);
  writeFile(directory, 'config.json', JSON.stringify({ ...base.config, rope_scaling: { rope_type: 'mrope' } }));

  const run = await rewardScore(['-m', directory], { stdin: '{"text":"hi"}\n' });

  assert.equal(run.code, 1);
  assert.equal(run.stdout, '');
  assert.match(run.stderr, /expected rope_scaling\.rope_type to be one of default, linear, .*, got "mrope"/);
});

test('what config.json leaves out is as in transformers', () => {
  const { maxPositions, labels, padTokenId, tensors } = llama.build(
    new ConfigReader({}, { path: 'config.json' }),
    new LayerBuilder(),
  );
  assert.deepEqual([maxPositions, labels, padTokenId], [2048, ['LABEL_0', 'LABEL_1'], undefined]);
  assert.equal(tensors.length, 1 + 32 * 9 + 2);
  const shapeOf = (name: string) => tensors.find((tensor) => tensor.name === name)?.shape;
  assert.deepEqual(shapeOf('model.embed_tokens.weight'), [32000, 4096]);
  assert.deepEqual(shapeOf('model.layers.31.self_attn.k_proj.weight'), [4096, 4096]);
  assert.deepEqual(shapeOf('model.layers.31.mlp.down_proj.weight'), [4096, 11008]);
});
