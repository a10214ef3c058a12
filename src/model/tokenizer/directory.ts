/** The files of a tokenizer, and the hash that identifies it. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, runError } from '../../errors.js';
import { isFile } from '../checkpoint/file.js';

/** The files of a tokenizer's directory that a reward can depend on. The readers in this folder know no other names. */
export const tokenizerFiles = {
  tokenizer: 'tokenizer.json',
  vocabulary: 'vocab.json',
  merges: 'merges.txt',
  config: 'tokenizer_config.json',
  specialTokens: 'special_tokens_map.json',
  addedTokens: 'added_tokens.json',
  chatTemplate: 'chat_template.jinja',
  chatTemplateJson: 'chat_template.json',
} as const;

/** A folder of chat templates that are requested by name. */
const MORE_TEMPLATES = 'additional_chat_templates';

/** The files that hold the vocabulary: the first form that a directory has is used. */
const vocabularyForms = [[tokenizerFiles.tokenizer], [tokenizerFiles.vocabulary, tokenizerFiles.merges]] as const;

const { config, specialTokens, addedTokens, chatTemplate, chatTemplateJson } = tokenizerFiles;
const besideVocabulary = [config, specialTokens, addedTokens];

/** The names of the files that hold a directory's vocabulary; undefined where it has no tokenizer. */
export const vocabularyIn = (directory: string): (typeof vocabularyForms)[number] | undefined =>
  vocabularyForms.find((names) => names.every((name) => isFile(join(directory, name))));

/** Whether a directory has a tokenizer: tokenizer.json, or vocab.json and merges.txt. */
export const hasTokenizer = (directory: string): boolean => vocabularyIn(directory) !== undefined;

/** Says what was expected of a directory without a tokenizer, and what is there. */
export function describeMissingTokenizer(directory: string): string {
  const found = [...vocabularyForms.flat(), ...otherForms].filter((name) => isFile(join(directory, name)));
  const expected = `expected tokenizer.json, or vocab.json and merges.txt, found ${found.length === 0 ? 'neither' : `only ${found}`}`;
  if (!found.some((name) => otherForms.includes(name))) return expected;
  return `${expected} (AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR) of transformers writes tokenizer.json)`;
}

/** Files that transformers makes a tokenizer of, and nothing here does. */
const otherForms: readonly string[] = [
  'tokenizer.model',
  'spm.model',
  'sentencepiece.bpe.model',
  'spiece.model',
  'vocab.txt',
];

/**
 * Hashes every existing file of a tokenizer with sha256, by the file's name.
 *
 * @throws FatalError `run` where one cannot be read
 */
export const tokenizerFileHashes = (directory: string): Record<string, string> =>
  hashesOf(directory, [...encodingFiles(directory), chatTemplate, chatTemplateJson, ...moreTemplates(directory)]);

/** Those that the tokens of a text can depend on. */
const encodingFiles = (directory: string): string[] => [...(vocabularyIn(directory) ?? []), ...besideVocabulary];

function hashesOf(directory: string, names: readonly string[]): Record<string, string> {
  const present = names.filter((name) => isFile(join(directory, name)));
  return Object.fromEntries(present.map((name) => [name, hashOf(join(directory, name))]));
}

/** One sha256 for all of a tokenizer's files: it changes when any of them does. */
export const hashTokenizerFiles = (directory: string): string => hashOfHashes(tokenizerFileHashes(directory));

/** One sha256 for the files that the tokens of a text can depend on: without those that hold templates alone. */
export const hashEncodingFiles = (directory: string): string =>
  hashOfHashes(hashesOf(directory, encodingFiles(directory)));

const hashOfHashes = (hashes: Readonly<Record<string, string>>): string =>
  createHash('sha256').update(JSON.stringify(hashes)).digest('hex');

function moreTemplates(directory: string): string[] {
  const folder = join(directory, MORE_TEMPLATES);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => `${MORE_TEMPLATES}/${name}`);
}

function hashOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch (error) {
    throw runError(`${path}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
