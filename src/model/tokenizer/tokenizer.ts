/**
 * Converts text to token ids as the fast tokenizers of transformers do, and truncates. A truncation in tokenizer.json is
 * ignored, as the reference overrides it.
 */
import { messageOf, runError } from '../../errors.js';
import { printable } from '../../platform/printable.js';
import { type AddedTokens, addedTokens } from './added-tokens.js';
import type { Part } from './added-vocabulary.js';
import type { TokenizerFiles } from './files.js';
import { type TextCutter, textCutter } from './long-texts.js';
import { tokenModel } from './models.js';
import { keepsBeginning, normalizer } from './normalizers.js';
import { type Piece, Pieces } from './pieces.js';
import { needsBeginning, type PreTokenizer, preTokenizer } from './pre-tokenizers.js';
import type { TokenModel } from './vocabulary.js';

export type TruncationSide = 'left' | 'right';

/** How a text becomes a row that the network takes. */
export interface RowSettings {
  readonly maxLength: number;
  readonly truncationSide: TruncationSide;
  /** Whether a text that begins with the token which the tokenizer would put before it is given no other. */
  readonly beginsOnce: boolean;
  /** Cut the text so that its prompt leaves room for a response of so many tokens, however long its own is. */
  readonly reserved?: { readonly tokens: number; readonly promptTokens: number };
  /** Whether the tokens that are cut are wanted too, however many there are. Default: false. */
  readonly keepsCut?: boolean;
}

/** A text's tokens as the network gets them. */
export interface TokenRow {
  /** Token ids, those that the tokenizer adds included. */
  readonly row: number[];
  /** How many of the text's own tokens were cut. */
  readonly cut: number;
  /** Where the tokens that were cut are wanted. */
  readonly whole?: {
    /** Ids of the tokens that were cut. */
    readonly cutIds: readonly number[];
    /** How many of the tokens at the row's beginning and end the tokenizer added. */
    readonly added: { readonly before: number; readonly after: number };
  };
}

/** Texts of more UTF-16 units are tokenized in pieces of so many, if they can be. */
const LONG_TEXT = 1 << 16;

/** A text's own tokens, or those at the side that truncation retains. */
interface OwnTokens {
  readonly first: number | undefined;
  readonly last: number | undefined;
  readonly retained: readonly number[];
  readonly count: number;
}

export interface AddedTexts {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export class Tokenizer {
  readonly #files: TokenizerFiles;
  readonly #split: (text: string) => Part[];
  readonly #words: PreTokenizer;
  readonly #model: TokenModel;
  readonly #added: AddedTokens;
  /** Undefined where long texts are tokenized as a whole. */
  readonly #cutter: TextCutter | undefined;
  #pieces: Pieces | undefined;

