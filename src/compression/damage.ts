/** Errors for compressed files that cannot be decompressed to their end. All that could be was returned before. */
import { type FatalError, runError } from '../errors.js';

/** The file ends too early. */
export const cut = (name: string, expected: string, size: number): FatalError =>
  runError(
    `${name}: expected ${expected}, the file ends before it, at byte ${size}; it was cut: fetch or compress it again`,
  );

/** The file's bytes were changed. */
export const damaged = (name: string, what: string, options?: ErrorOptions): FatalError =>
  runError(`${name}: ${what}; it is damaged: fetch or compress it again`, options);

/** The file continues after the end of the compressed data. */
export const trailing = (name: string, what: string, offset: number): FatalError =>
  runError(`${name}: expected ${what} or the file's end at byte ${offset}, got other data`);
