/**
 * RobertaForSequenceClassification, and XLMRobertaForSequenceClassification, which computes the same, as ONNX graphs.
 *
 * Source: transformers 5.23.0, models/roberta/modeling_roberta.py and models/xlm_roberta/modeling_xlm_roberta.py, with
 * dtype float32 and eager attention.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import { hiddenActivations } from '../graph/hidden-activations.js';
import type { Architecture } from './architecture.js';
import { encoderFacts, readBertSizes } from './encoder-config.js';
import { bertLayerNames, denseHead, embeddings, finishEncoder, postNormLayers } from './encoder-layers.js';
import type { LayerBuilder } from './layers.js';
import type { RewardNetwork } from './network.js';

const sizes = {
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  layer_norm_eps: 1e-12,
};

export const roberta = familyOf('RobertaForSequenceClassification', 'roberta', { vocab_size: 50265, ...sizes });

export const xlmRoberta = familyOf('XLMRobertaForSequenceClassification', 'xlm-roberta', {
  vocab_size: 30522,
  ...sizes,
});

function familyOf(name: string, modelType: string, defaults: Parameters<typeof readBertSizes>[1]): Architecture {
  const architecture: Architecture = {
    names: [name],
    modelType,
    ...encoderFacts,
    /** Positions, and BERT's pooler, which this head does without. */
    bufferNames: /^(roberta\.)?(embeddings\.position_ids|pooler\.dense\.(weight|bias))$/,
    build: (reader, net) => build(reader, net, architecture, defaults),
  };
  return architecture;
}

/** Its fields beside BERT's: bos_token_id and eos_token_id, which the tokenizer uses. */
function build(
  reader: ConfigReader,
  net: LayerBuilder,
  architecture: Architecture,
  defaults: Parameters<typeof readBertSizes>[1],
): RewardNetwork {
  const sizes = readBertSizes(reader, defaults);
  const { vocabularySize, maxPositions: positions, hiddenSize, epsilon } = sizes;
  const tokenTypes = reader.positiveInteger(['type_vocab_size'], 2);
  // Positions begin after the pad token's number, so the table has so many rows fewer for tokens.
  reader.notNull('pad_token_id', 'a token id, after which positions begin');
  const positionsAfter = reader.tokenId('pad_token_id') ?? 1;
  const maxPositions = positions - positionsAfter - 1;
  if (maxPositions < 1) {
    reader.refuse(['max_position_embeddings'], positions, `more than ${positionsAfter + 1}, where positions begin`);
  }
  const embedded = embeddings(net, {
    prefix: 'roberta.embeddings',
    vocabularySize,
    positions,
    types: tokenTypes,
    size: hiddenSize,
    epsilon,
  });
  const states = postNormLayers(net, embedded, { prefix: 'roberta.encoder.layer', names: bertLayerNames, ...sizes });
  const head = { dense: 'classifier.dense', activation: hiddenActivations.tanh, out: 'classifier.out_proj' };
  const logits = denseHead(net, states, sizes, head);
  return finishEncoder(net, architecture, reader, { ...sizes, maxPositions }, { logits, tokenTypes, positionsAfter });
}
