/**
 * Cuts long texts into pieces whose tokens, one after the other, are those of the whole text, so that only the tokens
 * that remain after truncation are ever in memory.
 *
 * A text is cut between a letter and a character that is not one. The patterns below always split there, and their
 * matches on one side do not depend on the other:
 * - in every alternative, what follows a letter is letters: no match has a letter and then something else;
 * - so matches before the cut end there or earlier, with the rest of the text or without it. Only `\s+(?!\S)` looks
 *   past its end, one character, and that is the letter at the latest;
 * - nothing looks back: from the cut on, matches are those of a text that begins there.
 * Merges (BPE) happen within a match. Tokens that are found before a text is split (added tokens) are not cut, because
 * what follows the letter must be in none of them.
 */
import type { TokenizerFiles } from './files.js';
import { LLAMA3_PATTERN, QWEN2_PATTERN } from './known-patterns.js';

/** Patterns of `Split`; ByteLevel's own is that of GPT-2. */
const cuttablePatterns: ReadonlySet<unknown> = new Set([LLAMA3_PATTERN, QWEN2_PATTERN]);

export interface TextCutter {
  /** Yields pieces of `length` UTF-16 units and as many more as it takes to reach the next possible cut. */
  cut(text: string, length: number): Generator<string>;
}

/** Undefined where it is not known that the texts of such a tokenizer can be cut. */
export function textCutter({ tokenizer, added }: TokenizerFiles): TextCutter | undefined {
  const tokens = added.entries.map(([, token]) => token);
  const wordByWord =
    tokenizer.model.type === 'BPE' && tokenizer.normalizer === null && splitsAfterLetters(tokenizer.pre_tokenizer);
  // An added token that strips takes white space from its neighbours, and one that is a word of its own looks at them.
  const looksAround = tokens.some((token) => token.lstrip || token.rstrip || token.single_word);
  if (!wordByWord || looksAround) return undefined;
  const inTokens = [...new Set(tokens.flatMap(({ content }) => [...content]))].map(
    (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`,
  );
  const place = new RegExp(`\\p{L}(?![\\p{L}${inTokens.join('')}])`, 'gu');
  return {
    *cut(text, length) {
      for (let from = 0; from < text.length; ) {
        place.lastIndex = from + length - 1;
        const letter = place.exec(text);
        const end = letter === null ? text.length : letter.index + letter[0].length;
        yield text.slice(from, end);
        from = end;
      }
    },
  };
}

interface PreTokenizer {
  readonly type?: unknown;
  readonly add_prefix_space?: boolean;
  readonly use_regex?: boolean;
  readonly pattern?: { readonly Regex?: unknown };
  readonly behavior?: unknown;
  readonly invert?: boolean;
  readonly pretokenizers?: readonly PreTokenizer[];
}

function splitsAfterLetters(given: unknown): boolean {
  const { type, pretokenizers = [] } = (given ?? {}) as PreTokenizer;
  if (type === 'ByteLevel') return isByteLevel(given as PreTokenizer, true);
  const [split, bytes, ...others] = pretokenizers;
  if (type !== 'Sequence' || split === undefined || bytes === undefined || others.length > 0) return false;
  return (
    split.type === 'Split' &&
    cuttablePatterns.has(split.pattern?.Regex) &&
    split.behavior === 'Isolated' &&
    split.invert === false &&
    isByteLevel(bytes, false)
  );
}

/** Excludes a prefix space, which would be added to every piece. */
const isByteLevel = ({ type, add_prefix_space: prefix, use_regex: splits = true }: PreTokenizer, splitting: boolean) =>
  type === 'ByteLevel' && !prefix && splits === splitting;
