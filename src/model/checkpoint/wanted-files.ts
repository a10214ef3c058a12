/**
 * Which files of a repository make a model, with its own tokenizer if it has one, for the download from the hub
 * (WantedFiles of hub/wanted-files.ts).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, runError } from '../../errors.js';
import { wantedTokenizerFiles } from '../tokenizer/wanted-files.js';
import { ADAPTER_CONFIG, readAdapterConfig } from './adapter-config.js';
import { refuseBeforehand } from './refused.js';
import { adapterFileNames, valueHeadFileNames } from './weight-files.js';

/** The first of these that is there holds the weights: safetensors before pickle, as transformers chooses. */
const weightFiles = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
];

/** A repository with this file holds an adapter, whatever else is there: so it is for transformers too. */
const isAdapter = (has: (name: string) => boolean): boolean => has(ADAPTER_CONFIG);

/** The small files; the README has the licence. */
const small = ['config.json', ADAPTER_CONFIG, 'README.md'];

const isIndex = (name: string): boolean => name.endsWith('.index.json');

export const wantedModelFiles = {
  missingFromRepository(listed: readonly string[]): string | undefined {
    const has = (name: string): boolean => listed.includes(name);
    if (isAdapter(has)) {
      return adapterFileNames.some(has) ? undefined : `weights of an adapter (${adapterFileNames.join(' or ')})`;
    }
    if (!has('config.json')) return 'a model (config.json)';
    return weightsAmong(has) === undefined ? 'weights (model.safetensors or pytorch_model.bin)' : undefined;
  },
  smallFiles(listed: readonly string[]): readonly string[] {
    const weights = weightsAmong((name) => listed.includes(name));
    const names = small.filter((name) => listed.includes(name));
    if (weights !== undefined && isIndex(weights)) names.push(weights);
    return [...new Set([...wantedTokenizerFiles.smallFiles(listed), ...names])];
  },
  /** @throws FatalError where the small files say that the model cannot be scored */
  largeFiles(listed: readonly string[], snapshot: string): readonly string[] {
    const has = (name: string): boolean => listed.includes(name);
    if (isAdapter(has)) readAdapterConfig(snapshot);
    else refuseBeforehand(snapshot);
    const weights = weightsAmong(has);
    const valueHead = valueHeadFileNames.find(has);
    return [
      ...(weights === undefined ? [] : shardsOf(weights, snapshot)),
      ...(valueHead === undefined ? [] : [valueHead]),
    ];
  },
  /** A model may come without a tokenizer of its own. */
  missingFromSnapshot(snapshot: string): readonly string[] {
    const has = (name: string): boolean => existsSync(join(snapshot, name));
    const missing = isAdapter(has) || has('config.json') ? [] : ['config.json'];
    const weights = weightsAmong(has);
    if (weights === undefined) return [...missing, isAdapter(has) ? 'adapter_model.safetensors' : 'model.safetensors'];
    return [...missing, ...shardsOf(weights, snapshot).filter((name) => !has(name))];
  },
  /** Where the snapshot lacks a tokenizer, only the hub can say whether the repository has one. */
  isComplete: (snapshot: string): boolean =>
    wantedModelFiles.missingFromSnapshot(snapshot).length === 0 && wantedTokenizerFiles.isComplete(snapshot),
};

/** The file that holds the weights, or an index of several. */
const weightsAmong = (has: (name: string) => boolean): string | undefined =>
  (isAdapter(has) ? adapterFileNames : weightFiles).find(has);

/** The file itself, or the shards that an index in the snapshot names. */
function shardsOf(weights: string, snapshot: string): readonly string[] {
  if (!isIndex(weights)) return [weights];
  const path = join(snapshot, weights);
  let map: unknown;
  try {
    map = (JSON.parse(readFileSync(path, 'utf8')) as { weight_map?: unknown } | null)?.weight_map;
  } catch (error) {
    throw runError(`${path}: expected JSON (${messageOf(error)})`, { cause: error });
  }
  const names = new Set(Object.values(map ?? {}) as unknown[]);
  for (const name of names) {
    // The name comes from outside and becomes a path.
    if (typeof name !== 'string' || !/^\w[\w.-]*$/.test(name)) {
      throw runError(`${path}: expected weight_map to name files, got ${JSON.stringify(name)}`);
    }
  }
  if (names.size === 0) throw runError(`${path}: expected weight_map to name files, found none`);
  return [...names] as string[];
}
