/**
 * A text classifier in an .onnx file that another tool exported, and the files around it. None of it is built here, so
 * that it may have any architecture.
 */
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { usageError } from '../../errors.js';
import { decoderDefaults, encoderDefaults, gpt2Defaults, type RowDefaults } from '../architectures/family-facts.js';
import type { ExportedNetwork } from '../architectures/network.js';
import { ConfigReader } from '../checkpoint/config-reader.js';
import { isFile } from '../checkpoint/file.js';

export interface ExportedModel {
  readonly kind: 'exported';
  readonly file: string;
  /** Where config.json and a tokenizer may be, in the order of the search. */
  readonly places: readonly string[];
  readonly network: ExportedNetwork;
}

/**
 * Reads the config.json that belongs to an .onnx file; it opens neither the file nor onnxruntime.
 *
 * @throws FatalError where there is none (`usage`), or it cannot be used
 */
export function readExportedModel(file: string): ExportedModel {
  // optimum puts graphs into a folder onnx/ of the model's directory.
  const places = [dirname(file), dirname(dirname(file))];
  const configFile = places.map((place) => join(place, 'config.json')).find(isFile);
  if (configFile === undefined) {
    throw usageError(
      `${file}: expected the config.json that the model was exported with beside it or in the folder above, found none`,
    );
  }
  const bytes = sizeOf(file);
  // The tensors are not known here; each label takes at least one byte of them.
  const bounds = () => ({ path: file, tensors: bytes, longestAxis: bytes });
  const config = ConfigReader.open(configFile, { bounds });
  const architectures = config.read('architectures');
  const name: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  const modelType = config.read('model_type');
  const padTokenId = config.tokenId('pad_token_id');
  const countsFromPad = typeof modelType === 'string' && countFromPad.has(modelType);
  // A network that states no length (with ALiBi, for one) takes any.
  const positions = config.positiveInteger(['n_positions', 'max_position_embeddings'], Number.MAX_SAFE_INTEGER);
  return {
    kind: 'exported',
    file,
    places,
    network: {
      architecture: String(name ?? modelType ?? 'unknown'),
      labels: config.labels(),
      vocabularySize: config.positiveInteger(['vocab_size']),
      maxPositions: countsFromPad ? Math.max(1, positions - ((padTokenId ?? USUAL_PAD) + 1)) : positions,
      padTokenId,
      tokenTypes: typesOf(config.read('type_vocab_size')),
      countsFromPad,
      eosTokenId: config.tokenId('eos_token_id'),
      defaults: defaultsOf(modelType),
      bytes,
    },
  };
}

/** `model_type` of networks in which a token sees those before it alone. */
const decoders = /^(llama|mistral|mixtral|qwen|gemma|gpt|opt|phi|bloom|falcon|olmo|stablelm|cohere|smollm)/;

/**
 * `model_type` of networks whose first position has the number after pad_token_id: create_position_ids_from_input_ids of
 * their models in transformers 5.23.0.
 */
const countFromPad: ReadonlySet<string> = new Set([
  ...['roberta', 'roberta-prelayernorm', 'xlm-roberta', 'xlm-roberta-xl', 'xmod', 'camembert'],
  ...['data2vec-text', 'ibert', 'lilt', 'longformer', 'luke', 'mpnet'],
]);

/** The pad token of these where config.json names none. */
const USUAL_PAD = 1;

const typesOf = (stated: unknown): number | undefined => (typeof stated === 'number' ? stated : undefined);

function defaultsOf(modelType: unknown): RowDefaults {
  if (modelType === 'gpt2') return gpt2Defaults;
  return typeof modelType === 'string' && decoders.test(modelType) ? decoderDefaults : encoderDefaults;
}

/** Counts the weights in files of their own, which exporters name after it: model.onnx.data, model.onnx_data. */
function sizeOf(file: string): number {
  const names = readdirSync(dirname(file)).filter((name) => name.startsWith(basename(file)));
  return names.reduce(
    (sum, name) => sum + (statSync(join(dirname(file), name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
