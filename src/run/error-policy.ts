/** What bad rows do to a run. */

import { usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import type { WindowStats } from '../scorer/protocol.js';

export const errorActions = ['null', 'skip', 'fail'] as const;
/** A bad row is written with a null reward, left out, or ends the run. */
type ErrorAction = (typeof errorActions)[number];

/** `rows`: the run ends at so many bad rows; `percent`: when more of the rows read are bad. */
export type ErrorLimit = { readonly rows: number } | { readonly percent: number };

export interface ErrorPolicy {
  readonly action: ErrorAction;
  readonly limit: ErrorLimit | undefined;
}

/** Where the run gives up. */
export interface GivingUp {
  /** Rows of the window that still count. */
  readonly rows: number;
  /** Why. */
  readonly message: string;
}

/** Of fewer rows a share says little. */
const ROWS_TO_JUDGE = 100;

/** @param text `N` or `P%` */
export function parseErrorLimit(text: string): ErrorLimit {
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  const value = Number(number);
  if (percent === '%' && value <= 100) return { percent: value };
  if (percent === '' && Number.isSafeInteger(value) && value > 0) return { rows: value };
  throw usageError(
    `expected ${optionName('maxErrors')} to be a whole number from 1 up, or a share from 0% to 100%, got ${text}`,
  );
}

/**
 * Whether a run gives up in a window, and after which of its rows.
 *
 * @param before counts of the rows before the window
 */
export function giveUp(
  { action, limit }: ErrorPolicy,
  before: { readonly rows: number; readonly failed: number },
  { rows, failed }: Pick<WindowStats, 'rows' | 'failed'>,
): GivingUp | undefined {
  const [first] = failed;
  if (action === 'fail' && first !== undefined)
    return { rows: first.row + 1, message: `${optionName('onError')} fail` };
  if (limit === undefined) return undefined;
  if ('rows' in limit) {
    // More may be bad already, where a run goes on that had a higher limit.
    const last = failed[Math.max(limit.rows - before.failed - 1, 0)];
    return last && { rows: last.row + 1, message: `${optionName('maxErrors')} ${limit.rows}` };
  }
  // The share grows with bad rows alone, but is not looked at before the hundredth row.
  const looks = [...failed.map(({ row }) => row), ROWS_TO_JUDGE - 1 - before.rows].sort((a, b) => a - b);
  for (const row of looks) {
    const read = before.rows + row + 1;
    if (row < 0 || row >= rows || read < ROWS_TO_JUDGE) continue;
    const bad = before.failed + failed.filter((failure) => failure.row <= row).length;
    if (100 * bad > limit.percent * read) {
      return { rows: row + 1, message: `${optionName('maxErrors')} ${limit.percent}%: ${bad} of ${read} rows are bad` };
    }
  }
  return undefined;
}
