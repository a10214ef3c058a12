/** A checkpoint directory in Hugging Face form: its files, and its network. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runError, usageError } from '../../errors.js';
import { printable } from '../../platform/printable.js';
import { architectureNames, findArchitecture } from '../architectures/index.js';
import { LayerBuilder } from '../architectures/layers.js';
import type { RewardNetwork } from '../architectures/network.js';
import { checkTensors } from '../prepared/weights.js';
import { ConfigReader, type WeightBounds } from './config-reader.js';
import { withNetworkNames } from './names.js';
import type { TensorSource } from './tensor-source.js';
import { findWeightFiles, type WeightFiles } from './weight-files.js';

export interface Checkpoint {
  readonly kind: 'checkpoint';
  readonly directory: string;
  readonly weights: WeightFiles;
  readonly network: RewardNetwork;
}

/**
 * Reads config.json and finds the weights. It does not load onnxruntime, and opens the weights only where config.json
 * states a size beyond any usual one.
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
  const weights = findWeightFiles(directory);
  return { kind: 'checkpoint', directory, weights, network: readNetwork(configFile, weights) };
}

/**
 * Opens the tensors of a checkpoint under the names of its network, which are exactly those that it needs.
 *
 * @throws FatalError `run` where the weights cannot be read, or belong to another network
 */
export function openTensors({ weights, network }: Checkpoint): TensorSource {
  const source = weights.open();
  try {
    const tensors = withNetworkNames(source, network, weights.path);
    checkTensors(network, tensors, weights.path);
    return tensors;
  } catch (error) {
    source.close();
    throw error;
  }
}

function readNetwork(configFile: string, weights: WeightFiles): RewardNetwork {
  const config = ConfigReader.open(configFile, () => boundsOf(weights));
  const named = config.read('architectures');
  const modelType = config.read('model_type');
  const architecture = findArchitecture(named, modelType);
  if (architecture === undefined) {
    throw runError(
      `${configFile}: expected architecture ${architectureNames.join(' or ')}, ` +
        `got ${printable(JSON.stringify(named ?? modelType ?? null))}`,
    );
  }
  return architecture.build(config, new LayerBuilder());
}

function boundsOf({ path, open }: WeightFiles): WeightBounds {
  const source = open();
  try {
    const longestAxis = source.names.reduce((most, name) => Math.max(most, ...(source.shapeOf(name) ?? [])), 0);
    return { path, tensors: source.names.length, longestAxis };
  } finally {
    source.close();
  }
}
