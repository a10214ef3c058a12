/** What is said of packed files that cannot be unpacked to their end. All that could be was given out before. */
import { type FatalError, runError } from '../errors.js';

/** The file is not whole. */
export const cut = (name: string, expected: string, size: number): FatalError =>
  runError(
    `${name}: expected ${expected}, the file ends before it, at byte ${size}; it was cut: fetch or pack it again`,
  );

/** The file is not what was packed. */
export const damaged = (name: string, what: string, options?: ErrorOptions): FatalError =>
  runError(`${name}: ${what}; it is damaged: fetch or pack it again`, options);

/** The packed data is over, and the file is not. */
export const trailing = (name: string, what: string, offset: number): FatalError =>
  runError(`${name}: expected ${what} or the file's end at byte ${offset}, got other data`);
