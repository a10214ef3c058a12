/** How a tokenizer turns a word into token ids: models/ of the library tokenizers 0.23.3. */
import { bpe } from './bpe.js';
import { checkMembers, type Step } from './steps.js';
import { unigram } from './unigram.js';
import type { TokenModel, Vocabulary } from './vocabulary.js';
import { wordLevel, wordPiece } from './word-piece.js';

interface Kind {
  readonly members: readonly string[];
  readonly build: (step: Step, vocabulary: Vocabulary) => TokenModel;
}

const kinds: Readonly<Record<string, Kind>> = {
  BPE: {
    members: [
      ...['vocab', 'merges', 'dropout', 'unk_token', 'continuing_subword_prefix', 'end_of_word_suffix'],
      ...['fuse_unk', 'byte_fallback', 'ignore_merges'],
    ],
    build: bpe,
  },
  WordPiece: {
    members: ['vocab', 'unk_token', 'continuing_subword_prefix', 'max_input_chars_per_word'],
    build: wordPiece,
  },
  Unigram: { members: ['vocab', 'unk_id', 'byte_fallback'], build: unigram },
  WordLevel: { members: ['vocab', 'unk_token'], build: wordLevel },
};

/** @throws Error where the model is not known */
export function tokenModel(model: Readonly<Record<string, unknown>>, vocabulary: Vocabulary): TokenModel {
  const step = modelStep(model);
  return (kinds[step.type] as Kind).build(step, vocabulary);
}

/** A model with its type. @throws Error where it is not known */
export function modelStep(model: Readonly<Record<string, unknown>>): Step {
  const step = { ...model, type: typeOf(model) };
  const kind = Object.hasOwn(kinds, step.type) ? kinds[step.type] : undefined;
  if (kind === undefined) throw new Error(`Unknown TokenizerModel type: ${step.type}`);
  checkMembers(step, 'model', kind.members);
  return step;
}

/** Old files leave out the type. */
function typeOf({ type, vocab, ...model }: Readonly<Record<string, unknown>>): string {
  if (typeof type === 'string') return type;
  if (Array.isArray(vocab)) return 'Unigram';
  if ('merges' in model) return 'BPE';
  return 'continuing_subword_prefix' in model ? 'WordPiece' : 'WordLevel';
}
