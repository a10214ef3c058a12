/** A checkpoint directory in Hugging Face form: its files, and its network. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { usageError } from '../../errors.js';
import { LayerBuilder } from '../architectures/layers.js';
import type { RewardNetwork } from '../architectures/network.js';
import { checkTensors } from '../prepared/weights.js';
import { type Adapter, mergeAdapter, readAdapter } from './adapter.js';
import { type AdapterBase, hasAdapter, readAdapterConfig } from './adapter-config.js';
import type { AskedHead } from './asked-head.js';
import { ConfigReader, type WeightBounds } from './config-reader.js';
import { chooseHead, type Head } from './heads.js';
import { withNetworkNames } from './names.js';
import { requireBuilt } from './refused.js';
import type { TensorSource } from './tensor-source.js';
import { findWeightFiles, type WeightFiles } from './weight-files.js';

export interface Checkpoint {
  readonly kind: 'checkpoint';
  readonly directory: string;
  /** Where a tokenizer may be, in the order of the search: beside an adapter, then beside its base. */
  readonly places: readonly string[];
  /** All of its weights: those of its base and of its head too. */
  readonly weights: WeightFiles;
  /** Names of their files, or of the indexes of several, for messages. */
  readonly weightNames: readonly string[];
  readonly network: RewardNetwork;
  readonly head: Pick<Head, 'name' | 'source' | 'atLast'>;
  /** What it was read from beside its directory. */
  readonly sources: CheckpointSources;
  /** What an adapter in the directory stands on; undefined where it holds a whole model. */
  readonly base: AdapterBase | undefined;
  /** What decides its tensors beside the files of weights, as plain data; empty for a model that is read as it is. */
  readonly recipe: readonly unknown[];
}

/** What a checkpoint's directory alone does not say. */
export interface CheckpointSources {
  /** The directory of the base that an adapter stands on. */
  readonly base?: string | undefined;
  /** The head that is asked for. Its words must be ids where the tensors are opened. */
  readonly head?: AskedHead | undefined;
}

/** What the adapter in a directory stands on; undefined where there is none. */
export const baseOf = (directory: string): AdapterBase | undefined =>
  hasAdapter(directory) ? readAdapterConfig(directory).base : undefined;

/**
 * Reads config.json and finds the weights. It does not load onnxruntime, and opens weights only where config.json states
 * a size beyond any usual one, names a language model, or is that of an adapter's base.
 *
 * @throws FatalError where the directory holds no checkpoint (`usage`) or one that cannot be scored
 */
export function readCheckpoint(directory: string, { base, head: asked }: CheckpointSources = {}): Checkpoint {
  const adapter = base === undefined ? undefined : readAdapter(directory);
  const whole = base ?? directory;
  if (base !== undefined && hasAdapter(base)) {
    throw usageError(
      `${base}: expected a whole model as the base of the adapter in ${directory}, got an adapter too; ` +
        'merge that one into its own base with peft (merge_and_unload), and save the result',
    );
  }
  const configFile = join(whole, 'config.json');
  if (!existsSync(configFile)) {
    throw usageError(
      `${whole}: expected a model directory in Hugging Face form (config.json, model.safetensors, ` +
        'tokenizer.json), found no config.json',
    );
  }
  const own = findWeightFiles(whole);
  const config = ConfigReader.open(configFile, { bounds: () => boundsOf(own) });
  const found = requireBuilt(config, configFile, whole);
  const directories = adapter === undefined ? [directory] : [directory, whole];
  const head = chooseHead({ configFile, config, found, weights: own, adapter, directories, asked });
  const labelled = head.labels === undefined ? config : config.withLabels(head.labels);
  const built = found.architecture.build(labelled, new LayerBuilder(head.layers));
  const network = { ...built, architecture: found.name, ...(head.atLast && { padTokenId: undefined }) };
  return {
    kind: 'checkpoint',
    directory,
    places: directories,
    network,
    weights: derivedWeights(own, adapter, head, network),
    weightNames: partsOf(own, adapter, head).map(({ path }) => basename(path)),
    head,
    sources: { base, head: asked },
    base: adapter?.config.base,
    recipe: [...(adapter === undefined ? [] : [adapter.config.recipe]), ...head.recipe],
  };
}

const partsOf = (own: WeightFiles, adapter: Adapter | undefined, head: Head): readonly WeightFiles[] =>
  [own, adapter?.weights, head.weights].filter((part) => part !== undefined);

/** The weights with an adapter merged into them, and the head's under the network's names. */
function derivedWeights(
  own: WeightFiles,
  adapter: Adapter | undefined,
  head: Head,
  network: RewardNetwork,
): WeightFiles {
  return {
    path: (adapter?.weights ?? own).path,
    files: partsOf(own, adapter, head).flatMap(({ files }) => files),
    open() {
      let source = own.open();
      try {
        source = withNetworkNames(source, network, own.path);
        if (adapter !== undefined) source = mergeAdapter(adapter, source, network);
        return head.derive(source, network);
      } catch (error) {
        source.close();
        throw error;
      }
    },
  };
}

/**
 * Opens the tensors of a checkpoint under the names of its network, which are exactly those that it needs.
 *
 * @throws FatalError `run` where the weights cannot be read, or belong to another network
 */
export function openTensors({ weights, network }: Checkpoint): TensorSource {
  const source = weights.open();
  try {
    checkTensors(network, source, weights.path);
    return source;
  } catch (error) {
    source.close();
    throw error;
  }
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
