/** Reads the files of a tokenizer, and makes of them what AutoTokenizer of transformers 5.23.0 makes. */

import { join } from 'node:path';
import { runError, usageError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import { isFile } from '../checkpoint/file.js';
import { type Assembled, assemble, type Parts, tokensByRole } from './assemble.js';
import { describeMissingTokenizer, tokenizerFiles, vocabularyIn } from './directory.js';
import { readJsonObject, readText } from './read.js';
import { rebuiltClass, rebuiltClassNames } from './rebuilt.js';
import { checkTokenizer } from './shape.js';
import { readSpecialTokens, UnusableField, unusable } from './special-tokens.js';
import { AS_IT_IS, type ClassFacts, tokenizerClassOf } from './tokenizer-class.js';

type Fields = Readonly<Record<string, unknown>>;

/** A tokenizer as transformers 5.23.0 would have it. */
export interface TokenizerFiles extends Assembled {
  /** The file that messages name. */
  readonly path: string;
}

/**
 * Reads the tokenizer of a directory: tokenizer.json, or vocab.json and merges.txt.
 *
 * @throws FatalError where there is none (`usage`), or one that cannot be used (`run`)
 */
export function readTokenizerFiles(directory: string): TokenizerFiles {
  return withPlaceOf(directory, () => {
    const parts = readParts(directory);
    return { path: parts.path, ...assemble(parts) };
  });
}

/**
 * The special tokens that the small files name, by role: what a template writes, without reading the vocabulary. A
 * tokenizer that is loaded may know one more, the pad token of tokenizer.json's padding.
 *
 * @throws FatalError `run` where a file cannot be used
 */
export const readTemplateTokens = (directory: string): Readonly<Record<string, string>> =>
  withPlaceOf(directory, () => {
    const config = readTokenizerConfig(directory) ?? {};
    const defaults = rebuiltClass(classIn(directory, config))?.specialTokens ?? {};
    return tokensByRole(readSpecialTokens({ config, ...readBesideVocabulary(directory), ofTokenizer: [] }, defaults));
  });

/**
 * The class that a directory's tokenizer has, on which its tokens depend as on its files: config.json may decide it.
 *
 * @throws FatalError `run` where a file that says so cannot be used
 */
export const tokenizerClassIn = (directory: string): string =>
  withPlaceOf(directory, () => classIn(directory, readTokenizerConfig(directory) ?? {}));

/** Has the refusal of a field say which files it may stand in. */
function withPlaceOf<T>(directory: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UnusableField)) throw error;
    const names = filesWithFields.filter((name) => isFile(join(directory, name)));
    throw runError(
      `${directory} (${names.join(', ')}): ${error.message}; save the tokenizer again with transformers 5, or correct the field`,
    );
  }
}

function readParts(directory: string): Parts {
  const names = vocabularyIn(directory);
  if (names === undefined) {
    throw usageError(
      `${directory}: ${describeMissingTokenizer(directory)}; name a directory that has them with ${optionName('tokenizer')}`,
    );
  }
  const path = join(directory, names[0]);
  const config = readTokenizerConfig(directory) ?? {};
  checkConfig(config);
  const className = classIn(directory, config);
  const built = rebuiltClass(className);
  if (built === undefined && className !== AS_IT_IS) throw unusable('tokenizer_class', knownClasses(), className);
  const hasTokenizerFile = names[0] === tokenizerFiles.tokenizer;
  if (!hasTokenizerFile && built?.readsVocabularyAndMerges !== true) {
    const expected = 'one that reads vocab.json and merges.txt, or tokenizer.json to be there';
    throw unusable('tokenizer_class', expected, className);
  }
  return {
    path,
    className,
    config,
    built,
    source: checkTokenizer(hasTokenizerFile ? (readJsonObject(path) ?? {}) : fromVocabularyAndMerges(directory), path),
    hasTokenizerFile,
    ...readBesideVocabulary(directory),
  };
}

