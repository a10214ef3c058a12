/** Tokens as a person reads them: the vocabulary of a byte-level tokenizer spells bytes, and not characters. */
import { isUtf8 } from 'node:buffer';
import type { AddedVocabulary } from './added-vocabulary.js';
import { byteCharacters } from './byte-characters.js';
import type { TokenizerFiles } from './files.js';
import type { Vocabulary } from './vocabulary.js';

/** A token of the vocabulary. */
export interface Piece {
  /** Its characters; a byte that is no part of a whole one is written as `<0xE2>`. */
  readonly text: string;
  /** Whether it is found before a text is split, like `<|endoftext|>`. */
  readonly special: boolean;
}

export class Pieces {
  readonly #vocabulary: Vocabulary;
  readonly #added: AddedVocabulary;
  /** Whether each character of a token stands for a byte. */
  readonly #byteLevel: boolean;

  constructor({ vocabulary, added, tokenizer }: Pick<TokenizerFiles, 'vocabulary' | 'added' | 'tokenizer'>) {
    this.#vocabulary = vocabulary;
    this.#added = added;
    this.#byteLevel = isByteLevel(tokenizer.pre_tokenizer);
  }

  pieceOf(id: number): Piece {
    return { text: this.textOf([id]), special: this.#added.contentOf(id) !== undefined };
  }

  /** The text of consecutive tokens, which may divide a character between them. */
  textOf(ids: readonly number[]): string {
    const bytes: Buffer[] = ids.map((id) => {
      const added = this.#added.contentOf(id);
      if (added !== undefined) return Buffer.from(added);
      // Ids that a vocabulary leaves out never come from it.
      const token = this.#vocabulary.tokenOf(id) ?? '';
      return this.#byteLevel ? bytesOf(token) : Buffer.from(withSpaces(token));
    });
    return charactersOf(Buffer.concat(bytes));
  }
}

/** Whether tokens spell bytes. */
function isByteLevel(given: unknown): boolean {
  const step = given as { readonly type?: unknown; readonly pretokenizers?: readonly unknown[] } | null | undefined;
  return step?.type === 'ByteLevel' || (step?.pretokenizers ?? []).some(isByteLevel);
}

/** SentencePiece spells a space as U+2581. */
const withSpaces = (token: string): string => token.replaceAll('\u2581', ' ');

const byteOfCharacter: ReadonlyMap<string, number> = new Map(
  byteCharacters.map((character, byte) => [character, byte]),
);

const bytesOf = (token: string): Buffer =>
  Buffer.concat(
    Array.from(token, (character) => {
      const byte = byteOfCharacter.get(character);
      return byte === undefined ? Buffer.from(character) : Buffer.of(byte);
    }),
  );

/** Decodes UTF-8; a byte that belongs to no character becomes `<0xE2>`. */
function charactersOf(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const length = [1, 2, 3, 4].find((each) => i + each <= bytes.length && isUtf8(bytes.subarray(i, i + each)));
    if (length === undefined) text += `<0x${(bytes[i] as number).toString(16).toUpperCase().padStart(2, '0')}>`;
    else text += bytes.toString('utf8', i, i + length);
    i += length ?? 1;
  }
  return text;
}
