/** Merges of byte-pair encoding: Word::merge_all of the library tokenizers 0.23.3 (models/bpe/word.rs). */
import { type MergeTable, NEVER, rankOf } from './merge-table.js';

/** In a word of no more symbols, the next merge is found by looking at all of them. */
const FEW = 48;

/** A pair in the heap: its rank, and behind it the place of its left symbol, in one number that a double holds exactly. */
const PLACES = 2 ** 31;

export class Merger {
  readonly #table: MergeTable;
  /** Of each symbol of a short word with the next. */
  readonly #ranks = new Int32Array(FEW);

  constructor(table: MergeTable) {
    this.#table = table;
  }

  /**
   * Merges neighbours in the order of the merges' ranks, equal ones from the left, until none is left to merge.
   *
   * @param ids the symbols of a word, which are replaced
   * @returns how many are left, at the beginning of `ids`
   */
  merge(ids: Int32Array, count: number): number {
    if (count < 2) return count;
    return count <= FEW ? this.#mergeFew(ids, count) : this.#mergeMany(ids, count);
  }

  #mergeFew(ids: Int32Array, symbols: number): number {
    const ranks = this.#ranks;
    let count = symbols;
    for (let i = 0; i + 1 < count; i++) ranks[i] = this.#rankOf(ids[i] as number, ids[i + 1] as number);
    for (;;) {
      let first = NEVER;
      let place = 0;
      for (let i = 0; i + 1 < count; i++) {
        const rank = ranks[i] as number;
        if (rank < first) {
          first = rank;
          place = i;
        }
      }
      if (first === NEVER) return count;
      ids[place] = this.#table.merged[first] as number;
      count--;
      for (let i = place + 1; i < count; i++) {
        ids[i] = ids[i + 1] as number;
        ranks[i] = ranks[i + 1] as number;
      }
      if (place > 0) ranks[place - 1] = this.#rankOf(ids[place - 1] as number, ids[place] as number);
      if (place + 1 < count) ranks[place] = this.#rankOf(ids[place] as number, ids[place + 1] as number);
    }
  }

  /** With a heap of pairs, so that a text without spaces does not take the square of its length. */
  #mergeMany(ids: Int32Array, count: number): number {
    const next = Int32Array.from({ length: count }, (_, i) => (i + 1 < count ? i + 1 : -1));
    const previous = Int32Array.from({ length: count }, (_, i) => i - 1);
    // Each merge takes a pair out and offers two at most.
    const heap = new Heap(3 * count);
    const offer = (left: number): void => {
      const right = left < 0 ? -1 : (next[left] as number);
      if (right < 0) return;
      const rank = this.#rankOf(ids[left] as number, ids[right] as number);
      if (rank !== NEVER) heap.push(rank * PLACES + left);
    };
    for (let i = 0; i + 1 < count; i++) offer(i);
    while (heap.size > 0) {
      const pair = heap.pop();
      const left = pair % PLACES;
      const rank = (pair - left) / PLACES;
      const right = next[left] as number;
      // One of the two may have been merged with another since. A merged symbol is a longer text, and so another pair.
      if (right < 0 || this.#rankOf(ids[left] as number, ids[right] as number) !== rank) continue;
      ids[left] = this.#table.merged[rank] as number;
      ids[right] = -1;
      const after = next[right] as number;
      next[left] = after;
      if (after >= 0) previous[after] = left;
      offer(previous[left] as number);
      offer(left);
    }
    let kept = 0;
    for (let at = 0; at >= 0; at = next[at] as number) ids[kept++] = ids[at] as number;
    return kept;
  }

  #rankOf(left: number, right: number): number {
    return rankOf(this.#table, left, right);
  }
}

/** Numbers, of which the smallest comes out first. */
class Heap {
  size = 0;
  readonly #values: Float64Array;

  constructor(capacity: number) {
    this.#values = new Float64Array(capacity);
  }

  push(value: number): void {
    const values = this.#values;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (value >= (values[parent] as number)) break;
      values[at] = values[parent] as number;
      at = parent;
    }
    values[at] = value;
  }

  pop(): number {
    const values = this.#values;
    const top = values[0] as number;
    const last = values[--this.size] as number;
    const size = this.size;
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && (values[child + 1] as number) < (values[child] as number)) child++;
      if ((values[child] as number) >= last) break;
      values[at] = values[child] as number;
      at = child;
    }
    values[at] = last;
    return top;
  }
}
