/** The messages for the user, which go to standard error, one line each. */
import type { Writable } from 'node:stream';
import { printableMessage } from '../platform/printable.js';

export interface Log {
  /** Writes a message that --quiet suppresses. */
  note(message: string): void;
  /** Writes a message in any case. */
  error(message: string): void;
}

export function createLog(stderr: Writable): Log {
  // Names of files, rows and models are in messages, whatever characters they consist of.
  const say = (message: string): void => void stderr.write(`reward-score: ${printableMessage(message)}\n`);
  return { note: say, error: say };
}

/** The log of a run with --quiet. */
export const quieted = ({ error }: Log): Log => ({ note: () => undefined, error });
