/** Handles signals: the first one ends the run cleanly, the second at once. */
import type { Context } from './context.js';
import { exitCodeOf } from './exit-codes.js';

export const signals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

export interface SignalWatch {
  /** The signal that came, if one did. */
  readonly received: NodeJS.Signals | undefined;
  /** Restores Node's own handling of the signals. */
  stop(): void;
}

export function watchSignals(
  { signals: source, dieBy: die }: Pick<Context, 'signals' | 'dieBy'>,
  onFirst: (signal: NodeJS.Signals) => void,
): SignalWatch {
  let received: NodeJS.Signals | undefined;
  const listener = (signal: NodeJS.Signals): void => {
    if (received === undefined) {
      received = signal;
      onFirst(signal);
    } else {
      die(signal);
    }
  };
  for (const signal of signals) source.on(signal, listener);
  return {
    get received() {
      return received;
    },
    stop() {
      for (const signal of signals) source.off(signal, listener);
    },
  };
}

/** Ends the process as the signal would have, so that the shell sees 128 + its number. */
export function dieBy(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // The system does not deliver it to process 1, which a container's first program is: that has to exit by itself.
  if (process.pid === 1) process.exit(exitCodeOf(signal));
}
