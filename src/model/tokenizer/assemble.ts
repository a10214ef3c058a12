/** Makes of a tokenizer's files what AutoTokenizer of transformers 5.23.0 makes: its class's steps, and its tokens. */
import { AddedVocabulary, addedToken } from './added-vocabulary.js';
import type { RebuiltClass } from './rebuilt.js';
import type { TokenizerJson, TokenizerSteps } from './shape.js';
import { addNamedTokens, contentOf, readSpecialTokens, type SpecialTokens, unusable } from './special-tokens.js';
import { Vocabulary } from './vocabulary.js';
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

export const tokensByRole = ({ named }: SpecialTokens): Record<string, string> =>
  Object.fromEntries([...named].map(([role, token]) => [role, contentOf(token)]));

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