  constructor(files: TokenizerFiles) {
    const { path, tokenizer, vocabulary, added, splitsSpecialTokens } = files;
    this.#files = files;
    try {
      if (needsBeginning(tokenizer.pre_tokenizer) && !keepsBeginning(tokenizer.normalizer)) {
        throw new Error('a Metaspace that looks for the beginning of a text, behind a normalizer that may move it');
      }
      this.#split = added.splitter(normalizer(tokenizer.normalizer), splitsSpecialTokens);
      this.#words = preTokenizer(tokenizer.pre_tokenizer);
      this.#model = tokenModel(tokenizer.model, vocabulary);
      this.#added = addedTokens(tokenizer.post_processor);
      this.#cutter = textCutter(files);
    } catch (error) {
      // The message of a TypeError describes this program's internals and not the file.
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

  /** The tokens that are added before and after every text, as they are written. */
  get addedTexts(): AddedTexts {
    const { added, vocabulary } = this.#files;
    const written = (ids: readonly number[]): string[] =>
      ids.map((id) => added.contentOf(id) ?? vocabulary.tokenOf(id) ?? String(id));
    return { before: written(this.#added.before), after: written(this.#added.after) };
  }

  /** What tokenizer.json says and does not count, a sentence each. */
  get notices(): readonly string[] {
    return this.#files.notices;
  }

  /** Returns the ids of the whole text's own tokens; special tokens written out in it count as such. */
  encode(text: string): number[] {
    const ids: number[] = [];
    for (const part of this.#split(text)) {
      if ('id' in part) ids.push(part.id);
      else
        for (const word of this.#words({ text: part.text, first: part.start === 0 }))
          ids.push(...this.#model(word.text));
    }
    return ids;
  }

  /**
   * Makes a row of a text's tokens, cut so that the added tokens have room too.
   *
   * @param heartbeat called after each piece of a long text
   * @returns undefined where the text has no tokens of its own
   */
  rowOf(text: string, settings: RowSettings, heartbeat: () => void = () => undefined): TokenRow | undefined {
    const { maxLength, truncationSide, beginsOnce, reserved, keepsCut = false } = settings;
    const limits = { truncationSide, maxLength: keepsCut ? Number.POSITIVE_INFINITY : maxLength };
    const { first, last, retained, count } = this.#ownTokens(text, limits, heartbeat);
    if (first === undefined) return undefined;
    const begun = beginsOnce && first === this.#added.before[0];
    const before = begun ? [] : this.#added.before;
    // A text that brings both brings all of its special tokens.
    const after = begun && last === this.#added.after.at(-1) ? [] : this.#added.after;
    const room = maxLength - before.length - after.length;
    const ofPrompt = reserved === undefined ? 0 : reserved.promptTokens + reserved.tokens - room;
    // Where prompt and response meet, tokens may merge: there can be fewer than the prompt has alone.
    const cut = Math.min(Math.max(0, count - room, ofPrompt), count - 1);
    const left = count - cut;
    const own = cut === 0 ? retained : truncationSide === 'left' ? retained.slice(-left) : retained.slice(0, left);
    const row = [...before, ...own, ...after];
    if (!keepsCut) return { row, cut };
    const cutIds = truncationSide === 'left' ? retained.slice(0, cut) : retained.slice(left);
    return { row, cut, whole: { cutIds, added: { before: before.length, after: after.length } } };
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
      return { first: own[0], last: own.at(-1), retained: own, count: own.length };
    }
    let first: number | undefined;
    let last: number | undefined;
    let retained: number[] = [];
    let count = 0;
    for (const piece of this.#cutter.cut(text, LONG_TEXT)) {
      const own = this.encode(piece);
      heartbeat();
      first ??= own[0];
      last = own.at(-1) ?? last;
      count += own.length;
      if (maxLength === Number.POSITIVE_INFINITY) {
        for (const id of own) retained.push(id);
      } else if (truncationSide === 'left') retained = [...retained, ...own.slice(-maxLength)].slice(-maxLength);
      else if (retained.length < maxLength) retained = [...retained, ...own.slice(0, maxLength - retained.length)];
    }
    return { first, last, retained, count };
  }

  /** Special tokens by role, e.g. `bos_token`: transformers' special_tokens_map, which chat templates get. */
  specialTokens(): Readonly<Record<string, string | readonly string[]>> {
    return this.#files.specialTokens;
  }

  /** The token of an id as the vocabulary has it, in characters where it stands for bytes. */
  pieceOf(id: number): Piece {
    return this.#readable.pieceOf(id);
  }

  /** The text that the tokens of these ids stand for; bytes that are no characters are written as `<0xE2>`. */
  textOf(ids: readonly number[]): string {
    return this.#readable.textOf(ids);
  }

  get #readable(): Pieces {
    this.#pieces ??= new Pieces(this.#files);
    return this.#pieces;
  }

  /** Id of the special token of a role, e.g. `pad_token`. */
  specialTokenId(role: string): number | undefined {
    const token = this.#files.specialTokens[role];
    return token === undefined ? undefined : this.#files.added.idOf(token);
  }

  /** One more than the largest id this tokenizer can give. */
  get idLimit(): number {
    const { vocabulary, added } = this.#files;
    return Math.max(vocabulary.idLimit, (added.entries.at(-1)?.[0] ?? -1) + 1);
  }
}
