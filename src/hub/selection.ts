/** Which of a model's files are needed here. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, runError } from '../errors.js';

/** A tokenizer alone, or a model with its own tokenizer. */
export type Purpose = 'model' | 'tokenizer';

/** The first of these that is there holds the weights: safetensors before pickle, as transformers chooses. */
const weightFiles = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
] as const;

const isIndex = (name: string): boolean => name.endsWith('.index.json');

export interface Selection {
  /** Some kilobytes each. */
  readonly small: readonly string[];
  /** The weights, or the index of their shards. */
  readonly weights: string | undefined;
}

export function selectFiles(listed: readonly string[], purpose: Purpose): Selection {
  const wanted = ['tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json', 'chat_template.jinja'];
  wanted.push(...(listed.includes('tokenizer.json') ? ['tokenizer.json'] : ['vocab.json', 'merges.txt']));
  // The README has the licence.
  if (purpose === 'model') wanted.push('config.json', 'README.md');
  return {
    small: wanted.filter((name) => listed.includes(name)),
    weights: purpose === 'model' ? weightFiles.find((name) => listed.includes(name)) : undefined,
  };
}

/**
 * The files of the weights in a directory that has `weights`: that one, or the shards that an index names.
 *
 * @throws FatalError where the index is none
 */
export function weightShards(directory: string, weights: string): readonly string[] {
  if (!isIndex(weights)) return [weights];
  const path = join(directory, weights);
  let map: unknown;
  try {
    map = (JSON.parse(readFileSync(path, 'utf8')) as { weight_map?: unknown } | null)?.weight_map;
  } catch (error) {
    throw runError(`${path}: expected JSON (${messageOf(error)})`, { cause: error });
  }
  const names = new Set(Object.values(map ?? {}) as unknown[]);
  for (const name of names) {
    // A name from outside, and soon a path.
    if (typeof name !== 'string' || !/^\w[\w.-]*$/.test(name)) {
      throw runError(`${path}: expected weight_map to name files, got ${JSON.stringify(name)}`);
    }
  }
  if (names.size === 0) throw runError(`${path}: expected weight_map to name files, found none`);
  return [...names] as string[];
}

/** What a snapshot lacks for its purpose. A model may come without a tokenizer of its own. */
export function missingFiles(directory: string, purpose: Purpose): readonly string[] {
  const has = (name: string): boolean => existsSync(join(directory, name));
  if (purpose === 'tokenizer') {
    return has('tokenizer.json') || (has('vocab.json') && has('merges.txt')) ? [] : ['tokenizer.json'];
  }
  const missing = has('config.json') ? [] : ['config.json'];
  const weights = weightFiles.find(has);
  if (weights === undefined) return [...missing, 'model.safetensors'];
  return [...missing, ...weightShards(directory, weights).filter((name) => !has(name))];
}
