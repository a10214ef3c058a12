import { fileURLToPath } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { FatalError, runError } from '../errors.js';
import { currentOptionSpelling } from '../option-name.js';
import { environment } from '../platform/environment.js';
import { statOrUndefined } from '../platform/files.js';
import { requireForcedExit } from '../platform/forced-exit.js';
import { ThreadEnd } from '../platform/native-code.js';
import { nodeFlagsOfThread, writeToStandardError } from '../platform/threads.js';
import type { FromWorker, ThreadData, ToWorker } from './protocol.js';
import { crashReason, WorkerCrash } from './worker-crash.js';

/** How long a thread may take to end when it is told to: one that runs JavaScript ends within milliseconds. */
const GRACE_MS = 5000;

/**
 * Rows are garbage as soon as they are written: with V8's usual 48 MB, each worker keeps that much of it (measured over a
 * million rows), and is no faster.
 */
const YOUNG_GENERATION_MB = 3;

/** A thread reads its modules before it can show a sign of life: that is granted beside the deadline. */
const START_MS = 5000;

/** A deadline is this many ticks without a sign of life between them. */
const TICKS = 4;

interface Pending {
  readonly resolve: (answer: FromWorker) => void;
  readonly reject: (error: unknown) => void;
}

/** One worker thread, asked one thing at a time. */
export class ThreadHandle {
  readonly #worker: Worker;
  readonly #threadEnd = new ThreadEnd();
  #onNotice: (message: string) => void = () => undefined;
  #deadlineMs = 0;
  /** The thread is gone, or is waited for no longer. */
  readonly #ended: Promise<void>;
  #settle: () => void = () => undefined;
  #pending: Pending | undefined;
  #lastRequest: Promise<unknown> = Promise.resolve();
  /** What is known of a death before the thread is gone. */
  #dying: WorkerCrash | undefined;
  #crash: WorkerCrash | undefined;
  #watch: NodeJS.Timeout | undefined;
  #silentTicks = 0;

  /**
   * Starts the thread, which may be asked something once it is assigned.
   *
   * @throws FatalError where the file that it is to run is not there
   */
  constructor() {
    // onnxruntime 1.29 and later report every session to Microsoft unless told not to, before they are loaded and in
    // the process's own environment: a worker's process.env is a copy that native code does not see.
    environment().ORT_DISABLE_TELEMETRY ??= '1';
    const data: ThreadData = { optionSpelling: currentOptionSpelling(), threadState: this.#threadEnd.threadState };
    // A library's console.log in a worker must not reach standard output, which carries data only.
    this.#worker = new Worker(entryFile(), {
      stdout: true,
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: heapLimitMb(), maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
      ...nodeFlagsOfThread(),
    });
    this.#worker.stdout.on('data', writeToStandardError);
    this.#ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#worker.on('error', (error) => {
      this.#dying ??= new WorkerCrash(crashReason(error), { cause: error });
    });
    // Not before: what a dead thread held is given back when it is gone, and another one is to have the room.
    this.#worker.on('exit', (code) => this.#die(this.#dying ?? new WorkerCrash(`ended with code ${code}`)));
    this.#worker.on('message', (answer: FromWorker) => {
      this.#silentTicks = 0;
      if (answer.type === 'alive') return;
      if (answer.type === 'notice') return this.#onNotice(answer.message);
      const pending = this.#pending;
      this.#pending = undefined;
      clearInterval(this.#watch);
      pending?.resolve(answer);
    });
  }

  /** @param deadlineMs without a sign of life for so long, the thread is ended when it was asked something */
  assign(onNotice: (message: string) => void, deadlineMs: number): this {
    this.#onNotice = onNotice;
    this.#deadlineMs = deadlineMs;
    return this;
  }

  /** How it died, if it did. */
  get crash(): WorkerCrash | undefined {
    return this.#crash;
  }

  /** The answer of type `expected`; rejects where the worker answers with an error, and with a WorkerCrash where it dies. */
  async request<T extends FromWorker['type']>(message: ToWorker, expected: T): Promise<FromWorker & { type: T }> {
    const answered = new Promise<FromWorker>((resolve, reject) => {
      this.#pending = { resolve, reject };
    });
    this.#lastRequest = answered.catch(() => undefined);
    if (this.#crash === undefined) this.#post(message);
    else this.#pending?.reject(this.#crash);
    const answer = await answered;
    if (answer.type === 'error') {
      const { kind, message, stack } = answer;
      // What no part of the worker expected is a defect of this program here, too.
      const error = kind === undefined ? new Error(message) : new FatalError(kind, message);
      if (stack !== undefined) error.stack = stack;
      throw error;
    }
    if (answer.type !== expected) throw new Error(`expected ${expected} from a worker, got ${answer.type}`);
    return answer as FromWorker & { type: T };
  }

  /** Has the thread free its session and end. Does not wait for one that hangs. */
  async release(): Promise<void> {
    await this.#lastRequest;
    if (this.#crash === undefined) this.#post({ type: 'release' });
    await this.#ended;
  }

  /** Ends a thread that has nothing to free, wherever it is. */
  async discard(): Promise<void> {
    this.#threadEnd.end(this.#worker);
    await this.#ended;
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
    // To prepare a model takes as long as the disk does, and shows nothing while it writes.
    if (message.type === 'prepare') return;
    clearInterval(this.#watch);
    this.#silentTicks = 0;
    // In ticks, since a process that was stopped for an hour and goes on gets one, and then its messages.
    this.#watch = setInterval(
      () => {
        if (++this.#silentTicks >= TICKS) this.#endSilent();
      },
      (this.#deadlineMs + (message.type === 'share' || message.type === 'load' ? START_MS : 0)) / TICKS,
    );
  }

  #endSilent(): void {
    clearInterval(this.#watch);
    const silence = `${this.#deadlineMs / 1000} s`;
    this.#dying ??= new WorkerCrash(`showed no sign of life for ${silence}`);
    this.#threadEnd.end(this.#worker);
    this.#watch = setTimeout(() => {
      requireForcedExit();
      this.#die(new WorkerCrash(`has shown no sign of life for ${silence} and cannot be ended`, { hung: true }));
    }, GRACE_MS);
  }

  #die(crash: WorkerCrash): void {
    clearTimeout(this.#watch);
    this.#crash ??= crash;
    this.#pending?.reject(this.#crash);
    this.#pending = undefined;
    this.#settle();
  }
}

/** @throws FatalError where it is not there, as where a bundler has put this file into another and left it out */
function entryFile(): URL {
  const url = new URL('./thread.js', import.meta.url);
  if (statOrUndefined(fileURLToPath(url)) !== undefined) return url;
  throw runError(
    `${fileURLToPath(url)}: expected the file that worker threads run, found none; ` +
      'do not bundle reward-score: keep it as an external package',
  );
}

/**
 * V8's own limit for a process on this machine, but no more than twice what a row of 64 MiB takes (measured: 0.9 GB): V8
 * gives each thread up to 4 GB, and the system kills the process before many of them have met that.
 *
 * A thread at its limit dies alone, whether of small objects, of arrays or of strings of some MB each. Not of one object
 * that is more than 16 MB beyond it (an array of 10^7 and more, a string of 300 MB): V8 ends the process (134), since
 * Node gives it 16 MB to stop in. Buffers are outside of the heap: one that there is no memory for is an exception.
 */
function heapLimitMb(): number {
  return Math.min(2048, Math.floor(getHeapStatistics().heap_size_limit / 2 ** 20));
}
