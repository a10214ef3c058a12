/** From what a user names, a path or an id on the Hugging Face Hub, to a directory with the files of it. */
import { realpathSync, type Stats, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { usageError } from './errors.js';
import { type ResolveOptions, resolveHubModel } from './hub/resolve.js';
import type { Checkpoint } from './model/checkpoint.js';
import { hasTokenizerFiles } from './model/tokenizer-files.js';

/** What GPT-2 checkpoints without a tokenizer of their own were trained with, as their cards say. */
const GPT2_TOKENIZER = 'openai-community/gpt2';
const GPT2_VOCABULARY = 50_257;

export interface Source {
  readonly directory: string;
  /** The commit, of a model from the hub. */
  readonly revision: string | undefined;
}

/** @throws FatalError where neither a directory nor a model on the hub has the name */
export async function findModel(name: string, options: ResolveOptions): Promise<Source> {
  return findDirectory(name, 'a model directory') ?? resolveHubModel(name, 'model', options);
}

/** The directory of the tokenizer that is named, or else of the model's own, or of GPT-2's. */
export async function findTokenizer(
  name: string | undefined,
  { directory, network }: Checkpoint,
  options: ResolveOptions,
): Promise<string> {
  if (name !== undefined) {
    const found = findDirectory(name, 'a tokenizer directory') ?? (await resolveHubModel(name, 'tokenizer', options));
    if (!hasTokenizerFiles(found.directory)) throw usageError(`${name}: ${noTokenizer}`);
    return found.directory;
  }
  if (hasTokenizerFiles(directory)) return directory;
  if (!network.architecture.startsWith('GPT2') || network.vocabularySize !== GPT2_VOCABULARY) {
    throw usageError(`${directory}: ${noTokenizer}; name a directory that has them with --tokenizer`);
  }
  options.notify(`the model has no tokenizer of its own: using that of ${GPT2_TOKENIZER}`);
  return (await resolveHubModel(GPT2_TOKENIZER, 'tokenizer', options)).directory;
}

const noTokenizer = 'expected tokenizer.json, or vocab.json and merges.txt, found neither';

/** A path that is there wins; one that can be nothing but a path is never looked for on the hub. */
function findDirectory(name: string, expected: string): Source | undefined {
  const path = name.replace(/^~(?=\/|$)/, homedir());
  const stat = statOf(path);
  if (stat?.isDirectory()) return { directory: realpathSync(path), revision: undefined };
  if (stat !== undefined) throw usageError(`${name}: expected ${expected} in Hugging Face form, got a file`);
  if (/^[/.~]/.test(name)) throw usageError(`${name}: expected ${expected}, found nothing of that name`);
  return undefined;
}

/** undefined: there is nothing of that name, or a file stands where a directory should. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
