/** Tokenizers of test/oracle/tokenizer_classes.json: bases, and cases that are one of them with other members and files. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readOracle } from './oracle.js';
import { temporaryDirectory, writeFile } from './run.js';

export type Fields = Readonly<Record<string, unknown>>;

interface Content extends Fields {
  readonly model: Fields;
}

interface DerivedBase {
  readonly of: string;
  readonly patch: Fields;
  readonly model_patch?: Fields;
  readonly more_vocab?: Fields;
}

/** The files of a tokenizer. */
export interface TokenizerCase {
  readonly base: string;
  readonly form?: 'tokenizer.json' | 'vocab.json';
  /** Members of tokenizer.json, and of its model, in place of the base's. */
  readonly patch?: Fields;
  readonly model_patch?: Fields;
  /** tokenizer_config.json, special_tokens_map.json, added_tokens.json, config.json. */
  readonly config?: Fields;
  readonly special?: Fields;
  readonly added?: Fields;
  readonly model?: Fields;
}

export const classReference = readOracle<{
  readonly texts: readonly string[];
  readonly ids: readonly (readonly (readonly number[])[])[];
  readonly specials: readonly Fields[];
  readonly bases: Readonly<Record<string, Content | DerivedBase>>;
  readonly cases: Readonly<Record<string, ClassCase>>;
}>('tokenizer_classes.json');

/** What AutoTokenizer makes of the texts. */
export interface ClassCase extends TokenizerCase {
  /** For each text, which of the rows in `ids`. */
  readonly ids?: readonly number[];
  /** Which of `specials`. */
  readonly special_map?: number;
  readonly class?: string;
  readonly error?: string;
}

const directory = temporaryDirectory();

function contentOf(name: string): Content {
  const base = classReference.bases[name] as Content | DerivedBase;
  if (!('of' in base)) return structuredClone(base) as Content;
  const { of, patch, model_patch: modelPatch, more_vocab: more } = base as DerivedBase;
  const content = contentOf(of);
  const vocab = { ...(content.model.vocab as Fields), ...more };
  return { ...content, ...patch, model: { ...content.model, ...modelPatch, vocab } };
}

/** Writes the files of a case. */
export function writeTokenizerCase({ base, form, ...given }: TokenizerCase): string {
  const path = join(directory, String(readdirSync(directory).length));
  mkdirSync(path);
  const base_ = contentOf(base);
  const content: Content = { ...base_, ...given.patch, model: { ...base_.model, ...given.model_patch } };
  if (form === 'vocab.json') {
    const { vocab, merges } = content.model as { vocab: Fields; merges: (string | [string, string])[] };
    writeFile(path, 'vocab.json', JSON.stringify(vocab));
    const lines = merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')));
    writeFile(path, 'merges.txt', ['#version: 0.2', ...lines, ''].join('\n'));
  } else writeFile(path, 'tokenizer.json', JSON.stringify(content));
  const files = {
    'tokenizer_config.json': given.config,
    'special_tokens_map.json': given.special,
    'added_tokens.json': given.added,
    'config.json': given.model,
  };
  for (const [name, fields] of Object.entries(files)) {
    if (fields !== undefined) writeFile(path, name, JSON.stringify(fields));
  }
  return path;
}
