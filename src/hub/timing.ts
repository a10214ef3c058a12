/** Time, as the downloads see it. It is passed in, so that no test has to wait. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Timing {
  /** Resolves after a wait; rejects with the signal's reason where the signal is aborted first. */
  pause(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `expire` after a time, unless the returned function is called before. */
  deadline(ms: number, expire: () => void): () => void;
}

export const realTiming: Timing = {
  async pause(ms, signal) {
    try {
      await sleep(ms, undefined, signal && { signal });
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
  deadline(ms, expire) {
    const timer = setTimeout(expire, ms);
    return () => clearTimeout(timer);
  },
};
