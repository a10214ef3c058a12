/**
 * Converts text to token ids as the fast tokenizers of transformers do, and truncates. A truncation in tokenizer.json is
 * ignored, as the reference overrides it.
 */
import { messageOf, runError } from '../../errors.js';
import { printable } from '../../platform/printable.js';
import { byteLevelEncoder } from './byte-level/encoder.js';
import { TableVocabulary } from './byte-level/table-vocabulary.js';
import { type Encoder, stepwiseEncoder } from './encoder.js';
import type { TokenizerFiles } from './files.js';
import { type Frame, frameOf } from './frames.js';
import { type TextCutter, textCutter } from './long-texts.js';
import { longestFirst } from './longest-first.js';
import { beginningKeeper, normalizer } from './normalizers.js';
import { type Piece, Pieces } from './pieces.js';
import { needsBeginning } from './pre-tokenizers.js';
import type { Step } from './steps.js';

export type TruncationSide = 'left' | 'right';

/** How long a row may be, and what is wanted of it. */
export interface PairSettings {
  /** With the tokens that the tokenizer adds. */
  readonly maxLength: number;
  readonly truncationSide: TruncationSide;
  /** Whether the tokens that are cut are wanted too, however many there are. Default: false. */
  readonly keepsCut?: boolean;
}

/** How a text becomes a row that the network takes. */
export interface RowSettings extends PairSettings {
  /** Whether a text that begins with the token which the tokenizer would put before it is given no other. */
  readonly beginsOnce: boolean;
  /** Cut the text so that its prompt leaves room for a response of so many tokens, however long its own is. */
  readonly reserved?: { readonly tokens: number; readonly promptTokens: number };
}

/** A text's tokens, or those of the two of a pair, as the network gets them. */
export interface TokenRow {
  /** Token ids, those that the tokenizer adds included. */
  readonly row: number[];
  /** The token type id of each; absent where all are 0, and where the tokenizer gives its model none. */
  readonly types?: readonly number[];
  /** How many of the texts' own tokens were cut. */
  readonly cut: number;
  /** Of each text in turn, where the tokens that were cut are wanted. */
  readonly places?: readonly TextPlace[];
}

/** Where a text's own tokens stand in its row; what stands in no text's place, the tokenizer added. */
export interface TextPlace {
  readonly start: number;
  /** The index behind the last of them. */
  readonly end: number;
  /** Ids of the tokens that were cut. */
  readonly cutIds: readonly number[];
}

/** Texts of more UTF-16 units are tokenized in pieces of so many, if they can be. */
const LONG_TEXT = 1 << 16;

/** A text's own tokens, or those at the side that truncation retains. */
interface OwnTokens {
  readonly first: number | undefined;
  readonly last: number | undefined;
  /** Nobody else has it. */
  readonly retained: number[];
  readonly count: number;
}

export interface AddedTexts {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export class Tokenizer {
  readonly #files: TokenizerFiles;
  readonly #encode: Encoder;
  readonly #frame: Frame;
  /** Its tokens before and after the text. */
  readonly #before: readonly number[];
  readonly #after: readonly number[];
  /** That of a pair, or why there is none: most tokenizers are never given one. */
  readonly #pairFrame: Frame | Error;
  /** Undefined where long texts are tokenized as a whole. */
  readonly #cutter: TextCutter | undefined;
  #pieces: Pieces | undefined;

