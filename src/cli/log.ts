/** What the program says to a person: on standard error, one line each. */
import type { Writable } from 'node:stream';

export interface Log {
  /** Worth knowing, and left out by --quiet. */
  note(message: string): void;
  /** Always said. */
  error(message: string): void;
}

export function createLog(stderr: Writable): Log {
  const say = (message: string): void => void stderr.write(`reward-score: ${message}\n`);
  return { note: say, error: say };
}

/** The log of a run with --quiet. */
export const quieted = ({ error }: Log): Log => ({ note: () => undefined, error });
