/** Reads the files of a tokenizer, and makes of them what AutoTokenizer of transformers 5.23.0 makes. */

import { join } from 'node:path';
import { runError, usageError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import { isFile } from '../checkpoint/file.js';
import { AddedVocabulary, addedToken } from './added-vocabulary.js';
import { describeMissingTokenizer, tokenizerFiles, vocabularyIn } from './directory.js';
import { readJsonObject, readText } from './read.js';
import { type RebuiltClass, rebuiltClass, rebuiltClassNames } from './rebuilt.js';
import { checkTokenizer, type TokenizerJson, type TokenizerSteps } from './shape.js';
import {
  addNamedTokens,
  contentOf,
  readSpecialTokens,
  type SpecialTokens,
  UnusableField,
  unusable,
} from './special-tokens.js';
import { AS_IT_IS, type ClassFacts, tokenizerClassOf } from './tokenizer-class.js';
import { Vocabulary } from './vocabulary.js';
import { whatDiffers } from './what-differs.js';

type Fields = Readonly<Record<string, unknown>>;

/** A tokenizer as transformers 5.23.0 would have it. */
export interface TokenizerFiles {
  /** The file that messages name. */
  readonly path: string;
  /** The steps, in the form of tokenizer.json. */
  readonly tokenizer: TokenizerSteps;
  readonly vocabulary: Vocabulary;
  readonly added: AddedVocabulary;
  /** Special tokens by role, e.g. `bos_token`, as a chat template gets them. */
  readonly specialTokens: Readonly<Record<string, string>>;
  /** Special tokens written out in a text are text like any other. */
  readonly splitsSpecialTokens: boolean;
  /** What tokenizer.json says and does not count, a sentence each. */
  readonly notices: readonly string[];
}

/**
 * Reads the tokenizer of a directory: tokenizer.json, or vocab.json and merges.txt.
 *
 * @throws FatalError where there is none (`usage`), or one that cannot be used (`run`)
 */
export function readTokenizerFiles(directory: string): TokenizerFiles {
  const names = vocabularyIn(directory);
  if (names === undefined) {
    throw usageError(
      `${directory}: ${describeMissingTokenizer(directory)}; name a directory that has them with ${optionName('tokenizer')}`,
    );
  }
  const config = readTokenizerConfig(directory) ?? {};
  const path = join(directory, names[0]);
  try {
    checkConfig(config);
    const className = classIn(directory, config);
    const built = rebuiltClass(className);
    if (built === undefined && className !== AS_IT_IS) throw unusable('tokenizer_class', knownClasses(), className);
    const source = names[0] === tokenizerFiles.tokenizer ? checkTokenizer(readJsonObject(path) ?? {}, path) : undefined;
    if (source === undefined && built?.readsVocabularyAndMerges !== true) {
      throw unusable(
        'tokenizer_class',
        'one that reads vocab.json and merges.txt, or tokenizer.json to be there',
        className,
      );
    }
    return {
      path,
      ...assemble({
        path,
        className,
        config,
        built,
        source: source ?? checkTokenizer(fromVocabularyAndMerges(directory), path),
        hasTokenizerFile: source !== undefined,
        specialTokensMap: readJsonObject(join(directory, tokenizerFiles.specialTokens)),
        addedTokens: readJsonObject(join(directory, tokenizerFiles.addedTokens)),
      }),
    };
  } catch (error) {
    throw withFiles(error, directory);
  }
}

/** An error of which the files are named that may have caused it. */
function withFiles(error: unknown, directory: string): unknown {
  if (!(error instanceof UnusableField)) return error;
  const names = filesWithFields.filter((name) => isFile(join(directory, name)));
  return runError(
    `${directory} (${names.join(', ')}): ${error.message}; save the tokenizer again with transformers 5, or correct the field`,
  );
}

/** Those whose fields may be refused. */
const filesWithFields = [
  tokenizerFiles.config,
  tokenizerFiles.specialTokens,
  tokenizerFiles.addedTokens,
  'config.json',
];

/**
 * The special tokens that the small files name, by role: what a template writes, without reading the vocabulary. A
 * tokenizer that is loaded may know one more, the pad token of tokenizer.json's padding.
 *
 * @throws FatalError as readTokenizerFiles
 */
export function readTemplateTokens(directory: string): Readonly<Record<string, string>> {
  const config = readTokenizerConfig(directory) ?? {};
  try {
    const special = readSpecialTokens(
      {
        config,
        specialTokensMap: readJsonObject(join(directory, tokenizerFiles.specialTokens)),
        addedTokens: readJsonObject(join(directory, tokenizerFiles.addedTokens)),
        ofTokenizer: [],
      },
      rebuiltClass(classIn(directory, config))?.specialTokens ?? {},
    );
    return tokensByRole(special);
  } catch (error) {
    throw withFiles(error, directory);
  }
}

const tokensByRole = ({ named }: SpecialTokens): Record<string, string> =>
  Object.fromEntries([...named].map(([role, token]) => [role, contentOf(token)]));

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
 * Every other field has no effect on ids (clean_up_tokenization_spaces, errors, padding_side, model_input_names, …), is
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

interface Parts {
  readonly path: string;
  readonly className: string;
  readonly config: Fields;
  readonly built: RebuiltClass | undefined;
  readonly source: TokenizerJson;
  readonly hasTokenizerFile: boolean;
  readonly specialTokensMap: Fields | undefined;
  readonly addedTokens: Fields | undefined;
}

function assemble(parts: Parts): Omit<TokenizerFiles, 'path'> {
  const { path, config, built, source, hasTokenizerFile, className } = parts;
  const { steps, vocab } = built === undefined ? { steps: source, vocab: source.model.vocab } : rebuild(built, parts);
  const vocabulary = new Vocabulary(vocab);
  const added = new AddedVocabulary(vocabulary);
  // The class of old added its tokens in the file's order, whatever ids the file gives them.
  if (built === undefined) added.add(source.added_tokens.map(addedToken));
  const special = readSpecialTokens(
    { ...parts, ofTokenizer: hasTokenizerFile ? source.added_tokens : [] },
    { ...padOf(source, built), ...built?.specialTokens },
  );
  addNamedTokens(added, special);
  if (built?.renewsSpecialTokens) {
    const all = [...special.named.values(), ...special.extra].map(contentOf);
    added.add(all.map((content) => addedToken({ content, special: true })));
  }
  const tokenizer = { ...steps, post_processor: postProcessor(parts, special, added) };
  return {
    tokenizer,
    vocabulary,
    added,
    specialTokens: tokensByRole(special),
    splitsSpecialTokens: config.split_special_tokens === true,
    notices: hasTokenizerFile
      ? whatDiffers({ path, className, source, tokenizer, added, rebuilt: built !== undefined })
      : [],
  };
}

/** The pad token of tokenizer.json's padding, which counts for classes that have no pad token of their own. */
function padOf(source: TokenizerJson, built: RebuiltClass | undefined): Record<string, string> {
  const pad = (source.padding as { readonly pad_token?: unknown } | null | undefined)?.pad_token;
  return typeof pad === 'string' && built?.knowsPadToken !== true ? { pad_token: pad } : {};
}

/** The steps of a class, over the vocabulary and merges of the source. */
function rebuild(built: RebuiltClass, { config, source, className }: Parts): { steps: TokenizerSteps; vocab: unknown } {
  for (const flag of built.flags) {
    const value = config[flag] ?? false;
    if (typeof value !== 'boolean') throw unusable(flag, 'true, false or null', value);
  }
  const { vocab, merges = [] } = source.model;
  if ((built.vocabulary === 'Unigram') !== Array.isArray(vocab)) {
    throw unusable('tokenizer_class', `one for the ${source.model.type} vocabulary of tokenizer.json`, className);
  }
  const pieces = Array.isArray(vocab) ? (vocab as readonly (readonly [string, number])[]) : undefined;
  const unknown = typeof config.unk_token === 'string' ? config.unk_token : built.specialTokens.unk_token;
  const model: Record<string, unknown> = { ...built.model, vocab };
  if (built.vocabulary === 'BPE') model.merges = merges;
  if (built.vocabulary === 'WordPiece') model.unk_token = unknown;
  if (pieces !== undefined && built.findsUnknown) {
    const place = pieces.findIndex(([piece, score]) => piece === unknown && score === 0);
    model.unk_id = place >= 0 ? place : (config.unk_id ?? model.unk_id);
  }
  return {
    steps: {
      normalizer: built.normalizer(config, source.normalizer),
      pre_tokenizer: built.preTokenizer(config),
      post_processor: null,
      model,
    },
    vocab,
  };
}

/** What puts special tokens around a text. */
function postProcessor(
  { built, source, config, hasTokenizerFile }: Parts,
  { named }: SpecialTokens,
  added: AddedVocabulary,
) {
  const around = built?.around;
  // Where there is a tokenizer.json, transformers takes add_bos_token and add_eos_token out of the fields.
  if (around === undefined && hasTokenizerFile) return source.post_processor;
  const flagged = (flag: string): boolean => !hasTokenizerFile && config[flag] === true;
  const [before, after] =
    typeof around === 'object'
      ? around
      : [flagged('add_bos_token') ? 'bos_token' : undefined, flagged('add_eos_token') ? 'eos_token' : undefined];
  const piece = (role: string | undefined) => {
    const token = role === undefined ? undefined : named.get(role);
    if (token !== undefined) return [{ SpecialToken: { id: contentOf(token), type_id: 0 } }];
    if (role !== undefined && typeof around === 'object')
      throw unusable(role, 'a token: one is put around a text', null);
    return [];
  };
  const pieces = [before, after].map(piece);
  const contents = pieces.flat().map(({ SpecialToken: { id } }) => id);
  return {
    type: 'TemplateProcessing',
    single: [...(pieces[0] ?? []), { Sequence: { id: 'A', type_id: 0 } }, ...(pieces[1] ?? [])],
    special_tokens: Object.fromEntries(contents.map((id) => [id, { id, ids: [added.idOf(id)], tokens: [id] }])),
  };
}
