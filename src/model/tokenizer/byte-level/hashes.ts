/** Hash tables in flat arrays: a key stands in the first free slot from its hash on. */

/** A power of two that leaves a third of the slots free or more. */
export const slotsFor = (entries: number): number => 2 ** Math.ceil(Math.log2(Math.max(2, entries * 1.5)));

/** Memory that all threads can read at once. */
export const newSlots = (length: number): Int32Array =>
  new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT)).fill(-1);

const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/** Hashes a text from `start` to `end`. Its lowest bits are the slot. */
export function hashOfText(text: string, start: number, end: number): number {
  let hash = FNV_OFFSET;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return mixed(hash);
}

export function hashOfUnits(units: Uint16Array, start: number, end: number): number {
  let hash = FNV_OFFSET;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (units[i] as number), FNV_PRIME);
  return mixed(hash);
}

export const hashOfPair = (left: number, right: number): number =>
  mixed(Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b));

const mixed = (hash: number): number => hash ^ (hash >>> 15);
