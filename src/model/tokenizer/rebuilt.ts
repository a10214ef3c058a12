/**
 * The tokenizers that transformers 5.23.0 builds anew by their class, models/<family>/tokenization_<family>.py: it takes
 * the vocabulary and the merges of tokenizer.json (or vocab.json and merges.txt) and its post-processor, and nothing
 * else of it.
 */
import { QWEN2_PATTERN } from './known-patterns.js';
import type { Step } from './steps.js';

type Fields = Readonly<Record<string, unknown>>;

/** Special tokens around a text, by their roles, and how two texts stand together. */
interface AroundTexts {
  readonly before: string;
  readonly after: string;
  /** `typed`: the second text is of type 1 and ends as the first does. `doubled`: `after` stands before it, too, and no token has a type. */
  readonly pair: 'typed' | 'doubled';
}

/** A class, with what its __init__ builds. */
export interface RebuiltClass {
  /** The kind of vocabulary that it takes. */
  readonly vocabulary: 'BPE' | 'WordPiece' | 'Unigram';
  /** Whether it reads vocab.json and merges.txt where there is no tokenizer.json. */
  readonly readsVocabularyAndMerges: boolean;
  /** Special tokens where tokenizer_config.json says nothing; null is said, too. */
  readonly specialTokens: Readonly<Record<string, string>>;
  /** Fields of tokenizer_config.json that are true, false, or null for the default. */
  readonly flags: readonly string[];
  readonly normalizer: (fields: Fields, source: Step | null) => Step | null;
  readonly preTokenizer: (fields: Fields) => Step;
  /** Members of the model beside `vocab` and `merges`. */
  readonly model: Fields;
  /** The special tokens that it puts around texts, whatever tokenizer.json says; undefined: those of tokenizer.json. */
  readonly around?: AroundTexts | 'as flags say';
  /** Whether `token_type_ids` are among its `model_input_names`, where tokenizer_config.json names none. Default: false. */
  readonly givesTypes?: boolean;
  /** Its __init__ names a pad token, if only to say that there is none. */
  readonly knowsPadToken: boolean;
  /** The unknown piece is looked for by its name, where its score is 0. */
  readonly findsUnknown?: boolean;
  /** It makes its special tokens new, so that flags they had are gone. */
  readonly renewsSpecialTokens?: boolean;
}

const byteLevel = (prefix: boolean, splits = true): Step => ({
  type: 'ByteLevel',
  add_prefix_space: prefix,
  trim_offsets: true,
  use_regex: splits,
});

const plainBpe = {
  type: 'BPE',
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: '',
  end_of_word_suffix: '',
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
};

const END_OF_TEXT = '<|endoftext|>';

const gpt2: RebuiltClass = {
  vocabulary: 'BPE',
  knowsPadToken: true,
  readsVocabularyAndMerges: true,
  specialTokens: { unk_token: END_OF_TEXT, bos_token: END_OF_TEXT, eos_token: END_OF_TEXT },
  flags: ['add_prefix_space'],
  normalizer: () => null,
  preTokenizer: ({ add_prefix_space: prefix }) => byteLevel(prefix === true),
  model: plainBpe,
};

const bert: RebuiltClass = {
  vocabulary: 'WordPiece',
  knowsPadToken: true,
  readsVocabularyAndMerges: false,
  specialTokens: {
    unk_token: '[UNK]',
    sep_token: '[SEP]',
    pad_token: '[PAD]',
    cls_token: '[CLS]',
    mask_token: '[MASK]',
  },
  flags: ['do_lower_case', 'tokenize_chinese_chars', 'strip_accents'],
  normalizer: ({ do_lower_case: lower, tokenize_chinese_chars: chinese, strip_accents: strip }) => ({
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: chinese ?? true,
    strip_accents: strip ?? null,
    lowercase: lower ?? true,
  }),
  preTokenizer: () => ({ type: 'BertPreTokenizer' }),
  model: { type: 'WordPiece', continuing_subword_prefix: '##', max_input_chars_per_word: 100 },
  around: { before: 'cls_token', after: 'sep_token', pair: 'typed' },
  givesTypes: true,
};

const robertaTokens = {
  bos_token: '<s>',
  eos_token: '</s>',
  sep_token: '</s>',
  cls_token: '<s>',
  unk_token: '<unk>',
  pad_token: '<pad>',
  mask_token: '<mask>',
};

