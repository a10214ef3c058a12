/**
 * How a thread is ended that may be in native code of an addon.
 *
 * Worker.terminate() stops JavaScript wherever it is. Native code runs on, and the first value that an addon built with
 * node-addon-api then makes for JavaScript cannot be made: it throws where nothing catches, and that ends the whole
 * process (134, "terminate called after throwing an instance of 'Napi::Error'"). Measured with onnxruntime-node 1.30:
 * by one of some 200 threads that were terminated while they loaded it, and by every one while a session ran. So a
 * thread in native code is not terminated: it is told to end, and ends itself when it is back in JavaScript.
 */
import { type Worker, workerData } from 'node:worker_threads';

/** Bits of the state that a thread shares with the one that may end it. */
const IN_NATIVE_CODE = 1;
const MUST_END = 2;

/** What a thread's `workerData` has for it to be ended by ThreadEnd. */
export interface EndableThreadData {
  /** Shared; of length 1. */
  readonly threadState: Int32Array;
}

/** For the thread that has started another one: ends that other one. */
export class ThreadEnd implements EndableThreadData {
  readonly threadState = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

  /** Ends the thread, started with this object's `threadState`: at once, or as soon as native code returns. */
  end(worker: Worker): void {
    const before = Atomics.or(this.threadState, 0, MUST_END);
    if ((before & IN_NATIVE_CODE) === 0) void worker.terminate();
  }
}

/** Of this thread; undefined where no ThreadEnd ends it, as in the main thread. */
const ownState = (workerData as Partial<EndableThreadData> | null)?.threadState;

/** Calls into native code that have not returned: one may start before another has ended. */
let calls = 0;

/** Runs what calls native code of an addon. */
export function inNativeCode<T>(work: () => T): T {
  enter();
  try {
    return work();
  } finally {
    leave();
  }
}

/** Runs what calls native code of an addon before its promise is settled. */
export async function inNativeCodeUntilSettled<T>(work: () => Promise<T>): Promise<T> {
  enter();
  try {
    return await work();
  } finally {
    leave();
  }
}

function enter(): void {
  if (ownState === undefined) return;
  calls += 1;
  if (calls > 1) return;
  const before = Atomics.or(ownState, 0, IN_NATIVE_CODE);
  if ((before & MUST_END) !== 0) process.exit();
}

function leave(): void {
  if (ownState === undefined) return;
  calls -= 1;
  if (calls > 0) return;
  const before = Atomics.and(ownState, 0, ~IN_NATIVE_CODE);
  // In a worker, this ends the thread alone.
  if ((before & MUST_END) !== 0) process.exit();
}
