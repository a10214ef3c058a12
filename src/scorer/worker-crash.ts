import { FatalError, messageOf } from '../errors.js';

/** A worker thread is no more, or is as good as dead. */
export class WorkerCrash extends FatalError {
  /** What it did, after `a worker thread` or `it`. The same death is told in the same words: they are written to outputs. */
  readonly reason: string;
  /** It cannot be ended: native code hangs. The process cannot end as usual either (hang.ts). */
  readonly hung: boolean;

  constructor(reason: string, { hung = false, cause }: { readonly hung?: boolean; readonly cause?: unknown } = {}) {
    const remedy = hung
      ? ', and --resume goes on with it; if the thread was only slow, name a longer --worker-timeout'
      : '';
    super('run', `a worker thread ${reason}; what was finished before is kept${remedy}`, { cause });
    this.reason = reason;
    this.hung = hung;
  }
}

/** What a thread did that Node tells an uncaught error of. */
export const crashReason = (error: unknown): string =>
  (error as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? 'ran out of JavaScript heap memory'
    : `threw: ${messageOf(error)}`;
