/** What the config.json of a GPT-NeoX network may say, and what it leaves to transformers' class. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gptNeoX } from '../../dist/model/architectures/gpt-neox.js';
import { LayerBuilder } from '../../dist/model/architectures/layers.js';
import { ConfigReader } from '../../dist/model/checkpoint/config-reader.js';
import { describeRefusals } from '../support/refusals.js';

const sizes = { hidden_size: 32, num_attention_heads: 2, num_hidden_layers: 1 };
const even = "a share of a head's 16 dimensions that is an even number of them";

describeRefusals(gptNeoX.build, sizes, [
  [{ vocab_size: 0 }, 'vocab_size', 'a positive integer', '0'],
  [{ hidden_size: 33 }, 'num_attention_heads', 'a divisor of hidden_size (33)', '2'],
  [{ head_dim: 8 }, 'head_dim', '16', '8'],
  [{ intermediate_size: 1.5 }, 'intermediate_size', 'a positive integer', '1.5'],
  [{ layer_norm_eps: 0 }, 'layer_norm_eps', 'a positive number', '0'],
  [{ attention_bias: 'yes' }, 'attention_bias', 'true or false', '"yes"'],
  [{ use_parallel_residual: 1 }, 'use_parallel_residual', 'true or false', '1'],
  [{ is_causal: false }, 'is_causal', 'true', 'false'],
  [{ quantization_config: { bits: 4 } }, 'quantization_config', 'absent', '{"bits":4}'],
  [{ pad_token_id: -1 }, 'pad_token_id', 'a token id', '-1'],
  [{ rotary_emb_base: '1e4' }, 'rotary_emb_base', 'a positive number', '"1e4"'],
  [{ rotary_pct: 0 }, 'rotary_pct', 'a positive number', '0'],
  [{ rotary_pct: 0.2 }, 'rotary_pct', even, '0.2'],
  [{ rotary_pct: 1.5 }, 'rotary_pct', even, '1.5'],
  [{ rope_parameters: { partial_rotary_factor: 0.2 } }, 'rope_parameters.partial_rotary_factor', even, '0.2'],
  // The reference reads neither: it would score as if they were not there.
  [{ rope_theta: 500000 }, 'rope_theta', '10000', '500000'],
  [{ partial_rotary_factor: 0.5 }, 'partial_rotary_factor', '0.25', '0.5'],
]);

describe('what config.json leaves out is as in transformers', () => {
  const network = gptNeoX.build(new ConfigReader({}, { path: 'config.json' }), new LayerBuilder());
  const shapeOf = (name: string) => network.tensors.find((tensor) => tensor.name === name)?.shape;

  test('sizes', () => {
    const { maxPositions, labels, padTokenId, tensors } = network;
    assert.deepEqual([maxPositions, labels, padTokenId], [2048, ['LABEL_0', 'LABEL_1'], undefined]);
    assert.equal(tensors.length, 1 + 44 * 12 + 3);
    assert.deepEqual(shapeOf('gpt_neox.embed_in.weight'), [50432, 6144]);
    assert.deepEqual(shapeOf('gpt_neox.layers.43.mlp.dense_h_to_4h.weight'), [24576, 6144]);
  });

  test('biases of attention', () => {
    assert.deepEqual(shapeOf('gpt_neox.layers.43.attention.query_key_value.bias'), [3 * 6144]);
    assert.deepEqual(shapeOf('gpt_neox.layers.43.attention.dense.bias'), [6144]);
  });

  test('a quarter of each head is turned', () => {
    const turns = network.graph.nodes.filter(({ operator }) => operator === 'RotaryEmbedding');
    assert.equal(turns.length, 2 * 44);
    for (const { attributes } of turns) assert.deepEqual(attributes.rotary_embedding_dim, { int: 24 });
  });
});

test('masks and frequencies that old versions saved, and the head of the language model, are no weights', () => {
  for (const name of [
    'embed_out.weight',
    'gpt_neox.layers.0.attention.bias',
    'gpt_neox.layers.12.attention.masked_bias',
    'gpt_neox.layers.3.attention.rotary_emb.inv_freq',
    'layers.3.attention.rotary_emb.inv_freq',
  ]) {
    assert.match(name, gptNeoX.bufferNames);
  }
  assert.doesNotMatch('gpt_neox.layers.0.attention.dense.bias', gptNeoX.bufferNames);
});
