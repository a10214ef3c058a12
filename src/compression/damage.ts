/** What is said of compressed files that cannot be decompressed to their end. All that could be was given out before. */
import { type FatalError, runError } from '../errors.js';

/** The file is not whole. */
export const cut = (name: string, expected: string, size: number): FatalError =>
  runError(
    `${name}: expected ${expected}, the file ends before it, at byte ${size}; it was cut: fetch or compress it again`,
  );

/** The file is not what was compressed. */
export const damaged = (name: string, what: string, options?: ErrorOptions): FatalError =>
  runError(`${name}: ${what}; it is damaged: fetch or compress it again`, options);

/** The compressed data is over, and the file is not. */
export const trailing = (name: string, what: string, offset: number): FatalError =>
  runError(`${name}: expected ${what} or the file's end at byte ${offset}, got other data`);
