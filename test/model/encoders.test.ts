/** What the config.json of an encoder may say, and what it means where it says nothing; logits are in reference/. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Architecture } from '../../dist/model/architectures/architecture.js';
import { bert } from '../../dist/model/architectures/bert.js';
import { deberta } from '../../dist/model/architectures/deberta.js';
import { distilbert } from '../../dist/model/architectures/distilbert.js';
import { electra } from '../../dist/model/architectures/electra.js';
import { LayerBuilder } from '../../dist/model/architectures/layers.js';
import { modernBert } from '../../dist/model/architectures/modernbert.js';
import { roberta, xlmRoberta } from '../../dist/model/architectures/roberta.js';
import { ConfigReader } from '../../dist/model/checkpoint/config-reader.js';
import { encoderNamed, makeEncoder, withScorer } from '../support/encoder-models.js';
import { describeRefusals, type Fields, type Refusal } from '../support/refusals.js';
import { temporaryDirectory } from '../support/run.js';

const directory = temporaryDirectory();

const networkOf = ({ build }: Architecture, fields: Fields) =>
  build(new ConfigReader(fields, { path: 'config.json' }), new LayerBuilder());

/** What none of them may be. */
const variants: readonly Refusal[] = [
  [{ is_decoder: true }, 'is_decoder', 'false', 'true'],
  [{ add_cross_attention: true }, 'add_cross_attention', 'false', 'true'],
  [{ is_encoder_decoder: true }, 'is_encoder_decoder', 'false', 'true'],
  [{ quantization_config: { bits: 4 } }, 'quantization_config', 'absent', '{"bits":4}'],
  [{ pruned_heads: { 0: [1] } }, 'pruned_heads', 'absent', '{"0":[1]}'],
  [{ per_layer_config: { 0: {} } }, 'per_layer_config', 'absent', '{"0":{}}'],
  [{ id2label: { 1: 'good' } }, 'id2label', 'an object with a name for each of 0, 1, …', '{"1":"good"}'],
];

/** The fields that have BERT's names. */
const bertLike: readonly Refusal[] = [
  ...variants,
  [{ position_embedding_type: 'relative_key' }, 'position_embedding_type', 'one of absolute', '"relative_key"'],
  [{ vocab_size: 0 }, 'vocab_size', 'a positive integer', '0'],
  [{ hidden_size: '16' }, 'hidden_size', 'a positive integer', '"16"'],
  [{ num_hidden_layers: 0 }, 'num_hidden_layers', 'a positive integer', '0'],
  [{ num_attention_heads: 3 }, 'num_attention_heads', 'a divisor of hidden_size (16)', '3'],
  [{ intermediate_size: -44 }, 'intermediate_size', 'a positive integer', '-44'],
  [{ max_position_embeddings: 0 }, 'max_position_embeddings', 'a positive integer', '0'],
  [{ layer_norm_eps: 0 }, 'layer_norm_eps', 'a positive number', '0'],
];

const withTypes: readonly Refusal[] = [
  ...bertLike,
  [{ type_vocab_size: 0 }, 'type_vocab_size', 'a positive integer', '0'],
];

describe('BERT', () => describeRefusals(bert.build, encoderNamed('bert').config, withTypes));

describe('RoBERTa', () => {
  const refused: readonly Refusal[] = [
    ...withTypes,
    [{ pad_token_id: -1 }, 'pad_token_id', 'a token id', '-1'],
    [{ pad_token_id: null }, 'pad_token_id', 'a token id, after which positions begin', 'null'],
    [{ pad_token_id: 79 }, 'max_position_embeddings', 'more than 80, where positions begin', '80'],
  ];
  describeRefusals(roberta.build, encoderNamed('roberta').config, refused);
  describeRefusals(xlmRoberta.build, encoderNamed('xlm-roberta').config, refused);
});

describe('ELECTRA', () =>
  describeRefusals(electra.build, encoderNamed('electra').config, [
    ...withTypes,
    [{ embedding_size: 0 }, 'embedding_size', 'a positive integer', '0'],
  ]));

