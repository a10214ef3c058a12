/** The ids of words that came before, in flat arrays: nothing in it is garbage, and it never grows. */

/** A word's hash, where its units and its ids begin, and its two lengths in one number. */
const FIELDS = 4;
const SLOTS = 1 << 15;
/** Those that are taken at the most, so that a free one is found soon. */
const MOST_WORDS = SLOTS / 2;
const MOST_UNITS = 1 << 18;
const MOST_IDS = 1 << 17;
const LENGTH_BITS = 8;

/** Words of more UTF-16 units are seldom met twice. */
export const LONGEST_WORD = 64;

export class WordCache {
  readonly #slots = new Int32Array(SLOTS * FIELDS);
  readonly #units = new Uint16Array(MOST_UNITS);
  readonly #ids = new Int32Array(MOST_IDS);
  #words = 0;
  #unitCount = 0;
  #idCount = 0;

  /** Appends a word's ids to `ids`, where they are known. @param hash of its units, the same each time */
  append(text: string, start: number, end: number, hash: number, ids: number[]): boolean {
    const slots = this.#slots;
    for (let at = (hash & (SLOTS - 1)) * FIELDS; ; at = (at + FIELDS) & (SLOTS * FIELDS - 1)) {
      const lengths = slots[at + 3] as number;
      if (lengths === 0) return false;
      if (slots[at] !== hash || !this.#isAt(slots[at + 1] as number, lengths, text, start, end)) continue;
      const first = slots[at + 2] as number;
      const last = first + (lengths >> LENGTH_BITS);
      for (let i = first; i < last; i++) ids.push(this.#ids[i] as number);
      return true;
    }
  }

  /** @param count of the ids at the beginning of `ids` */
  add(text: string, start: number, end: number, hash: number, ids: Int32Array, count: number): void {
    const length = end - start;
    if (this.#words >= MOST_WORDS || this.#unitCount + length > MOST_UNITS || this.#idCount + count > MOST_IDS) {
      this.#clear();
    }
    const slots = this.#slots;
    let at = (hash & (SLOTS - 1)) * FIELDS;
    while (slots[at + 3] !== 0) at = (at + FIELDS) & (SLOTS * FIELDS - 1);
    slots[at] = hash;
    slots[at + 1] = this.#unitCount;
    slots[at + 2] = this.#idCount;
    slots[at + 3] = (count << LENGTH_BITS) | length;
    this.#words++;
    for (let i = start; i < end; i++) this.#units[this.#unitCount++] = text.charCodeAt(i);
    for (let i = 0; i < count; i++) this.#ids[this.#idCount++] = ids[i] as number;
  }

  #isAt(first: number, lengths: number, text: string, start: number, end: number): boolean {
    if ((lengths & ((1 << LENGTH_BITS) - 1)) !== end - start) return false;
    for (let i = start, at = first; i < end; i++, at++) if (this.#units[at] !== text.charCodeAt(i)) return false;
    return true;
  }

  #clear(): void {
    this.#slots.fill(0);
    this.#words = 0;
    this.#unitCount = 0;
    this.#idCount = 0;
  }
}
