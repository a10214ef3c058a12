/** How far a file was written, and enough of its end to distinguish it from another file. */
import { createHash } from 'node:crypto';
import { concatBytes } from '../platform/bytes.js';

export interface FilePosition {
  /** The file's length in bytes. */
  readonly bytes: number;
  /** SHA-256 of its last bytes in hexadecimal, of `TAIL_BYTES` or of all where there are fewer. */
  readonly tail: string;
}

export const TAIL_BYTES = 4096;

/** @param tail the last `TAIL_BYTES` bytes before `position`, or all where there are fewer */
export const filePosition = ({
  position,
  tail,
}: {
  readonly position: number;
  readonly tail: Uint8Array;
}): FilePosition => ({ bytes: position, tail: createHash('sha256').update(tail).digest('hex') });

/** The last bytes once `bytes` are appended to `tail`, in memory of their own. */
export const extendTail = (tail: Uint8Array, bytes: Uint8Array): Uint8Array =>
  concatBytes([tail, bytes.subarray(-TAIL_BYTES)]).slice(-TAIL_BYTES);
