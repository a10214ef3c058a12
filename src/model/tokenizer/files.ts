/** The files of a tokenizer, read and not yet used. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, runError, usageError } from '../../errors.js';

export interface TokenizerFiles {
  /** The content of tokenizer.json. */
  readonly tokenizer: Record<string, unknown>;
  /** The content of tokenizer_config.json; empty where there is none. */
  readonly config: Record<string, unknown>;
}

/** Reads the tokenizer that stands in a directory: tokenizer.json, or vocab.json and merges.txt. */
export function readTokenizerFiles(directory: string): TokenizerFiles {
  const path = (name: string): string => join(directory, name);
  const configPath = path('tokenizer_config.json');
  const config = existsSync(configPath) ? readJsonObject(configPath) : {};
  if (existsSync(path('tokenizer.json'))) return { tokenizer: readJsonObject(path('tokenizer.json')), config };
  if (existsSync(path('vocab.json')) && existsSync(path('merges.txt'))) {
    const merges = readFileSync(path('merges.txt'), 'utf8');
    return { tokenizer: gpt2Tokenizer(readJsonObject(path('vocab.json')), merges), config };
  }
  throw usageError(
    `${directory}: expected tokenizer.json, or vocab.json and merges.txt, found neither; ` +
      'name a directory that has them with --tokenizer',
  );
}

export const hasTokenizerFiles = (directory: string): boolean =>
  existsSync(join(directory, 'tokenizer.json')) || existsSync(join(directory, 'vocab.json'));

/** Files older than tokenizer.json, in its form; as transformers 5.23.0 converts them (GPT2Tokenizer). */
function gpt2Tokenizer(vocabulary: Record<string, unknown>, merges: string): Record<string, unknown> {
  const endOfText = '<|endoftext|>';
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    added_tokens: [
      {
        id: vocabulary[endOfText],
        content: endOfText,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ].filter(({ id }) => id !== undefined),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: byteLevel,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab: vocabulary,
      merges: merges.split('\n').filter((line) => line !== '' && !line.startsWith('#version')),
    },
  };
}

/** sha256 over the files that decide the ids. */
export function hashTokenizerFiles(directory: string): string {
  const hash = createHash('sha256');
  const names = existsSync(join(directory, 'tokenizer.json')) ? ['tokenizer.json'] : ['vocab.json', 'merges.txt'];
  for (const name of names) hash.update(readFileSync(join(directory, name)));
  return hash.digest('hex');
}

function readJsonObject(path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw runError(`${path}: expected JSON (${messageOf(error)})`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw runError(`${path}: expected a JSON object, got ${Array.isArray(value) ? 'an array' : String(value)}`);
  }
  return value as Record<string, unknown>;
}
