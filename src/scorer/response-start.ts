/** Where the response begins among the tokens of a text. */
import { commonPrefix } from '../model/layout/distinct-rows.js';
import type { TokenRow, TruncationSide } from '../model/tokenizer/tokenizer.js';
import type { TextToScore } from '../rows/kinds/text-to-score.js';

/**
 * The first of a row's tokens that the prompt alone does not have: a token that spans the border is one of the response.
 * Of a text that is all response it is the first of its own, after those that the tokenizer puts before it.
 *
 * @param tokens with their places: the row was made with `keepsCut`
 * @param encode gives the tokens of a text, without special ones around it
 * @returns null where all tokens of the response were cut
 */
export function responseStart(
  { prompt, first }: Pick<TextToScore, 'prompt' | 'first'>,
  { row, places }: TokenRow,
  side: TruncationSide,
  encode: (text: string) => readonly number[],
): number | null {
  const place = places?.at(-1);
  if (place === undefined) throw new Error('where a response begins is read from the tokens that were cut too');
  const { start, end, cutIds } = place;
  if (first !== undefined) return start < end ? start : null;
  if (prompt === undefined) return 0;
  const own = row.slice(start, end);
  const isLeft = side === 'left';
  const length = commonPrefix(encode(prompt), isLeft ? [...cutIds, ...own] : [...own, ...cutIds]);
  const inRow = Math.max(0, isLeft ? length - cutIds.length : length);
  return inRow < own.length ? start + inRow : null;
}
