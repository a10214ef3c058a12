/** The merges of a byte-pair encoding, in flat arrays. */
import type { MergePairs } from '../bpe.js';
import { hashOfPair, newSlots, slotsFor } from './hashes.js';
import { copyUnits, idOfUnits, type TokenTable } from './token-table.js';

export interface MergeTable {
  /** Left id, right id and rank of each merge, by the hash of the two ids; the left one is -1 in a free slot. */
  readonly merges: Int32Array;
  /** What each merge makes, by its rank. */
  readonly merged: Int32Array;
}

const MERGE_FIELDS = 3;

/** A rank that no merge has. */
export const NEVER = 0x7fffffff;

/** Undefined where a merge is not of two tokens, or makes none. */
export function mergeTable(pairs: MergePairs, tokens: TokenTable): MergeTable | undefined {
  const mask = slotsFor(pairs.length) - 1;
  const merges = newSlots((mask + 1) * MERGE_FIELDS);
  const merged = new Int32Array(new SharedArrayBuffer(pairs.length * Int32Array.BYTES_PER_ELEMENT));
  const joined = new Uint16Array(2 * longestToken(tokens));
  for (let rank = 0; rank < pairs.length; rank++) {
    const pair = pairs[rank] as MergePairs[number];
    const border = typeof pair === 'string' ? pair.indexOf(' ') : pair[0].length;
    const text = typeof pair === 'string' ? pair : pair.join(' ');
    if (border < 0 || text.length > joined.length) return undefined;
    if (typeof pair === 'string' && pair.includes(' ', border + 1)) return undefined;
    copyUnits(text, joined, 0);
    // Closes the gap between the two.
    joined.copyWithin(border, border + 1, text.length);
    const end = text.length - 1;
    const left = idOfUnits(tokens, joined, 0, border);
    const right = idOfUnits(tokens, joined, border, end);
    const id = idOfUnits(tokens, joined, 0, end);
    if (left < 0 || right < 0 || id < 0) return undefined;
    let slot = hashOfPair(left, right) & mask;
    let at = slot * MERGE_FIELDS;
    while (merges[at] !== -1 && (merges[at] !== left || merges[at + 1] !== right)) {
      slot = (slot + 1) & mask;
      at = slot * MERGE_FIELDS;
    }
    // Of a pair that is named twice, the last rank counts, as in the reference.
    merges[at] = left;
    merges[at + 1] = right;
    merges[at + 2] = rank;
    merged[rank] = id;
  }
  return { merges, merged };
}

function longestToken({ ends }: TokenTable): number {
  let longest = 1;
  for (let id = 1; id < ends.length; id++) longest = Math.max(longest, (ends[id] as number) - (ends[id - 1] as number));
  return Math.max(longest, ends[0] ?? 0);
}

/** The rank of the merge of two ids. */
export function rankOf({ merges }: MergeTable, left: number, right: number): number {
  const mask = merges.length / MERGE_FIELDS - 1;
  for (let slot = hashOfPair(left, right) & mask; ; slot = (slot + 1) & mask) {
    const at = slot * MERGE_FIELDS;
    const found = merges[at] as number;
    if (found === left && merges[at + 1] === right) return merges[at + 2] as number;
    if (found < 0) return NEVER;
  }
}
