import { runError } from '../errors.js';
import type { Window } from './protocol.js';
import type { WorkerCrash } from './worker-crash.js';

/** Windows with crashes that are logged one by one; after these, every power of ten is. */
const LOGGED_SINGLY = 3;

/**
 * The most worker crashes in a row, without a row scored in between: beyond these, rows are not the cause. Finding the
 * one bad row of a window of 4,096 takes 16 crashes; a run of 30 bad rows stays below this.
 */
const MOST_IN_A_ROW = 100;

/** Logs, counts and limits the crashes of worker threads. */
export class Incidents {
  /** Number of threads that were started to replace a crashed one. */
  restarts = 0;
  readonly #log: (message: string) => void;
  #inARow = 0;
  #windows = 0;

  constructor(log: (message: string) => void) {
    this.#log = log;
  }

  /** @throws FatalError where too many threads crashed in a row */
  died({ reason }: WorkerCrash): void {
    if (++this.#inARow >= MOST_IN_A_ROW) {
      throw runError(
        `${MOST_IN_A_ROW} worker threads in a row died and not one row was scored: the last one ${reason}; ` +
          'what was finished before is kept',
      );
    }
    this.restarts++;
  }

  survived(): void {
    this.#inARow = 0;
  }

  /** To be called when a thread crashed on a window whose rows are now scored again. */
  onWindow({ reason }: WorkerCrash, { index, line }: Window): void {
    const count = ++this.#windows;
    if (count <= LOGGED_SINGLY) {
      const rows = line === null ? 'its rows' : `its rows, from line ${line} on,`;
      this.#log(`a worker thread ${reason} at window ${index}: ${rows} are scored again on a fresh one`);
    } else if (Number.isInteger(Math.log10(count))) {
      this.#log(`worker threads died at ${count} windows so far; the last one ${reason}`);
    }
  }
}
