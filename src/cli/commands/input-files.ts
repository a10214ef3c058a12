/** Which files a command reads. */
import { usageError } from '../../errors.js';
import { expandPath } from '../../platform/glob.js';

/**
 * The files that the arguments name, those of a quoted pattern in sorted order.
 *
 * @throws FatalError `usage` where a pattern stands for no file
 */
export const inputFiles = (paths: readonly string[]): readonly string[] =>
  paths.flatMap((path) => {
    const files = expandPath(path);
    if (files.length === 0) throw usageError(`${path}: expected a pattern of files that are there, found none of them`);
    return files;
  });
