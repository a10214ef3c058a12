/**
 * Regular expressions of tokenizer.json, which are Oniguruma's. The only importer of @huggingface/tokenizers, whose
 * translation to JavaScript's is used alone: the rest of that library gives other tokens than the reference in a dozen
 * points (added tokens, digits, most ways to split, byte fallback, SentencePiece's normalizer).
 */
import * as library from '@huggingface/tokenizers';

/** Its declarations leave this class out, as TypeScript does not find the file in which they are. */
const { SplitPreTokenizer } = library as unknown as {
  readonly SplitPreTokenizer: new (config: {
    readonly pattern: { readonly Regex: string };
    readonly invert: boolean;
  }) => { readonly pattern: RegExp };
};

/** @throws Error where it is none, or uses what JavaScript has no counterpart of */
export function compilePattern(pattern: unknown): RegExp {
  const { Regex: regex, String: literal } = (pattern ?? {}) as { readonly Regex?: unknown; readonly String?: unknown };
  if (typeof literal === 'string') return new RegExp(literal.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), 'gu');
  if (typeof regex !== 'string') throw new Error(`a pattern without String or Regex: ${JSON.stringify(pattern)}`);
  return new SplitPreTokenizer({ pattern: { Regex: regex }, invert: false }).pattern;
}
