/** The tokens of a vocabulary and their ids, in flat arrays. */
import { hashOfUnits, newSlots, slotsFor } from './hashes.js';

export interface TokenTable {
  /** The tokens in the order of their ids, one behind the other, in UTF-16 units. */
  readonly units: Uint16Array;
  /** Where each id's token ends in `units`; one that is empty has no token. */
  readonly ends: Uint32Array;
  /** Number of tokens. */
  readonly size: number;
  /** Ids by the hash of their tokens; -1 where there is none. */
  readonly slots: Int32Array;
}

/** Ids may leave gaps, but a table by id is not to be much larger than the vocabulary. */
const MOST_IDS_A_TOKEN = 4;

/** Undefined where a token is empty, two have one id, or ids leave large gaps. */
export function tokenTable(vocab: Readonly<Record<string, number>>): TokenTable | undefined {
  const tokens = Object.keys(vocab);
  let idLimit = 0;
  let length = 0;
  for (const token of tokens) {
    idLimit = Math.max(idLimit, (vocab[token] as number) + 1);
    length += token.length;
  }
  if (idLimit > MOST_IDS_A_TOKEN * tokens.length) return undefined;
  const byId = new Array<string>(idLimit).fill('');
  for (const token of tokens) {
    const id = vocab[token] as number;
    if (token === '' || byId[id] !== '') return undefined;
    byId[id] = token;
  }
  const units = new Uint16Array(new SharedArrayBuffer(length * Uint16Array.BYTES_PER_ELEMENT));
  const ends = new Uint32Array(new SharedArrayBuffer(idLimit * Uint32Array.BYTES_PER_ELEMENT));
  const slots = newSlots(slotsFor(tokens.length));
  const mask = slots.length - 1;
  let start = 0;
  for (let id = 0; id < idLimit; id++) {
    const end = copyUnits(byId[id] as string, units, start);
    ends[id] = end;
    if (end === start) continue;
    let slot = hashOfUnits(units, start, end) & mask;
    while (slots[slot] !== -1) slot = (slot + 1) & mask;
    slots[slot] = id;
    start = end;
  }
  return { units, ends, size: tokens.length, slots };
}

/** Copies a text's units to those from `at` on; returns where they end. */
export function copyUnits(text: string, units: Uint16Array, at: number): number {
  for (let i = 0; i < text.length; i++) units[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** Where the token of an id begins. */
export const startOf = ({ ends }: TokenTable, id: number): number => (id === 0 ? 0 : (ends[id - 1] as number));

/** The id of the token that these units are from `start` to `end`; -1 where they are none. */
export function idOfUnits(table: TokenTable, units: Uint16Array, start: number, end: number): number {
  const mask = table.slots.length - 1;
  for (let slot = hashOfUnits(units, start, end) & mask; ; slot = (slot + 1) & mask) {
    const id = table.slots[slot] as number;
    if (id < 0 || isToken(table, id, units, start, end)) return id;
  }
}

function isToken(table: TokenTable, id: number, units: Uint16Array, start: number, end: number): boolean {
  const first = startOf(table, id);
  if ((table.ends[id] as number) - first !== end - start) return false;
  for (let i = start, at = first; i < end; i++, at++) if (units[i] !== table.units[at]) return false;
  return true;
}
