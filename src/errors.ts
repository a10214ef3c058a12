/**
 * What makes the whole run pointless is thrown as a FatalError; what is wrong with one row is a value
 * (rows/failure.ts). Anything else that is thrown is a defect of this program.
 */

/** `usage`: the caller asked for something that cannot be (exit 2). `run`: it could be, and went wrong (exit 1). */
export type FatalKind = 'usage' | 'run';

export class FatalError extends Error {
  readonly kind: FatalKind;

  constructor(kind: FatalKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FatalError';
    this.kind = kind;
  }
}

export const usageError = (message: string, options?: ErrorOptions): FatalError =>
  new FatalError('usage', message, options);

export const runError = (message: string, options?: ErrorOptions): FatalError =>
  new FatalError('run', message, options);

/** The text of whatever was thrown. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** Whether an error is the operating system's answer to a call on files. */
export const isFileSystemError = (error: unknown): boolean =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
