/**
 * Converts text to token ids as the fast tokenizers of transformers do, and truncates. The only importer of
 * @huggingface/tokenizers, which has no truncation of its own; a truncation in tokenizer.json is ignored, as the
 * reference overrides it.
 */
import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { messageOf, runError } from '../../errors.js';
import { printable } from '../../platform/printable.js';
import { type AddedTokens, addedTokens, nothingAdded } from './added-tokens.js';
import type { TokenizerFiles } from './files.js';
import { type TextCutter, textCutter } from './long-texts.js';

export type TruncationSide = 'left' | 'right';

/** How a text becomes a row that the network takes. */
export interface RowSettings {
  readonly maxLength: number;
  readonly truncationSide: TruncationSide;
  /**
   * Whether a chat template made the text: it may write the tokens that begin a text itself, or leave them to the
   * tokenizer.
   */
  readonly templated: boolean;
  /** Cut the text so that its prompt leaves room for a response of so many tokens, however long its own is. */
  readonly reserved?: { readonly tokens: number; readonly promptTokens: number };
}

/** The roles that transformers names in `special_tokens_map` (SPECIAL_TOKENS_ATTRIBUTES of its tokenizers). */
const specialTokenRoles = [
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
] as const;

type SpecialTokenRole = (typeof specialTokenRoles)[number];

/** Texts of more UTF-16 units are tokenized in pieces of so many, if they can be. */
const LONG_TEXT = 1 << 16;

/** A text's own tokens, or those at the side that truncation retains. */
interface OwnTokens {
  readonly first: number | undefined;
  readonly retained: readonly number[];
  readonly count: number;
}

export class Tokenizer {
  readonly #tokenizer: HubTokenizer;
  /** Undefined where long texts are tokenized as a whole. */
  readonly #cutter: TextCutter | undefined;
  readonly #config: Record<string, unknown>;
  readonly #added: AddedTokens;

  constructor(files: TokenizerFiles) {
    const { path, tokenizer, config } = files;
    this.#config = config;
    try {
      const preTokenizer = withUnicodeSpaces(tokenizer.pre_tokenizer);
      this.#tokenizer = new HubTokenizer({ ...tokenizer, pre_tokenizer: preTokenizer }, config);
      this.#added = addedTokens(tokenizer.post_processor);
      this.#cutter = textCutter(files);
    } catch (error) {
      // The message of a TypeError describes the library's internals and not the file.
      const reason = error instanceof TypeError ? '' : ` (${printable(messageOf(error))})`;
      throw runError(
        `${path}: expected a tokenizer as the library tokenizers writes it, got one that cannot be used${reason}; ` +
          'download or save it again',
        { cause: error },
      );
    }
  }

  /** Number of tokens that are added to every text. */
  get addedCount(): number {
    return this.#added.before.length + this.#added.after.length;
  }

  /** Returns the ids of the whole text's own tokens; special tokens written out in it count as such. */
  encode(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  /**
   * Makes a row of a text's tokens, cut so that the added tokens have room too.
   *
   * @param heartbeat called after each piece of a long text
   * @returns also how many of the text's own tokens were cut; undefined where it has none
   */
  rowOf(
    text: string,
    settings: RowSettings,
    heartbeat: () => void = () => undefined,
  ): { row: number[]; cut: number } | undefined {
    const { first, retained, count } = this.#ownTokens(text, settings, heartbeat);
    if (first === undefined) return undefined;
    const { maxLength, truncationSide, templated, reserved } = settings;
    const begun = templated && first === this.#added.before[0];
    const { before, after } = begun ? nothingAdded : this.#added;
    const room = maxLength - before.length - after.length;
    const ofPrompt = reserved === undefined ? 0 : reserved.promptTokens + reserved.tokens - room;
    // Where prompt and response meet, tokens may merge: there can be fewer than the prompt has alone.
    const cut = Math.min(Math.max(0, count - room, ofPrompt), count - 1);
    const left = count - cut;
    const own = cut === 0 ? retained : truncationSide === 'left' ? retained.slice(-left) : retained.slice(0, left);
    return { row: [...before, ...own, ...after], cut };
  }

  /** Counts a text's own tokens. */
  count(text: string, heartbeat: () => void): number {
    return this.#ownTokens(text, { maxLength: 0, truncationSide: 'left' }, heartbeat).count;
  }

  #ownTokens(
    text: string,
    { maxLength, truncationSide }: Pick<RowSettings, 'maxLength' | 'truncationSide'>,
    heartbeat: () => void,
  ): OwnTokens {
    if (this.#cutter === undefined || text.length <= LONG_TEXT) {
      const own = this.encode(text);
      return { first: own[0], retained: own, count: own.length };
    }
    let first: number | undefined;
    let retained: number[] = [];
    let count = 0;
    for (const piece of this.#cutter.cut(text, LONG_TEXT)) {
      const own = this.encode(piece);
      heartbeat();
      first ??= own[0];
      count += own.length;
      if (truncationSide === 'left') retained = [...retained, ...own.slice(-maxLength)].slice(-maxLength);
      else if (retained.length < maxLength) retained = [...retained, ...own.slice(0, maxLength - retained.length)];
    }
    return { first, retained, count };
  }

  /** Id of the token that tokenizer_config.json names under `role`, e.g. `pad_token`. */
  specialTokenId(role: 'pad_token' | 'eos_token'): number | undefined {
    const token = this.specialToken(role);
    return token === undefined ? undefined : this.#tokenizer.token_to_id(token);
  }

  /** The tokens that tokenizer_config.json names, by their roles. */
  get specialTokens(): Readonly<Record<string, string>> {
    const named = specialTokenRoles.map((role) => [role, this.specialToken(role)] as const);
    return Object.fromEntries(named.filter((entry): entry is [SpecialTokenRole, string] => entry[1] !== undefined));
  }

  specialToken(role: SpecialTokenRole): string | undefined {
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
 * `\\s`, which in JavaScript includes U+FEFF and excludes U+0085, and so gives other tokens around those two. In the
 * patterns of tokenizer.json it replaces `\\s` itself.
 */
const GPT2_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\p{White_Space}\\p{L}\\p{N}]+|" +
  '\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+';

type PreTokenizer =
  | { readonly type: 'ByteLevel'; readonly use_regex?: boolean; readonly add_prefix_space?: boolean }
  | { readonly type: 'Sequence'; readonly pretokenizers: readonly unknown[] };

/**
 * Replaces a pre-tokenizer that splits by the library's form of GPT-2's pattern by one that splits by the pattern
 * above.
 */
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
