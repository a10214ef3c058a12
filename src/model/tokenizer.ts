/**
 * Text to token ids as the fast tokenizers of transformers give them, and truncation. The only importer of
 * @huggingface/tokenizers, which has no truncation of its own; one baked into tokenizer.json is not obeyed, as
 * the reference overrides it.
 */
import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { messageOf, runError } from '../errors.js';
import { type AddedTokens, addedTokens, nothingAdded } from './added-tokens.js';
import type { TokenizerFiles } from './tokenizer-files.js';

export type TruncationSide = 'left' | 'right';

/** How a text becomes a row that the network takes. */
export interface RowSettings {
  readonly maxLength: number;
  readonly truncationSide: TruncationSide;
  /** A chat template made the text: it writes the tokens that begin a text itself, or leaves them to the tokenizer. */
  readonly templated: boolean;
}

export class Tokenizer {
  readonly #tokenizer: HubTokenizer;
  readonly #config: Record<string, unknown>;
  readonly #added: AddedTokens;

  constructor({ tokenizer, config }: TokenizerFiles) {
    this.#config = config;
    try {
      const preTokenizer = withUnicodeSpaces(tokenizer.pre_tokenizer);
      this.#tokenizer = new HubTokenizer({ ...tokenizer, pre_tokenizer: preTokenizer }, config);
      this.#added = addedTokens(tokenizer.post_processor);
    } catch (error) {
      throw runError(`the tokenizer's files cannot be used: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Tokens that are added to every text. */
  get addedCount(): number {
    return this.#added.before.length + this.#added.after.length;
  }

  /** Ids of the whole text's own tokens; special tokens written out in it count as such. */
  encode(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  /**
   * A row of a text's own tokens (not none), cut so that what is added has room too.
   *
   * @returns also how many of its own tokens were cut
   */
  toRow(own: readonly number[], { maxLength, truncationSide, templated }: RowSettings): { row: number[]; cut: number } {
    const begun = templated && own[0] === this.#added.before[0];
    const { before, after } = begun ? nothingAdded : this.#added;
    const room = maxLength - before.length - after.length;
    const cut = Math.max(0, own.length - room);
    const kept = truncationSide === 'left' ? own.slice(cut) : own.slice(0, own.length - cut);
    return { row: [...before, ...kept, ...after], cut };
  }

  /** Id of the token that tokenizer_config.json names under `role`, e.g. `pad_token`. */
  specialTokenId(role: 'pad_token' | 'eos_token'): number | undefined {
    const token = this.specialToken(role);
    return token === undefined ? undefined : this.#tokenizer.token_to_id(token);
  }

  specialToken(role: 'pad_token' | 'eos_token' | 'bos_token'): string | undefined {
    const token = this.#config[role];
    if (typeof token === 'string') return token;
    const content = (token as { content?: unknown } | null | undefined)?.content;
    return typeof content === 'string' ? content : undefined;
  }

  /** One more than the largest id this tokenizer can give. */
  get idLimit(): number {
    let limit = 0;
    for (const id of this.#tokenizer.get_vocab(true).values()) limit = Math.max(limit, id + 1);
    return limit;
  }
}

/**
 * GPT-2's splitting pattern, with white space as the reference has it (Unicode's White_Space). The library writes
 * `\\s`, which in JavaScript counts U+FEFF and leaves out U+0085: other tokens around those two. In the patterns of
 * tokenizer.json it replaces `\\s` itself.
 */
const GPT2_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\p{White_Space}\\p{L}\\p{N}]+|" +
  '\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+';

type PreTokenizer =
  | { readonly type: 'ByteLevel'; readonly use_regex?: boolean; readonly add_prefix_space?: boolean }
  | { readonly type: 'Sequence'; readonly pretokenizers: readonly unknown[] };

/** A pre-tokenizer, with one that splits by GPT-2's pattern taken apart so that it splits by the pattern above. */
function withUnicodeSpaces(given: unknown): unknown {
  const preTokenizer = given as PreTokenizer | null | undefined;
  if (preTokenizer?.type === 'Sequence') {
    return { ...preTokenizer, pretokenizers: preTokenizer.pretokenizers.map(withUnicodeSpaces) };
  }
  if (preTokenizer?.type !== 'ByteLevel' || preTokenizer.use_regex === false) return given;
  const prefix = { type: 'Replace', pattern: { Regex: '\\A(?! )' }, content: ' ' };
  const split = { type: 'Split', pattern: { Regex: GPT2_PATTERN }, behavior: 'Isolated', invert: false };
  const bytes = { ...preTokenizer, use_regex: false, add_prefix_space: false };
  return { type: 'Sequence', pretokenizers: [...(preTokenizer.add_prefix_space ? [prefix] : []), split, bytes] };
}
