/**
 * Text to token ids as GPT-2's fast tokenizer gives them, and truncation. The only importer of
 * @huggingface/tokenizers, which has no truncation of its own; one baked into tokenizer.json is not obeyed, as
 * the reference overrides it.
 */
import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { messageOf, runError } from '../errors.js';
import type { TokenizerFiles } from './tokenizer-files.js';

export type TruncationSide = 'left' | 'right';

export class Tokenizer {
  readonly #tokenizer: HubTokenizer;
  readonly #config: Record<string, unknown>;

  constructor({ tokenizer, config }: TokenizerFiles) {
    this.#config = config;
    try {
      this.#tokenizer = new HubTokenizer(withUnicodeSpaces(tokenizer), config);
    } catch (error) {
      throw runError(`the tokenizer's files cannot be used: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Ids of the whole text; special tokens written out in it count as such, and none is added. */
  encode(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
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
 * `\\s`, which in JavaScript counts U+FEFF and leaves out U+0085: other tokens around those two.
 */
const GPT2_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\p{White_Space}\\p{L}\\p{N}]+|" +
  '\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+';

function withUnicodeSpaces(tokenizer: Record<string, unknown>): Record<string, unknown> {
  const byteLevel = tokenizer.pre_tokenizer as { type?: unknown; use_regex?: unknown } | null | undefined;
  if (byteLevel?.type !== 'ByteLevel' || byteLevel.use_regex === false) return tokenizer;
  const split = { type: 'Split', pattern: { Regex: GPT2_PATTERN }, behavior: 'Isolated', invert: false };
  const pretokenizers = [split, { ...byteLevel, use_regex: false }];
  return { ...tokenizer, pre_tokenizer: { type: 'Sequence', pretokenizers } };
}

/** The last (side left) or first (side right) `maxLength` tokens. */
export function truncate(ids: number[], maxLength: number, side: TruncationSide): number[] {
  if (ids.length <= maxLength) return ids;
  return side === 'left' ? ids.slice(-maxLength) : ids.slice(0, maxLength);
}
