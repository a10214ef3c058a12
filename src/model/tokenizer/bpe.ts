/** Byte-pair encoding: models/bpe of the library tokenizers 0.23.3. */
import type { Step } from './steps.js';
import { idsOfBytes, requiredId, type TokenModel, type Vocabulary } from './vocabulary.js';

/** So many words are remembered, none of them longer than this. */
const MOST_REMEMBERED = 10_000;
const LONGEST_REMEMBERED = 256;

/** What two neighbours become, and before which others. */
interface Merge {
  readonly rank: number;
  readonly id: number;
}

interface BpeOptions {
  readonly prefix: string;
  readonly suffix: string;
  readonly unknown: number | undefined;
  readonly fuseUnknown: boolean;
  readonly byteFallback: boolean;
  readonly ignoreMerges: boolean;
}

export function bpe(step: Step, vocabulary: Vocabulary): TokenModel {
  if (step.dropout) throw new Error('dropout merges at random');
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const prefix = text(step.continuing_subword_prefix);
  const model = new Bpe(vocabulary, readMerges(step.merges as MergePairs, vocabulary, prefix), {
    prefix,
    suffix: text(step.end_of_word_suffix),
    unknown: typeof step.unk_token === 'string' ? requiredId(vocabulary, step.unk_token) : undefined,
    fuseUnknown: step.fuse_unk === true,
    byteFallback: step.byte_fallback === true,
    ignoreMerges: step.ignore_merges === true,
  });
  return (word) => model.encode(word);
}

/** Merges as files have them, in the order of their ranks. */
export type MergePairs = readonly (string | readonly [string, string])[];

/** Merges by their two ids, of which one key is made. */
function readMerges(pairs: MergePairs, vocabulary: Vocabulary, prefix: string): Map<number, Merge> {
  const merges = new Map<number, Merge>();
  for (const [rank, pair] of pairs.entries()) {
    const [left, right] = partsOf(pair);
    const key = keyOf(requiredId(vocabulary, left), requiredId(vocabulary, right), vocabulary.idLimit);
    merges.set(key, { rank, id: requiredId(vocabulary, left + right.slice(prefix.length)) });
  }
  return merges;
}

/** @throws Error where a merge is not of two tokens */
function partsOf(pair: MergePairs[number]): readonly [left: string, right: string] {
  if (typeof pair !== 'string') return pair;
  const [left, right, ...more] = pair.split(' ');
  if (left === undefined || right === undefined || more.length > 0) {
    throw new Error(`a merge of other than two tokens: ${JSON.stringify(pair)}`);
  }
  return [left, right];
}

const keyOf = (left: number, right: number, idLimit: number): number => left * idLimit + right;

class Bpe {
  readonly #vocabulary: Vocabulary;
  readonly #merges: ReadonlyMap<number, Merge>;
  readonly #options: BpeOptions;
  readonly #remembered = new Map<string, readonly number[]>();

  constructor(vocabulary: Vocabulary, merges: ReadonlyMap<number, Merge>, options: BpeOptions) {
    this.#vocabulary = vocabulary;
    this.#merges = merges;
    this.#options = options;
  }

  encode(word: string): readonly number[] {
    const known = this.#remembered.get(word);
    if (known !== undefined) return known;
    const whole = this.#options.ignoreMerges ? this.#vocabulary.idOf(word) : undefined;
    const ids = whole === undefined ? mergeAll(this.#symbols(word), this.#merges, this.#vocabulary.idLimit) : [whole];
    if (word.length <= LONGEST_REMEMBERED) {
      if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear();
      this.#remembered.set(word, ids);
    }
    return ids;
  }

  /** The ids of a word's characters, from which merging begins. */
  #symbols(word: string): number[] {
    const { prefix, suffix, unknown, fuseUnknown, byteFallback } = this.#options;
    const ids: number[] = [];
    let pending = false;
    const flush = (): void => {
      if (pending) ids.push(unknown as number);
      pending = false;
    };
    let at = 0;
    for (const character of word) {
      const symbol = (at > 0 ? prefix : '') + character + (at + character.length === word.length ? suffix : '');
      at += character.length;
      const id = this.#vocabulary.idOf(symbol);
      if (id !== undefined) {
        flush();
        ids.push(id);
        continue;
      }
      // An unknown character that waits to be fused with the next comes behind the bytes, as in the reference.
      const bytes = byteFallback ? idsOfBytes(this.#vocabulary, symbol) : undefined;
      if (bytes !== undefined) {
        ids.push(...bytes);
        continue;
      }
      if (unknown === undefined) continue;
      if (!fuseUnknown) flush();
      pending = true;
    }
    flush();
    return ids;
  }
}

/** A pair that can be merged, in a heap: the smallest rank first, and of equal ones the left-most. */
type Candidate = readonly [rank: number, left: number, id: number];

/** Merges neighbours in the order of the merges' ranks until none is left to merge. */
function mergeAll(ids: number[], merges: ReadonlyMap<number, Merge>, idLimit: number): readonly number[] {
  const count = ids.length;
  if (count < 2) return ids;
  const next = Int32Array.from({ length: count }, (_, i) => (i + 1 < count ? i + 1 : -1));
  const previous = Int32Array.from({ length: count }, (_, i) => i - 1);
  const gone = new Uint8Array(count);
  const heap: Candidate[] = [];
  const offer = (left: number): void => {
    const right = left < 0 ? -1 : (next[left] as number);
    if (right < 0) return;
    const merge = merges.get(keyOf(ids[left] as number, ids[right] as number, idLimit));
    if (merge !== undefined) push(heap, [merge.rank, left, merge.id]);
  };
  for (let i = 0; i + 1 < count; i++) offer(i);
  for (let top = pop(heap); top !== undefined; top = pop(heap)) {
    const [, left, id] = top;
    const right = next[left] as number;
    if (gone[left] || right < 0) continue;
    // One of the two may have been merged with another since.
    if (merges.get(keyOf(ids[left] as number, ids[right] as number, idLimit))?.id !== id) continue;
    ids[left] = id;
    gone[right] = 1;
    const after = next[right] as number;
    next[left] = after;
    if (after >= 0) previous[after] = left;
    offer(previous[left] as number);
    offer(left);
  }
  return ids.filter((_, i) => !gone[i]);
}

const isBefore = (a: Candidate, b: Candidate): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);

function push(heap: Candidate[], candidate: Candidate): void {
  let at = heap.push(candidate) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(candidate, heap[parent] as Candidate)) break;
    heap[at] = heap[parent] as Candidate;
    at = parent;
  }
  heap[at] = candidate;
}

function pop(heap: Candidate[]): Candidate | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (top === undefined || last === undefined || heap.length === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Candidate, heap[child] as Candidate)) child++;
    if (!isBefore(heap[child] as Candidate, last)) break;
    heap[at] = heap[child] as Candidate;
    at = child;
  }
  heap[at] = last;
  return top;
}