const readBesideVocabulary = (directory: string): Pick<Parts, 'specialTokensMap' | 'addedTokens'> => ({
  specialTokensMap: readJsonObject(join(directory, tokenizerFiles.specialTokens)),
  addedTokens: readJsonObject(join(directory, tokenizerFiles.addedTokens)),
});

/** Those whose fields may be refused. */
const filesWithFields = [
  tokenizerFiles.config,
  tokenizerFiles.specialTokens,
  tokenizerFiles.addedTokens,
  'config.json',
];

/**
 * Reads the content of tokenizer_config.json; undefined where there is none.
 *
 * @throws FatalError `run` where it cannot be used
 */
export const readTokenizerConfig = (directory: string): Record<string, unknown> | undefined =>
  readJsonObject(join(directory, tokenizerFiles.config));

const knownClasses = (): string =>
  `${AS_IT_IS}, which takes tokenizer.json as it is, or one of ${rebuiltClassNames.join(', ')}`;

/** The name of the class that a directory's files ask for. */
function classIn(directory: string, config: Fields): string {
  const facts = classFacts(directory, config);
  const name = tokenizerClassOf(facts, () =>
    (readText(join(directory, tokenizerFiles.tokenizer)) ?? '').includes('"ByteLevel"'),
  );
  if (
    facts.bringsCode &&
    rebuiltClass(name) === undefined &&
    !/^(TokenizersBackend|PreTrainedTokenizer)/.test(facts.named ?? '')
  ) {
    throw unusable('auto_map', 'absent: Python code that a repository brings is not run', config.auto_map);
  }
  // AutoTokenizer fails here. These files are GPT-2's own form, and nothing says that another class is meant.
  if (facts.named === undefined && name === AS_IT_IS && vocabularyIn(directory)?.length === 2) return 'GPT2Tokenizer';
  return name;
}

function classFacts(directory: string, config: Fields): ClassFacts {
  const model = readJsonObject(join(directory, 'config.json')) ?? {};
  const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
  const autoMap = config.auto_map as { readonly AutoTokenizer?: unknown } | null | undefined;
  return {
    named: text(config.tokenizer_class) ?? text(model.tokenizer_class),
    modelType: text(model.model_type),
    bringsCode: Array.isArray(autoMap) || (autoMap?.AutoTokenizer ?? null) !== null,
  };
}

/** Fields of tokenizer_config.json that hand a class something else than files, or another file than tokenizer.json. */
const mustBeAbsent = [
  ...[
    'vocab',
    'merges',
    'tokenizer_object',
    'post_processor',
    'tokenizer_truncation',
    'tokenizer_padding',
    'gguf_file',
  ],
  ...['model_specific_special_tokens', 'init_inputs', 'fast_tokenizer_files', 'fix_mistral_regex'],
];

/**
 * Every other field has no effect on ids (clean_up_tokenization_spaces, errors, padding_side, …), is
 * none that transformers knows, which it keeps and does not read, or is read by a class (rebuilt.ts).
 */
function checkConfig(config: Fields): void {
  for (const name of mustBeAbsent) {
    const value = config[name] ?? false;
    const isEmpty =
      value === false || (Array.isArray(value) && value.every((file) => file === tokenizerFiles.tokenizer));
    if (!isEmpty) throw unusable(name, 'absent', value);
  }
  for (const name of ['split_special_tokens', 'add_bos_token', 'add_eos_token']) {
    if (!['boolean', 'undefined'].includes(typeof (config[name] ?? undefined))) {
      throw unusable(name, 'true or false', config[name]);
    }
  }
}

/** vocab.json and merges.txt in the form of tokenizer.json. */
function fromVocabularyAndMerges(directory: string): Record<string, unknown> {
  const merges = readText(join(directory, tokenizerFiles.merges)) ?? '';
  return {
    model: {
      type: 'BPE',
      vocab: readJsonObject(join(directory, tokenizerFiles.vocabulary)),
      merges: merges.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version')),
    },
  };
}
