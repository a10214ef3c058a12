/** From what a user names, a path or an id on the Hugging Face Hub, to a directory with its files. */

import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { usageError } from '../errors.js';
import { type ResolveOptions, resolveHubModel } from '../hub/resolve.js';
import { baseOf, type Checkpoint } from '../model/checkpoint/checkpoint.js';
import { wantedModelFiles } from '../model/checkpoint/wanted-files.js';
import type { ExportedModel } from '../model/exported/model.js';
import { describeMissingTokenizer, hasTokenizer } from '../model/tokenizer/directory.js';
import { wantedTokenizerFiles } from '../model/tokenizer/wanted-files.js';
import { optionName } from '../option-name.js';
import { statOrUndefined } from '../platform/files.js';

/** The model that comes with the package, and is used where none is named; recipes/starter makes it. */
export const BUNDLED_NAME = 'starter';
const bundledDirectory = fileURLToPath(new URL(`../../models/${BUNDLED_NAME}`, import.meta.url));

/** The tokenizer with which GPT-2 checkpoints without their own were trained, as their cards say. */
const GPT2_TOKENIZER = 'openai-community/gpt2';
const GPT2_VOCABULARY = 50_257;

export interface Source {
  readonly directory: string;
  /** The commit of a model from the hub; undefined for a local one. */
  readonly revision: string | undefined;
}

/**
 * Finds the .onnx file of that name; undefined where the name is not that of an .onnx file. Links to it are not
 * followed: in the hub's cache its config.json is beside the link.
 *
 * @throws FatalError where the name is that of such a file, and there is none
 */
export function findExportedFile(name: string): string | undefined {
  if (!name.endsWith('.onnx')) return undefined;
  const path = withHome(name);
  const stat = statOrUndefined(path);
  if (stat === undefined) throw usageError(`${name}: expected an .onnx file, found nothing of that name`);
  if (stat.isFile()) return resolve(path);
  if (stat.isDirectory()) return undefined;
  throw usageError(`${name}: expected an .onnx file, got neither a file nor a directory`);
}

/**
 * @param name undefined, or its name where no path has it, for the bundled model
 * @throws FatalError where neither a directory nor a model on the hub has the name
 */
export async function findModel(name: string | undefined, options: ResolveOptions): Promise<Source> {
  const bundled = { directory: bundledDirectory, revision: undefined };
  if (name === undefined) return bundled;
  const found = findDirectory(name, 'a model directory');
  return found ?? (name === BUNDLED_NAME ? bundled : resolveHubModel(name, wantedModelFiles, options));
}

/**
 * Finds what the adapter in a directory stands on, as any model is found; a path may be relative to the adapter too.
 *
 * @returns undefined where there is no adapter
 * @throws FatalError where its config is none that is obeyed, or neither a directory nor a model on the hub has the name
 */
export async function findBase(directory: string, options: ResolveOptions): Promise<string | undefined> {
  const base = baseOf(directory);
  if (base === undefined) return undefined;
  const { name, revision } = base;
  const beside = resolve(directory, name);
  const isBeside = statOrUndefined(withHome(name)) === undefined && statOrUndefined(beside)?.isDirectory();
  const found = isBeside ? realpathSync(beside) : findDirectory(name, 'the base of an adapter')?.directory;
  const id = revision === undefined ? name : `${name}@${revision}`;
  return found ?? (await resolveHubModel(id, wantedModelFiles, options)).directory;
}

/** Finds the directory of the named tokenizer, or else of the model's own, or of GPT-2's. */
export async function findTokenizer(
  name: string | undefined,
  model: Checkpoint | ExportedModel,
  options: ResolveOptions,
): Promise<string> {
  if (name !== undefined) {
    const found =
      findDirectory(name, 'a tokenizer directory') ?? (await resolveHubModel(name, wantedTokenizerFiles, options));
    if (!hasTokenizer(found.directory)) throw usageError(`${name}: ${describeMissingTokenizer(found.directory)}`);
    return found.directory;
  }
  const { places } = model;
  const own = places.find(hasTokenizer);
  if (own !== undefined) return own;
  const { architecture, vocabularySize } = model.network;
  if (!architecture.startsWith('GPT2') || vocabularySize !== GPT2_VOCABULARY) {
    const lack = describeMissingTokenizer(places[0] as string);
    throw usageError(
      `${places.join(' and ')}: ${lack}; name a directory that has them with ${optionName('tokenizer')}`,
    );
  }
  options.notify(`the model has no tokenizer of its own: using that of ${GPT2_TOKENIZER}`);
  return (await resolveHubModel(GPT2_TOKENIZER, wantedTokenizerFiles, options)).directory;
}

/** An existing path has precedence; a name that can only be a path is never looked up on the hub. */
function findDirectory(name: string, expected: string): Source | undefined {
  const path = withHome(name);
  const stat = statOrUndefined(path);
  if (stat?.isDirectory()) return { directory: realpathSync(path), revision: undefined };
  if (stat !== undefined) throw usageError(`${name}: expected ${expected} in Hugging Face form, got a file`);
  if (/^[/.~]/.test(name)) throw usageError(`${name}: expected ${expected}, found nothing of that name`);
  return undefined;
}

const withHome = (name: string): string => name.replace(/^~(?=\/|$)/, homedir());
