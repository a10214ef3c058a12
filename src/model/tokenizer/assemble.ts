/** Makes of a tokenizer's files what AutoTokenizer of transformers 5.23.0 makes: its class's steps, and its tokens. */
import { AddedVocabulary, addedToken } from './added-vocabulary.js';
import { spellsBytes } from './byte-level/flat-steps.js';
import { TableVocabulary } from './byte-level/table-vocabulary.js';
import { bpeTables } from './byte-level/tables.js';
import type { RebuiltClass } from './rebuilt.js';
import type { TokenizerJson, TokenizerSteps } from './shape.js';
import { addNamedTokens, contentOf, readSpecialTokens, type SpecialTokens, unusable } from './special-tokens.js';
import { ReadVocabulary, type Vocabulary } from './vocabulary.js';
import { whatDiffers } from './what-differs.js';

type Fields = Readonly<Record<string, unknown>>;

export interface Assembled {
  /** The steps, in the form of tokenizer.json. */
  readonly tokenizer: TokenizerSteps;
  readonly vocabulary: Vocabulary;
  readonly added: AddedVocabulary;
  /** Special tokens by role, e.g. `bos_token`, as a chat template gets them. */
  readonly specialTokens: Readonly<Record<string, string>>;
  /** Special tokens written out in a text are text like any other. */
  readonly splitsSpecialTokens: boolean;
  /** The model is given a type for each token; otherwise all are of type 0. */
  readonly givesTypes: boolean;
  /** What tokenizer.json says and does not count, a sentence each. */
  readonly notices: readonly string[];
}

/** What the files of a directory hold. */
export interface Parts {
  readonly path: string;
  readonly className: string;
  readonly config: Fields;
  readonly built: RebuiltClass | undefined;
  readonly source: TokenizerJson;
  readonly hasTokenizerFile: boolean;
  readonly specialTokensMap: Fields | undefined;
  readonly addedTokens: Fields | undefined;
}

/** @throws UnusableField where transformers would fail, or would give what no text should be read by */
export function assemble(parts: Parts): Assembled {
  const { path, config, built, source, hasTokenizerFile, className } = parts;
  const steps = built === undefined ? source : rebuild(built, parts);
  const vocabulary = vocabularyOf(steps);
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
    givesTypes: givesTypes(config, built),
    notices: hasTokenizerFile
      ? whatDiffers({ path, className, source, tokenizer, added, rebuilt: built !== undefined })
      : [],
  };
}

export const tokensByRole = ({ named }: SpecialTokens): Record<string, string> =>
  Object.fromEntries([...named].map(([role, token]) => [role, contentOf(token)]));

/** The pad token of tokenizer.json's padding, which counts for classes that have no pad token of their own. */
function padOf(source: TokenizerJson, built: RebuiltClass | undefined): Record<string, string> {
  const pad = (source.padding as { readonly pad_token?: unknown } | null | undefined)?.pad_token;
  return typeof pad === 'string' && built?.knowsPadToken !== true ? { pad_token: pad } : {};
}

/** The steps of a class, over the vocabulary and merges of the source. */
function rebuild(built: RebuiltClass, { config, source, className }: Parts): TokenizerSteps {
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
    normalizer: built.normalizer(config, source.normalizer),
    pre_tokenizer: built.preTokenizer(config),
    post_processor: null,
    model,
  };
}

function vocabularyOf({ pre_tokenizer: step, model }: TokenizerSteps): Vocabulary {
  const tables = spellsBytes(step) ? bpeTables(model) : undefined;
  return tables === undefined ? new ReadVocabulary(model.vocab) : new TableVocabulary(tables);
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
  const isObject = typeof around === 'object';
  const [before, after] = isObject
    ? [around.before, around.after]
    : [flagged('add_bos_token') ? 'bos_token' : undefined, flagged('add_eos_token') ? 'eos_token' : undefined];
  const contents = [before, after].map((role): string | undefined => {
    const token = role === undefined ? undefined : named.get(role);
    if (token !== undefined) return contentOf(token);
    if (role !== undefined && isObject) throw unusable(role, 'a token: one is put around a text', null);
    return undefined;
  });
  const token = (content: string | undefined, type: number) =>
    content === undefined ? [] : [{ SpecialToken: { id: content, type_id: type } }];
  const text = (id: 'A' | 'B', type: number) => ({ Sequence: { id, type_id: type } });
  const [opening, closing] = contents;
  const single = [...token(opening, 0), text('A', 0), ...token(closing, 0)];
  const isDoubled = isObject && around.pair === 'doubled';
  // Without a class of its own to say it, the second text is put together as the first is.
  const between = isDoubled ? token(closing, 0) : isObject ? [] : token(opening, 1);
  const type = isDoubled ? 0 : 1;
  return {
    type: 'TemplateProcessing',
    single,
    pair: [...single, ...between, text('B', type), ...token(closing, type)],
    special_tokens: Object.fromEntries(
      contents.flatMap((id) => (id === undefined ? [] : [[id, { id, ids: [added.idOf(id)], tokens: [id] }]])),
    ),
  };
}

/**
 * A tokenizer gives token_type_ids where they are among its model_input_names (tokenization_utils_tokenizers.py): since
 * version 5, only where its class or tokenizer_config.json says so.
 */
function givesTypes({ model_input_names: names }: Fields, built: RebuiltClass | undefined): boolean {
  if (names === undefined) return built?.givesTypes ?? false;
  if (!Array.isArray(names)) throw unusable('model_input_names', 'a list of names', names);
  return names.includes('token_type_ids');
}
