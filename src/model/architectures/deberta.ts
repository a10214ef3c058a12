/**
 * DebertaV2ForSequenceClassification (DeBERTa v2 and v3) as an ONNX graph.
 *
 * Source: transformers 5.23.0, models/deberta_v2/modeling_deberta_v2.py, with dtype float32.
 * Shapes: L nodes of a pack, P pooled nodes, D = hidden_size, H heads of d.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import type { HiddenActivation } from '../graph/hidden-activations.js';
import type { Architecture } from './architecture.js';
import { type Disentangled, disentangledBias, type RelativePositions } from './disentangled.js';
import { encoderFacts, readActivation, readBertSizes } from './encoder-config.js';
import {
  bertLayerNames,
  denseHead,
  type EncoderSizes,
  embeddings,
  finishEncoder,
  type LayerNames,
  postNormLayers,
} from './encoder-layers.js';
import type { LayerBuilder } from './layers.js';
import type { RewardNetwork } from './network.js';

export const deberta: Architecture = {
  names: ['DebertaV2ForSequenceClassification'],
  modelType: 'deberta-v2',
  ...encoderFacts,
  /** Positions, and the table of them that a network without position_biased_input does without. */
  bufferNames: /^(deberta\.)?embeddings\.(position_ids|position_embeddings\.weight)$/,
  build,
};

const defaults = {
  vocab_size: 128100,
  hidden_size: 1536,
  num_hidden_layers: 24,
  num_attention_heads: 24,
  intermediate_size: 6144,
  layer_norm_eps: 1e-7,
};

const names: LayerNames = {
  ...bertLayerNames,
  query: 'attention.self.query_proj',
  key: 'attention.self.key_proj',
  value: 'attention.self.value_proj',
};

interface DebertaConfig extends EncoderSizes {
  /** Rows of the table of token types; 0 where there is none. */
  readonly tokenTypes: number;
  /** Whether what is embedded says where it stands. */
  readonly positionBiasedInput: boolean;
  readonly poolerActivation: HiddenActivation;
  /** By what the products of queries and keys are multiplied. */
  readonly scale: number;
  readonly disentangled: Disentangled | undefined;
}

/**
 * Fields that are not read have no effect on a logit, beside BERT's: pooler_dropout, cls_dropout, and legacy (the
 * language-model head).
 */
function readConfig(config: ConfigReader): DebertaConfig {
  const sizes = readBertSizes(config, defaults);
  const { hiddenSize, heads, maxPositions } = sizes;
  for (const name of ['embedding_size', 'pooler_hidden_size']) config.only(name, hiddenSize);
  config.only('attention_head_size', hiddenSize / heads);
  if (integer(config, 'conv_kernel_size', 0) !== 0) {
    config.refuse(['conv_kernel_size'], config.read('conv_kernel_size'), '0: its convolution is not built here');
  }
  const [toPosition, toContent] = readKinds(config);
  const factor = 1 + Number(toPosition) + Number(toContent);
  const relative = config.boolean('relative_attention', false) && (toPosition || toContent);
  return {
    ...sizes,
    tokenTypes: integer(config, 'type_vocab_size', 0),
    positionBiasedInput: config.boolean('position_biased_input', true),
    poolerActivation: readActivation(config, 'pooler_hidden_act'),
    scale: (factor * (hiddenSize / heads)) ** -0.5,
    disentangled: relative
      ? {
          ...readRelativePositions(config, maxPositions),
          toPosition,
          toContent,
          shared: config.boolean('share_att_key', false),
          normalized: readNormalized(config),
          heads,
          hiddenSize,
          epsilon: sizes.epsilon,
        }
      : undefined,
  };
}

/** Which of c2p and p2c `pos_att_type` names: a list, or a text in which they are parted by |. */
function readKinds(config: ConfigReader): readonly [toPosition: boolean, toContent: boolean] {
  const stated = config.read('pos_att_type') ?? [];
  const kinds: unknown = typeof stated === 'string' ? stated.toLowerCase().split('|') : stated;
  const trimmed = Array.isArray(kinds) ? kinds.map((kind) => (typeof kind === 'string' ? kind.trim() : kind)) : [null];
  const unknown = trimmed.find((kind) => kind !== 'c2p' && kind !== 'p2c' && kind !== '');
  if (unknown !== undefined) config.refuse(['pos_att_type'], stated, 'a list of c2p and p2c');
  return [trimmed.includes('c2p'), trimmed.includes('p2c')];
}

function readRelativePositions(config: ConfigReader, maxPositions: number): RelativePositions {
  const buckets = integer(config, 'position_buckets', -1);
  const stated = integer(config, 'max_relative_positions', -1);
  const farthest = stated < 1 ? maxPositions : stated;
  if (buckets > 0 && (buckets < 2 || farthest - 1 <= Math.floor(buckets / 2))) {
    config.refuse(
      ['position_buckets'],
      buckets,
      `from 2 to less than twice max_relative_positions (${farthest}) less 1`,
    );
  }
  return {
    maxPositions: config.axis(['max_position_embeddings'], maxPositions),
    farthest,
    buckets: buckets > 0 ? buckets : undefined,
  };
}

function readNormalized(config: ConfigReader): boolean {
  const stated = config.read('norm_rel_ebd') ?? 'none';
  const kinds = typeof stated === 'string' ? stated.toLowerCase().split('|') : [''];
  const trimmed = kinds.map((kind) => kind.trim());
  if (!trimmed.every((kind) => kind === 'none' || kind === 'layer_norm')) {
    config.refuse(['norm_rel_ebd'], stated, 'none or layer_norm');
  }
  return trimmed.includes('layer_norm');
}

/** Reads an integer that may be 0, or negative where there is none. */
function integer(config: ConfigReader, name: string, fallback: number): number {
  const value = config.read(name) ?? fallback;
  if (!Number.isSafeInteger(value) || (value as number) < Math.min(0, fallback)) {
    config.refuse([name], value, `an integer from ${Math.min(0, fallback)} on`);
  }
  return value as number;
}

function build(reader: ConfigReader, net: LayerBuilder): RewardNetwork {
  const config = readConfig(reader);
  const { vocabularySize, maxPositions, hiddenSize, epsilon, tokenTypes, disentangled, poolerActivation } = config;
  const embedded = embeddings(net, {
    prefix: 'deberta.embeddings',
    vocabularySize,
    positions: config.positionBiasedInput ? maxPositions : undefined,
    types: tokenTypes,
    size: hiddenSize,
    epsilon,
  });
  const states = postNormLayers(net, embedded, {
    prefix: 'deberta.encoder.layer',
    names,
    ...config,
    ...(disentangled && { attentionBias: disentangledBias(net, 'deberta.encoder', disentangled) }),
  });
  const head = { dense: 'pooler.dense', activation: poolerActivation, out: 'classifier' };
  return finishEncoder(net, deberta, reader, config, { logits: denseHead(net, states, config, head), tokenTypes });
}
