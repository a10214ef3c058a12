import { runError } from '../errors.js';
import type { Window } from './protocol.js';
import type { WorkerCrash } from './worker-crash.js';

/** Windows on which threads died that are told one by one; then at every tenth power. */
const TOLD = 3;

/**
 * Threads that die one after the other without a row scored in between: then it is not rows that kill them. To find
 * the one bad row of a window of 4,096 takes 16; a run of 30 bad rows stays below this.
 */
const MOST_IN_A_ROW = 100;

/** Deaths of worker threads: told, counted, and not without end. */
export class Incidents {
  /** Threads that were started in a dead one's place. */
  restarts = 0;
  readonly #tell: (message: string) => void;
  #inARow = 0;
  #windows = 0;

  constructor(tell: (message: string) => void) {
    this.#tell = tell;
  }

  /** @throws FatalError where too many threads died in a row */
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

  /** A thread died under a window whose rows are now scored again. */
  onWindow({ reason }: WorkerCrash, { index, line }: Window): void {
    const count = ++this.#windows;
    if (count <= TOLD) {
      const rows = line === null ? 'its rows' : `its rows, from line ${line} on,`;
      this.#tell(`a worker thread ${reason} at window ${index}: ${rows} are scored again on a fresh one`);
    } else if (Number.isInteger(Math.log10(count))) {
      this.#tell(`worker threads died at ${count} windows so far; the last one ${reason}`);
    }
  }
}