describe('DistilBERT', () =>
  describeRefusals(distilbert.build, encoderNamed('distilbert').config, [
    ...variants,
    [{ dim: 0 }, 'dim', 'a positive integer', '0'],
    [{ hidden_size: 8 }, 'dim', 'what hidden_size is (8)', '16'],
    [{ n_heads: 3 }, 'n_heads', 'a divisor of dim (16)', '3'],
    [{ n_layers: null, num_hidden_layers: 1.5 }, 'n_layers', 'a positive integer', '1.5'],
    [{ hidden_dim: 0 }, 'hidden_dim', 'a positive integer', '0'],
  ]));

describe('ModernBERT', () => {
  const types = 'a list of 4, each one of full_attention, sliding_attention';
  describeRefusals(modernBert.build, encoderNamed('modernbert').config, [
    ...variants,
    [{ num_attention_heads: 3 }, 'num_attention_heads', 'a divisor of hidden_size (16)', '3'],
    [
      { num_attention_heads: 16 },
      'num_attention_heads',
      'such that heads have an even size: they are turned in pairs',
      '16',
    ],
    [{ head_dim: 4 }, 'head_dim', '8', '4'],
    [{ classifier_pooling: 'max' }, 'classifier_pooling', 'one of cls, mean', '"max"'],
    [{ norm_bias: 1 }, 'norm_bias', 'true or false', '1'],
    [{ attention_bias: 'no' }, 'attention_bias', 'true or false', '"no"'],
    [{ mlp_bias: 0 }, 'mlp_bias', 'true or false', '0'],
    [{ classifier_bias: 0 }, 'classifier_bias', 'true or false', '0'],
    [{ norm_eps: 0 }, 'norm_eps', 'a positive number', '0'],
    [{ local_attention: 0 }, 'local_attention', 'a positive integer', '0'],
    [{ global_attn_every_n_layers: 0 }, 'global_attn_every_n_layers', 'a positive integer', '0'],
    [{ layer_types: ['full_attention'] }, 'layer_types', types, '["full_attention"]'],
    [{ layer_types: 'full_attention' }, 'layer_types', types, '"full_attention"'],
    [{ layer_types: new Array(4).fill('chunked') }, 'layer_types', types, '["chunked","chunked","chunked","chunked"]'],
    [{ global_rope_theta: 0 }, 'global_rope_theta', 'a positive number', '0'],
    [{ local_rope_theta: null }, 'local_rope_theta', 'a positive number', 'null'],
    [{ local_rope_theta: '1e4' }, 'local_rope_theta', 'a positive number', '"1e4"'],
    [{ rope_scaling: { type: 'linear', factor: 2 } }, 'rope_scaling', 'absent', '{"type":"linear","factor":2}'],
    [{ rope_parameters: { rope_theta: 5 } }, 'rope_parameters.rope_theta', 'absent', '5'],
    [{ rope_parameters: { rope_type: 'yarn' } }, 'rope_parameters.rope_type', 'absent', '"yarn"'],
  ]);
});

