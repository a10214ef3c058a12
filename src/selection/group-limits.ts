/** The largest size of a group of rows, which is held in memory until the next one begins. */
import { optionName } from '../option-name.js';

/** More than the candidates that are ever drawn for one prompt; a constant column soon has more rows. */
const MOST_ROWS = 100_000;

/** As many as the longest row that is read by default, which may be a group of candidates too. */
const MOST_BYTES = 64 * 2 ** 20;

export const isTooLarge = (rows: number, bytes: number): boolean => rows > MOST_ROWS || bytes > MOST_BYTES;

/** @param place the file and line of the first row that is too many */
export const groupTooLarge = (field: string, place: string): string =>
  `${place}: expected at most ${MOST_ROWS.toLocaleString('en-US')} rows and ${MOST_BYTES / 2 ** 20} MiB in a group, got more ` +
  `with the same value in ${field}; name the field that tells prompts apart with ${optionName('group')}`;
