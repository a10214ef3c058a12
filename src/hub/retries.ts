/** How often, and after which waits, a failed transfer is tried again. */
import type { Timing } from './timing.js';
import { TransferError } from './transfer-error.js';

const RETRIES = 5;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 8000;
/** The hub counts requests in windows of five minutes, so it asks for no longer waits. */
const LONGEST_ASKED_WAIT_MS = 300_000;
/** The user is notified of waits that are at least as long. */
const NOTIFIED_WAIT_MS = 10_000;

export interface RetryOptions {
  readonly timing: Timing;
  readonly notify: (message: string) => void;
  readonly signal: AbortSignal | undefined;
}

/** Exponential backoff, unless the server asks for a certain wait. */
export class RetryPolicy {
  readonly #options: RetryOptions;
  #failures = 0;

  constructor(options: RetryOptions) {
    this.#options = options;
  }

  /** Waits until it is time to try again; throws the error where it is time to give up. */
  async waitAfter(error: TransferError): Promise<void> {
    const { timing, notify, signal } = this.#options;
    const wait = error.retryAfterMs ?? Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    this.#failures++;
    if (this.#failures > RETRIES || wait > LONGEST_ASKED_WAIT_MS) throw error;
    if (wait >= NOTIFIED_WAIT_MS) notify(`${error.message}: trying again in ${Math.ceil(wait / 1000)} s`);
    await timing.pause(wait, signal);
  }

  /** To be called when something arrived: what fails from here on is a new failure. */
  reset(): void {
    this.#failures = 0;
  }
}

/**
 * Tries something until it works, fails for good, or fails in a way that is not worth another try.
 *
 * @throws what the last attempt threw, or the signal's reason
 */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  options: RetryOptions,
  isWorthIt: (error: TransferError) => boolean = () => true,
): Promise<T> {
  const policy = new RetryPolicy(options);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TransferError) || !isWorthIt(error)) throw error;
      await policy.waitAfter(error);
    }
  }
}
