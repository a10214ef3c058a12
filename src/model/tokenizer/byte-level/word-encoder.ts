/** The ids of a word of a byte-level BPE. */
import { byteCharacters } from '../byte-characters.js';
import { hashOfText } from './hashes.js';
import { Merger } from './merger.js';
import type { BpeTables } from './tables.js';
import { idOfUnits } from './token-table.js';
import { LONGEST_WORD, WordCache } from './word-cache.js';

const byteUnits = Uint16Array.from(byteCharacters, (character) => character.charCodeAt(0));

/** UTF-8 takes no more bytes for a UTF-16 unit. */
const MOST_BYTES_A_UNIT = 3;

export class WordEncoder {
  readonly #tables: BpeTables;
  readonly #merger: Merger;
  readonly #cache = new WordCache();
  /** The symbols of a word that is being merged. */
  #symbols = new Int32Array(LONGEST_WORD * MOST_BYTES_A_UNIT);

  constructor(tables: BpeTables) {
    this.#tables = tables;
    this.#merger = new Merger(tables);
  }

  /** Appends the ids of the word that is the text from `start` to `end`. */
  append(text: string, start: number, end: number, ids: number[]): void {
    const isShort = end - start <= LONGEST_WORD;
    const hash = isShort ? hashOfText(text, start, end) : 0;
    if (isShort && this.#cache.append(text, start, end, hash, ids)) return;
    const count = this.#encode(text, start, end);
    const symbols = this.#symbols;
    if (isShort) this.#cache.add(text, start, end, hash, symbols, count);
    for (let i = 0; i < count; i++) ids.push(symbols[i] as number);
    // What one long text needed is not kept for all that follow.
    if (!isShort) this.#symbols = new Int32Array(LONGEST_WORD * MOST_BYTES_A_UNIT);
  }

  /** Puts the ids at the beginning of the symbols, and returns how many they are. */
  #encode(text: string, start: number, end: number): number {
    const bytes = Buffer.from(text.slice(start, end), 'utf8');
    if (bytes.length > this.#symbols.length) this.#symbols = new Int32Array(bytes.length);
    const symbols = this.#symbols;
    const { byteIds, ignoresMerges } = this.#tables;
    const whole = ignoresMerges ? this.#tokenOf(bytes) : -1;
    if (whole >= 0) {
      symbols[0] = whole;
      return 1;
    }
    for (let i = 0; i < bytes.length; i++) symbols[i] = byteIds[bytes[i] as number] as number;
    return this.#merger.merge(symbols, bytes.length);
  }

  /** The id of the token that spells all of these bytes; -1 where there is none. */
  #tokenOf(bytes: Buffer): number {
    const units = Uint16Array.from(bytes, (byte) => byteUnits[byte] as number);
    return idOfUnits(this.#tables, units, 0, units.length);
  }
}
