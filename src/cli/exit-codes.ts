import { constants } from 'node:os';

export const ExitCode = { ok: 0, fatal: 1, usage: 2, badRows: 3 } as const;

/** What the shell sees of a process that a signal ended. */
export const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];
