/** Identifies the process that works on something, so that another one can find out whether it still runs. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Distinguishes a process from a later one with the same number; undefined where the system does not say. */
  readonly started?: string | undefined;
}

export const thisProcess = (): ProcessIdentity => ({
  host: hostname(),
  pid: process.pid,
  started: statOf(process.pid)?.started,
});

export const isOnThisMachine = ({ host }: ProcessIdentity): boolean => host === hostname();

/** Whether a process of this machine still runs. */
export function isRunning({ pid, started }: ProcessIdentity): boolean {
  const stat = statOf(pid);
  // It was killed, and its parent has not collected its status yet: in containers, no process may ever do so.
  if (stat?.state === 'Z') return false;
  return isAlive(pid) && started === stat?.started;
}

/** Whether a process of this number runs on this machine, whichever user owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** A process's state, and when it started in the system's own ticks; undefined where the system does not say. */
function statOf(pid: number): { state: string | undefined; started: string | undefined } | undefined {
  try {
    // The name in brackets may hold anything, spaces and brackets too.
    const [, state, ...others] = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').split(' ');
    return { state, started: others[18] };
  } catch {
    return undefined; // only Linux has that file
  }
}
