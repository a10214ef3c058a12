/** A checkpoint directory in Hugging Face form: what stands in it, and which network it is. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, runError, usageError } from '../errors.js';
import { ConfigReader } from './config-reader.js';
import { gpt2ForSequenceClassification } from './gpt2.js';
import type { RewardNetwork } from './network.js';

/** Networks by the name in config.json's `architectures`. A new one is a file beside gpt2.ts and a line here. */
const architectures: Readonly<Record<string, (config: ConfigReader) => RewardNetwork>> = {
  GPT2ForSequenceClassification: gpt2ForSequenceClassification,
};

/** The architecture of a checkpoint that does not name one, by its model_type. */
const defaultArchitecture: Readonly<Record<string, string>> = { gpt2: 'GPT2ForSequenceClassification' };

export interface Checkpoint {
  readonly directory: string;
  readonly weightsFile: string;
  readonly network: RewardNetwork;
}

/**
 * Reads config.json and finds the weights; opens neither them nor onnxruntime.
 *
 * @throws FatalError where the directory holds no checkpoint (`usage`) or one that cannot be scored
 */
export function readCheckpoint(directory: string): Checkpoint {
  const configFile = join(directory, 'config.json');
  if (!existsSync(configFile)) {
    throw usageError(
      `${directory}: expected a model directory in Hugging Face form (config.json, model.safetensors, ` +
        'tokenizer.json), found no config.json',
    );
  }
  const weightsFile = join(directory, 'model.safetensors');
  if (!existsSync(weightsFile)) {
    const others = ['model.safetensors.index.json', 'pytorch_model.bin', 'pytorch_model.bin.index.json'].filter(
      (name) => existsSync(join(directory, name)),
    );
    throw usageError(
      `${directory}: expected model.safetensors, found ${others[0] ?? 'no weights'}` +
        (others.length > 0 ? '; save the model with transformers as one model.safetensors' : ''),
    );
  }
  return { directory, weightsFile, network: readNetwork(configFile) };
}

function readNetwork(configFile: string): RewardNetwork {
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(configFile, 'utf8'));
  } catch (error) {
    throw runError(`${configFile}: expected JSON (${messageOf(error)})`, { cause: error });
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw runError(`${configFile}: expected a JSON object`);
  }
  const { architectures: named, model_type: modelType } = config as Record<string, unknown>;
  const name: unknown = Array.isArray(named) && named.length > 0 ? named[0] : defaultArchitecture[String(modelType)];
  const build = typeof name === 'string' && Object.hasOwn(architectures, name) ? architectures[name] : undefined;
  if (build === undefined) {
    throw usageError(
      `${configFile}: expected architecture ${Object.keys(architectures).join(' or ')}, ` +
        `got ${JSON.stringify(named ?? modelType ?? null)}`,
    );
  }
  return build(new ConfigReader(config as Record<string, unknown>, configFile));
}