describe('DeBERTa', () =>
  describeRefusals(deberta.build, encoderNamed('deberta').config, [
    ...bertLike.filter(([fields]) => !('hidden_size' in fields)),
    [{ embedding_size: 8 }, 'embedding_size', '16', '8'],
    [{ pooler_hidden_size: 8 }, 'pooler_hidden_size', '16', '8'],
    [{ attention_head_size: 4 }, 'attention_head_size', '8', '4'],
    [{ conv_kernel_size: 3 }, 'conv_kernel_size', '0: its convolution is not built here', '3'],
    [{ conv_kernel_size: -3 }, 'conv_kernel_size', 'an integer from 0 on', '-3'],
    [{ type_vocab_size: -1 }, 'type_vocab_size', 'an integer from 0 on', '-1'],
    [{ pos_att_type: ['c2p', 'p2p'] }, 'pos_att_type', 'a list of c2p and p2c', '["c2p","p2p"]'],
    [{ pos_att_type: 'p2p|c2p' }, 'pos_att_type', 'a list of c2p and p2c', '"p2p|c2p"'],
    [{ pos_att_type: 3 }, 'pos_att_type', 'a list of c2p and p2c', '3'],
    [{ relative_attention: 1 }, 'relative_attention', 'true or false', '1'],
    [{ share_att_key: 'yes' }, 'share_att_key', 'true or false', '"yes"'],
    [{ position_biased_input: 0 }, 'position_biased_input', 'true or false', '0'],
    [{ norm_rel_ebd: 'rms' }, 'norm_rel_ebd', 'none or layer_norm', '"rms"'],
    [{ position_buckets: 0.5 }, 'position_buckets', 'an integer from -1 on', '0.5'],
    [{ position_buckets: 1 }, 'position_buckets', 'from 2 to less than twice max_relative_positions (80) less 1', '1'],
    [
      { position_buckets: 158 },
      'position_buckets',
      'from 2 to less than twice max_relative_positions (80) less 1',
      '158',
    ],
    [{ max_relative_positions: -2 }, 'max_relative_positions', 'an integer from -1 on', '-2'],
  ]));

test('what config.json leaves out is as in transformers', () => {
  const sizes = [bert, roberta, xlmRoberta, electra, distilbert, modernBert, deberta].map((architecture) => {
    const network = networkOf(architecture, {});
    const { hiddenSize, vocabularySize, maxPositions, tokenTypes, positionsAfter, tensors, pooling } = network;
    assert.deepEqual(network.labels, ['LABEL_0', 'LABEL_1']);
    assert.deepEqual([network.attention, network.input], ['bidirectional', 'pair']);
    return [hiddenSize, vocabularySize, maxPositions, tokenTypes, positionsAfter, tensors.length, pooling];
  });
  assert.deepEqual(sizes, [
    [768, 30522, 512, 2, undefined, 5 + 12 * 16 + 4, 'first'],
    [768, 50265, 510, 2, 1, 5 + 12 * 16 + 4, 'first'],
    [768, 30522, 510, 2, 1, 5 + 12 * 16 + 4, 'first'],
    [256, 30522, 512, 2, undefined, 5 + 2 + 12 * 16 + 4, 'first'],
    [768, 30522, 512, 1, undefined, 4 + 6 * 16 + 4, 'first'],
    [768, 50368, 8192, 1, undefined, 2 + 22 * 6 - 1 + 1 + 4, 'first'],
    [1536, 128100, 512, 1, undefined, 4 + 24 * 16 + 4, 'first'],
  ]);
});

test('norms whose tensors are called gamma and beta, and names without the first word, are read as the usual ones', async () => {
  const usual = join(directory, 'usual');
  const old = join(directory, 'old');
  makeEncoder(usual, encoderNamed('bert'));
  makeEncoder(old, encoderNamed('bert'));
  const file = join(old, 'model.safetensors');
  const content = readFileSync(file);
  const length = Number(content.readBigUInt64LE(0));
  const header = content
    .toString('utf8', 8, 8 + length)
    .replaceAll('LayerNorm.weight', 'LayerNorm.gamma')
    .replaceAll('LayerNorm.bias', 'LayerNorm.beta')
    .replaceAll('"bert.', '"');
  content.write(header.padEnd(length, ' '), 8);
  writeFileSync(file, content);
  const rows = [[2, 5, 7], [9]];
  const logitsOf = async (model: string): Promise<number[]> => {
    let logits: number[] = [];
    await withScorer(model, async (scorer) => {
      logits = [...(await scorer.score(rows, () => undefined)).logits];
    });
    return logits;
  };
  assert.deepEqual(await logitsOf(old), await logitsOf(usual));
});

test('a network that pools the mean says so', () => {
  assert.equal(networkOf(modernBert, encoderNamed('modernbert-mean').config).pooling, 'mean');
});
