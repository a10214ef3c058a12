/**
 * A thread that is started before it is known what it is to do. To start and to load its modules takes a thread about as long as
 * the main thread needs to find out what there is to be done, and the two go on side by side.
 */
import { ThreadHandle } from './thread-handle.js';

let first: ThreadHandle | undefined;

/** @returns the thread that was started beforehand, if there is one, else a new one */
export function takeThread(): ThreadHandle {
  const thread = first ?? new ThreadHandle();
  first = undefined;
  return thread;
}

/** Starts a thread for work that will very likely need one, and ends it where the work has not taken it. */
export async function withFirstThread<T>(work: () => Promise<T>): Promise<T> {
  first = new ThreadHandle();
  try {
    return await work();
  } finally {
    const unused = first;
    first = undefined;
    await unused?.discard();
  }
}
