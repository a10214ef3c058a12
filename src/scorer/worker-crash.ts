import { FatalError, messageOf } from '../errors.js';
import { optionName } from '../option-name.js';

/** A worker thread has ended, or does not respond any more. */
export class WorkerCrash extends FatalError {
  /**
   * What it did, to follow `a worker thread` or `it`. The same crash has the same words, as they are written to
   * outputs.
   */
  readonly reason: string;
  /**
   * Whether it cannot be ended because native code hangs. The process cannot end as usual either
   * (platform/forced-exit.ts).
   */
  readonly hung: boolean;

  constructor(reason: string, { hung = false, cause }: { readonly hung?: boolean; readonly cause?: unknown } = {}) {
    const remedy = hung
      ? `, and ${optionName('resume')} goes on with it; if the thread was only slow, name a longer ${optionName('workerTimeout')}`
      : '';
    super('run', `a worker thread ${reason}; what was finished before is kept${remedy}`, { cause });
    this.reason = reason;
    this.hung = hung;
  }
}

/** Describes the crash of a thread for which Node reports an uncaught error. */
export const crashReason = (error: unknown): string =>
  (error as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? 'ran out of JavaScript heap memory'
    : `threw: ${messageOf(error)}`;
