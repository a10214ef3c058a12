/** The vocabulary and the merges of a plain byte-level BPE, in memory that all threads can read at once. */
import type { MergePairs } from '../bpe.js';
import { byteCharacters } from '../byte-characters.js';
import { type MergeTable, mergeTable } from './merge-table.js';
import { type TokenTable, tokenTable } from './token-table.js';

export interface BpeTables extends TokenTable, MergeTable {
  /** The symbol of each byte. */
  readonly byteIds: Int32Array;
  /** Whether a word that is a token is taken as it is. */
  readonly ignoresMerges: boolean;
}

/**
 * The tables of a model, if it is a plain one: it knows all bytes, so that nothing is unknown; a token is what its
 * parts are, one behind the other; and each has an id of its own. Undefined for any other, and for one with a mistake
 * in it.
 *
 * @param model of a tokenizer.json whose shape was checked
 */
export function bpeTables({ type, vocab, merges, ...model }: Readonly<Record<string, unknown>>): BpeTables | undefined {
  const { dropout, continuing_subword_prefix: prefix, end_of_word_suffix: suffix, unk_token: unknown } = model;
  if (type !== 'BPE' || Array.isArray(vocab) || dropout || isText(prefix) || isText(suffix)) {
    return undefined;
  }
  const ids = vocab as Readonly<Record<string, number>>;
  const byteIds = Int32Array.from(byteCharacters, (character) =>
    Object.hasOwn(ids, character) ? (ids[character] as number) : -1,
  );
  if (byteIds.includes(-1) || (typeof unknown === 'string' && !Object.hasOwn(ids, unknown))) return undefined;
  const tokens = tokenTable(ids);
  const table = tokens && mergeTable(merges as MergePairs, tokens);
  return table && { ...tokens, ...table, byteIds, ignoresMerges: model.ignore_merges === true };
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