const classes: Readonly<Record<string, RebuiltClass>> = {
  GPT2Tokenizer: gpt2,
  GPTNeoXTokenizer: {
    ...gpt2,
    specialTokens: { ...gpt2.specialTokens, pad_token: '<|padding|>' },
    normalizer: () => ({ type: 'NFC' }),
    around: 'as flags say',
  },
  Qwen2Tokenizer: {
    ...gpt2,
    specialTokens: { unk_token: END_OF_TEXT, eos_token: END_OF_TEXT, pad_token: END_OF_TEXT },
    normalizer: () => ({ type: 'NFC' }),
    preTokenizer: ({ add_prefix_space: prefix }) => ({
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: QWEN2_PATTERN }, behavior: 'Isolated', invert: false },
        byteLevel(prefix === true, false),
      ],
    }),
    renewsSpecialTokens: true,
  },
  LlamaTokenizer: {
    vocabulary: 'BPE',
    knowsPadToken: false,
    readsVocabularyAndMerges: false,
    specialTokens: { unk_token: '<unk>', bos_token: '<s>', eos_token: '</s>' },
    flags: ['add_prefix_space', 'legacy'],
    normalizer: () => null,
    preTokenizer: ({ add_prefix_space: prefix, legacy }) => ({
      type: 'Metaspace',
      replacement: '▁',
      prepend_scheme: prefix === false ? 'never' : legacy === true ? 'always' : 'first',
      split: false,
    }),
    model: { ...plainBpe, fuse_unk: true, byte_fallback: true },
  },
  BertTokenizer: bert,
  DistilBertTokenizer: { ...bert, givesTypes: false },
  RobertaTokenizer: {
    ...gpt2,
    specialTokens: robertaTokens,
    around: { before: 'cls_token', after: 'sep_token', pair: 'doubled' },
  },
  XLMRobertaTokenizer: {
    vocabulary: 'Unigram',
    knowsPadToken: true,
    readsVocabularyAndMerges: false,
    specialTokens: robertaTokens,
    flags: ['add_prefix_space'],
    normalizer: (_, source) => precompiledIn(source),
    preTokenizer: ({ add_prefix_space: prefix }) => ({
      type: 'Sequence',
      pretokenizers: [
        { type: 'WhitespaceSplit' },
        { type: 'Metaspace', replacement: '▁', prepend_scheme: prefix === false ? 'never' : 'always', split: true },
      ],
    }),
    model: { type: 'Unigram', unk_id: 3, byte_fallback: false },
    around: { before: 'bos_token', after: 'eos_token', pair: 'doubled' },
  },
  DebertaV2Tokenizer: {
    vocabulary: 'Unigram',
    knowsPadToken: true,
    readsVocabularyAndMerges: false,
    specialTokens: {
      bos_token: '[CLS]',
      eos_token: '[SEP]',
      unk_token: '[UNK]',
      sep_token: '[SEP]',
      pad_token: '[PAD]',
      cls_token: '[CLS]',
      mask_token: '[MASK]',
    },
    flags: ['do_lower_case', 'split_by_punct', 'add_prefix_space'],
    normalizer: ({ do_lower_case: lower }) => ({
      type: 'Sequence',
      normalizers: [
        ...(lower === true ? [{ type: 'Lowercase' }] : []),
        { type: 'Replace', pattern: { Regex: '\\s{2,}|[\\n\\r\\t]' }, content: ' ' },
        { type: 'NFC' },
        { type: 'Strip', strip_left: false, strip_right: true },
      ],
    }),
    preTokenizer: ({ split_by_punct: splits, add_prefix_space: prefix }) => ({
      type: 'Sequence',
      pretokenizers: [
        ...(splits === true ? [{ type: 'Punctuation', behavior: 'Isolated' }] : []),
        { type: 'Metaspace', replacement: '▁', prepend_scheme: prefix === false ? 'first' : 'always', split: true },
      ],
    }),
    model: { type: 'Unigram', unk_id: 1, byte_fallback: false },
    findsUnknown: true,
    around: { before: 'cls_token', after: 'sep_token', pair: 'typed' },
    givesTypes: true,
  },
};

/** Names that transformers has for a class of another name. */
const otherNames: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['Electra', 'LayoutLM', 'Lxmert', 'MobileBert', 'SqueezeBert'].map((name) => [`${name}Tokenizer`, 'BertTokenizer']),
  ),
  ...Object.fromEntries(['Bart', 'LED', 'Longformer', 'Mvp'].map((name) => [`${name}Tokenizer`, 'RobertaTokenizer'])),
};

/** Undefined where a class of that name is not built here. */
export function rebuiltClass(name: string): RebuiltClass | undefined {
  const own = Object.hasOwn(otherNames, name) ? (otherNames[name] as string) : name;
  return Object.hasOwn(classes, own) ? classes[own] : undefined;
}

export const rebuiltClassNames: readonly string[] = Object.keys(classes);

/** SentencePiece's map of characters, the first there is. */
function precompiledIn(source: Step | null): Step | null {
  if (source === null) return null;
  const steps = source.type === 'Sequence' ? (source.normalizers as Step[]) : [source];
  return steps.find(({ type }) => type === 'Precompiled') ?? null;
}
