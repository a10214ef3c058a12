/** A share of the work for one of several machines: whole windows, so that the shares' outputs make up the whole. */

import { usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import type { WindowSize } from '../scorer/window-size.js';

/** The index-th share of `of`, from 1. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

/** Blocks of a file (windows.ts) from `from` up to, and without, `until`. */
export interface BlockRange {
  readonly from: number;
  readonly until: number;
}

/** @param text `I/N` */
export function parseShard(text: string): Shard {
  const [, index, count] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (index === undefined || count === undefined || count < 1 || index > count || !Number.isSafeInteger(count)) {
    throw usageError(`expected ${optionName('shard')} to be I/N with I from 1 to N, got ${text}`);
  }
  if (index === 0)
    throw usageError(`expected ${optionName('shard')} to count from 1, 1/${count} to ${count}/${count}, got ${text}`);
  return { index, of: count };
}

/**
 * The blocks of each file that a shard takes: contiguous over all files, and as many for each shard, give or take one.
 *
 * @param lengths the lengths of the files' contents, in bytes
 */
export function blocksOf({ index, of: shards }: Shard, lengths: readonly number[], size: WindowSize): BlockRange[] {
  const counts = lengths.map((length) => Math.ceil(length / size.bytes));
  const all = counts.reduce((sum, count) => sum + count, 0);
  const from = Math.floor(((index - 1) * all) / shards);
  const until = Math.floor((index * all) / shards);
  let before = 0;
  return counts.map((count) => {
    const range = { from: clamp(from - before, count), until: clamp(until - before, count) };
    before += count;
    return range;
  });
}

/**
 * The parts of each file that a shard takes.
 *
 * @param counts how many parts each file has
 * @throws FatalError `usage` where there are fewer parts than shards
 */
export function partsOf(shard: Shard, counts: readonly number[]): BlockRange[] {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (shard.of > all) {
    throw usageError(
      `expected ${optionName('shard')} of at most ${all}, as many as there are row groups, got ${shard.index}/${shard.of}; ` +
        `with ${optionName('to')} jsonl there may be more`,
    );
  }
  return blocksOf(shard, counts, { bytes: 1, rows: 1 });
}

const clamp = (block: number, count: number): number => Math.min(Math.max(block, 0), count);
