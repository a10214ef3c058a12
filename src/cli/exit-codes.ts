import { constants } from 'node:os';

export const ExitCode = { ok: 0, fatal: 1, usage: 2, badRows: 3, missed: 4 } as const;

/** The meaning of each exit code. */
export const exitCodeMeanings: Readonly<Record<keyof typeof ExitCode, string>> = {
  ok: 'all rows are scored, or the reader of the output (`head`) had enough',
  fatal: 'fatal: a model that cannot be loaded, input or output that fails; finished work is saved',
  usage: 'wrong use, before anything is written',
  badRows:
    'finished, and some rows are bad; `model check`: some rewards are not reproduced; `compare`: some rows are left out; `summary`, `doctor`: something is wrong',
  missed: '`eval`: finished, and a threshold was missed',
};

/** The exit code that the shell sees for a process that a signal ended. */
export const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];