  constructor(files: TokenizerFiles) {
    const { path, tokenizer, vocabulary, added, splitsSpecialTokens } = files;
    this.#files = files;
    try {
      const keepsBeginning = needsBeginning(tokenizer.pre_tokenizer)
        ? beginningKeeper(tokenizer.normalizer)
        : () => true;
      if (keepsBeginning === undefined) {
        throw new Error('a Metaspace that looks for the beginning of a text, behind a normalizer that may move it');
      }
      const split = added.splitter(normalizer(tokenizer.normalizer), splitsSpecialTokens, keepsBeginning);
      this.#encode =
        vocabulary instanceof TableVocabulary
          ? byteLevelEncoder(tokenizer, vocabulary.tables, split)
          : stepwiseEncoder(tokenizer, vocabulary, split);
      this.#frame = frameOf(tokenizer.post_processor, 1);
      this.#pairFrame = pairFrameOf(tokenizer.post_processor);
      const place = this.#frame.findIndex((slot) => 'text' in slot);
      this.#before = idsIn(this.#frame.slice(0, place));
      this.#after = idsIn(this.#frame.slice(place + 1));
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
    return this.#frame.length - 1;
  }

  /** Number of tokens that are added to every pair of texts; undefined where there cannot be any. */
  get addedToPair(): number | undefined {
    return this.#pairFrame instanceof Error ? undefined : this.#pairFrame.length - 2;
  }

  /** The tokens that are added before and after every text, as they are written. */
  get addedTexts(): AddedTexts {
    const { added, vocabulary } = this.#files;
    const written = (ids: readonly number[]): string[] =>
      ids.map((id) => added.contentOf(id) ?? vocabulary.tokenOf(id) ?? String(id));
    return { before: written(this.#before), after: written(this.#after) };
  }

  /** What tokenizer.json says and does not count, a sentence each. */
  get notices(): readonly string[] {
    return this.#files.notices;
  }

  /** Returns the ids of the whole text's own tokens; special tokens written out in it count as such. */
  encode(text: string): number[] {
    return this.#encode(text);
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
    const begun = beginsOnce && first === this.#before[0];
    // A text that brings both brings all of its special tokens.
    const closed = begun && last === this.#after.at(-1);
    const frame = begun
      ? this.#frame.filter((slot, i) => 'text' in slot || (i > this.#before.length && !closed))
      : this.#frame;
    const room = maxLength - (frame.length - 1);
    const ofPrompt = reserved === undefined ? 0 : reserved.promptTokens + reserved.tokens - room;
    // Where prompt and response meet, tokens may merge: there can be fewer than the prompt has alone.
    const cut = Math.min(Math.max(0, count - room, ofPrompt), count - 1);
    return this.#fill(frame, [{ retained, count, kept: count - cut }], settings);
  }

  /**
   * Makes a row of two texts, which together are cut as `tokenizer(first, second, truncation=True)` of transformers does.
   *
   * @param heartbeat called after each piece of a long text
   * @returns undefined where the second text has no tokens of its own
   * @throws FatalError `run` where the tokenizer does not say how two texts are put together
   */
  rowOfPair(
    first: string,
    second: string,
    settings: PairSettings,
    heartbeat: () => void = () => undefined,
  ): TokenRow | undefined {
    const frame = this.#pairFrame;
    if (frame instanceof Error) {
      throw runError(
        `${this.#files.path}: expected a tokenizer that puts two texts into a row, got one that cannot (${printable(frame.message)}); ` +
          'score rows of one text',
        { cause: frame },
      );
    }
    const { maxLength, truncationSide, keepsCut = false } = settings;
    const limits = { truncationSide, maxLength: keepsCut ? Number.POSITIVE_INFINITY : maxLength };
    const [one, other] = [this.#ownTokens(first, limits, heartbeat), this.#ownTokens(second, limits, heartbeat)];
    if (other.count === 0) return undefined;
    const [ofOne, ofOther] = longestFirst([one.count, other.count], Math.max(0, maxLength - (frame.length - 2)));
    return this.#fill(
      frame,
      [
        { ...one, kept: ofOne },
        { ...other, kept: ofOther },
      ],
      settings,
    );
  }

  /** Puts so many tokens of each text into its place. */
  #fill(
    frame: Frame,
    texts: readonly (Pick<OwnTokens, 'retained' | 'count'> & { readonly kept: number })[],
    { truncationSide, keepsCut = false }: PairSettings,
  ): TokenRow {
    const cut = texts.reduce((sum, { count, kept }) => sum + count - kept, 0);
    const isTyped = this.#files.givesTypes && frame.some(({ type }) => type !== 0);
    const [first] = texts;
    // Most texts stand alone and whole in their rows.
    if (frame.length === 1 && first?.kept === first?.retained.length && !keepsCut && !isTyped) {
      return { row: (first as (typeof texts)[number]).retained, cut };
    }
    const row: number[] = [];
    const types: number[] = [];
    const places: TextPlace[] = [];
    for (const slot of frame) {
      const start = row.length;
      if ('id' in slot) row.push(slot.id);
      else {
        const { retained, kept } = texts[slot.text] as (typeof texts)[number];
        // Of a text that is cut, no more is retained than could be kept, unless all of it is wanted.
        const isLeft = truncationSide === 'left';
        const border = isLeft ? retained.length - kept : kept;
        const [head, tail] = [retained.slice(0, border), retained.slice(border)];
        const [own, cutIds] = isLeft ? [tail, head] : [head, tail];
        for (const id of own) row.push(id);
        if (keepsCut) places[slot.text] = { start, end: row.length, cutIds };
      }
      if (isTyped) for (let i = start; i < row.length; i++) types.push(slot.type);
    }
    return { row, ...(isTyped && types.some((type) => type !== 0) && { types }), cut, ...(keepsCut && { places }) };
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

  /**
   * One more than the largest id that any text may have. Added tokens written out in a text can have larger ones:
   * a tokenizer may name more tokens than its model has embeddings for, a pad token above all.
   */
  get idLimit(): number {
    const pair = this.#pairFrame instanceof Error ? [] : this.#pairFrame;
    return Math.max(this.#files.vocabulary.idLimit, ...idsIn([...this.#frame, ...pair]).map((id) => id + 1));
  }
}

const idsIn = (frame: Frame): readonly number[] => frame.flatMap((slot) => ('id' in slot ? [slot.id] : []));

function pairFrameOf(step: Step | null): Frame | Error {
  try {
    return frameOf(step, 2);
  } catch (error) {
    return error as Error;
  }
}
