/** How bad rows affect a run. */

import { usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import type { WindowStats } from '../scorer/protocol.js';

export const errorActions = ['null', 'skip', 'fail'] as const;
/** A bad row is written with a null reward, left out, or ends the run. */
type ErrorAction = (typeof errorActions)[number];

/** With `rows`, the run ends at so many bad rows; with `percent`, when a larger share of the rows read is bad. */
export type ErrorLimit = { readonly rows: number } | { readonly percent: number };

export interface ErrorPolicy {
  readonly action: ErrorAction;
  readonly limit: ErrorLimit | undefined;
}

/** Where and why a run gives up. */
export interface GivingUp {
  /** Rows of the window that still count. */
  readonly rows: number;
  /** The reason. */
  readonly message: string;
}

/** A share of fewer rows says little. */
const LEAST_ROWS = 100;

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
    // More rows may be bad already, where a run is resumed that had a higher limit.
    const last = failed[Math.max(limit.rows - before.failed - 1, 0)];
    return last && { rows: last.row + 1, message: `${optionName('maxErrors')} ${limit.rows}` };
  }
  // The share grows only with bad rows, but is not checked before the hundredth row.
  const looks = [...failed.map(({ row }) => row), LEAST_ROWS - 1 - before.rows].sort((a, b) => a - b);
  for (const row of looks) {
    const read = before.rows + row + 1;
    if (row < 0 || row >= rows || read < LEAST_ROWS) continue;
    const bad = before.failed + failed.filter((failure) => failure.row <= row).length;
    if (100 * bad > limit.percent * read) {
      return { rows: row + 1, message: `${optionName('maxErrors')} ${limit.percent}%: ${bad} of ${read} rows are bad` };
    }
  }
  return undefined;
}
