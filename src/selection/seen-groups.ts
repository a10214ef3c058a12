/** Where each group of a run began, so that one that comes back is noticed, however many there are. */
/** Seeds of the two halves of a key's hash. */
const HIGH_SEED = 0x9e3779b9;
const LOW_SEED = 0x85ebca6b;

/** The share of slots in use at which the table is doubled. */
const FULLEST = 0.75;

/**
 * A table from a key's hash of 64 bits to a line: 16 bytes a slot, so that a million groups take 21 to 43 MB whatever
 * their ids are; as strings in a Map they would take some hundred, and a Map ends at 16.7 million. Two ids of the same 64
 * bits would be taken for one: for ten million groups the chance of any such two is 3 in a million.
 */
export class SeenGroups {
  #size = 0;
  #slots = 1024;
  #high = new Uint32Array(this.#slots);
  #low = new Uint32Array(this.#slots);
  /** 0: the slot is empty. */
  #lines = new Float64Array(this.#slots);

  /**
   * Notes a group.
   *
   * @param line where it begins, from 1
   * @returns where it began before; undefined where it is new
   */
  add(key: string, line: number): number | undefined {
    const before = this.#put(hash(key, HIGH_SEED), hash(key, LOW_SEED), line);
    if (before === undefined && ++this.#size > FULLEST * this.#slots) this.#grow();
    return before;
  }

  #put(high: number, low: number, line: number): number | undefined {
    for (let at = low % this.#slots; ; at = (at + 1) % this.#slots) {
      if (this.#lines[at] === 0) {
        this.#high[at] = high;
        this.#low[at] = low;
        this.#lines[at] = line;
        return undefined;
      }
      if (this.#low[at] === low && this.#high[at] === high) return this.#lines[at];
    }
  }

  #grow(): void {
    const [high, low, lines] = [this.#high, this.#low, this.#lines];
    this.#slots *= 2;
    this.#high = new Uint32Array(this.#slots);
    this.#low = new Uint32Array(this.#slots);
    this.#lines = new Float64Array(this.#slots);
    for (const [at, line] of lines.entries()) if (line > 0) this.#put(high[at] as number, low[at] as number, line);
  }
}

/**
 * MurmurHash3 (Appleby, 32 bits) over the text's UTF-16 units. A digest of node:crypto would take ten times as long as all
 * else that is done for a group.
 */
function hash(text: string, seed: number): number {
  let state = seed;
  for (let i = 0; i < text.length; i++) {
    const unit = Math.imul(text.charCodeAt(i), 0xcc9e2d51);
    state ^= Math.imul((unit << 15) | (unit >>> 17), 0x1b873593);
    state = Math.imul((state << 13) | (state >>> 19), 5) + 0xe6546b64;
  }
  state ^= text.length;
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
