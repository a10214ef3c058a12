/** Reads the files of a tokenizer. */

import { join } from 'node:path';
import { usageError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import { describeMissingTokenizer, tokenizerFiles, vocabularyIn } from './directory.js';
import { gpt2Tokenizer } from './gpt2-tokenizer.js';
import { readJsonObject, readText } from './read.js';
import { checkConfig, checkTokenizer, type TokenizerJson } from './shape.js';

export interface TokenizerFiles {
  /** The file that messages name. */
  readonly path: string;
  /** The content of tokenizer.json. */
  readonly tokenizer: TokenizerJson;
  /** The content of tokenizer_config.json; empty where there is none. */
  readonly config: Record<string, unknown>;
}

/**
 * Reads the tokenizer of a directory: tokenizer.json, or vocab.json and merges.txt.
 *
 * @throws FatalError where there is none (`usage`), or one that cannot be used (`run`)
 */
export function readTokenizerFiles(directory: string): TokenizerFiles {
  const config = readTokenizerConfig(directory) ?? {};
  const names = vocabularyIn(directory);
  if (names === undefined) {
    throw usageError(
      `${directory}: ${describeMissingTokenizer(directory)}; name a directory that has them with ${optionName('tokenizer')}`,
    );
  }
  const path = join(directory, names[0]);
  const content = readJsonObject(path) ?? {};
  if (names[0] === tokenizerFiles.tokenizer) return { path, tokenizer: checkTokenizer(content, path), config };
  const merges = readText(join(directory, tokenizerFiles.merges)) ?? '';
  return { path, tokenizer: checkTokenizer(gpt2Tokenizer(content, merges), path), config };
}

/**
 * Reads the content of tokenizer_config.json; undefined where there is none.
 *
 * @throws FatalError `run` where it cannot be used
 */
export function readTokenizerConfig(directory: string): Record<string, unknown> | undefined {
  const path = join(directory, tokenizerFiles.config);
  const config = readJsonObject(path);
  return config && checkConfig(config, path);
}
