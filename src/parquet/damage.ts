/** What is said of a column that cannot be read. */
import { FatalError, messageOf, runError } from '../errors.js';

/**
 * @param name of the file
 * @param group which of the file's row groups, from 0
 * @param error one that is fatal already is not said anew
 */
export function damagedColumn(name: string, path: readonly string[], group: number, error: unknown): Error {
  if (error instanceof FatalError) return error;
  return runError(
    `${name}: the column ${path.join('.')} of row group ${group} cannot be read: ${messageOf(error)}; ` +
      'the file is damaged, or of a kind that is not read',
    { cause: error },
  );
}
