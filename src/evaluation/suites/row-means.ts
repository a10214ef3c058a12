import { alone } from '../clusters.js';
import { meanOf } from '../means.js';
import type { NotDefined, Statistic } from '../metric.js';

/**
 * The mean of a value over some rows of a suite, each of which is a cluster of its own.
 *
 * @param values of rows, by their index in the suite
 * @param rows of the whole suite
 */
export function meanOfRows(
  values: readonly { readonly row: number; readonly value: number }[],
  rows: number,
): Statistic | NotDefined {
  const all = new Float64Array(rows).fill(Number.NaN);
  for (const { row, value } of values) all[row] = value;
  return meanOf(all, alone(rows), 'rows of the suite');
}
