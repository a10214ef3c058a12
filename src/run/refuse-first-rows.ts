/** What is wrong with the first row of an input, and would be with all, is wrong use rather than a bad row. */
import { usageError } from '../errors.js';
import { existingResult } from '../rows/existing-rewards.js';
import type { FormatSettings } from '../rows/formats/index.js';
import type { Row } from '../rows/kinds/roles.js';
import type { RefusalOf } from '../scorer/open.js';
import type { Input } from './input.js';

/**
 * Ends the run before the model is prepared, which may take minutes, and before anything is written: in every shard,
 * whether or not the row is of it.
 *
 * @throws FatalError `usage`
 */
export function refuseFirstRows(inputs: readonly Input[], format: FormatSettings, refusalOf: RefusalOf): void {
  const { existing, fields } = format;
  const isCarried = (row: Row): boolean =>
    existing !== 'refuse' && existing !== 'replace' && existingResult(row, format) !== undefined;
  for (const { name, first } of inputs) {
    if (first === undefined || isCarried(first.row)) continue;
    const refused = refusalOf(first.row, fields);
    if (refused !== undefined) throw usageError(`${name}:${first.line}: ${refused}`);
  }
}
