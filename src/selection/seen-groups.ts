/** Where each group of a run began, so that one that comes back is noticed, however many there are. */
import { createHash } from 'node:crypto';

/** The share of slots in use at which the table is doubled. */
const FULLEST = 0.75;

/**
 * A table from 64 bits of a key's digest to a line: 16 bytes a slot, so that a million groups take 21 to 43 MB whatever
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
    const digest = createHash('sha1').update(key).digest();
    const before = this.#put(digest.readUInt32LE(0), digest.readUInt32LE(4), line);
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
