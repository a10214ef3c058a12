/**
 * The pool of worker threads, each with a session of its own.
 *
 * Not piscina: a worker here has a start-up of its own (one prepares the model for all, then each loads it), must
 * release native memory before it ends, and what a death means is ours to say.
 */
import { rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { FatalError, runError } from '../errors.js';
import type { PreparedModel } from '../model/prepared.js';
import type { FromWorker, ModelPlace, ReadyModel, ScoredWindow, ToWorker, Window } from './messages.js';

export interface PoolOptions {
  readonly workers: number;
  readonly model: ModelPlace;
  /** Keep the prepared model on disk for the next run. */
  readonly useCache: boolean;
  /** Told what the user should know, a sentence each. */
  readonly onNotice: (message: string) => void;
}

/** What every worker loads, beside the prepared model. */
export type Load = Omit<ToWorker & { type: 'load' }, 'type' | 'model'>;

interface Job {
  readonly window: Window;
  readonly resolve: (scored: ScoredWindow) => void;
  readonly reject: (error: unknown) => void;
}

export class WorkerPool {
  readonly model: ReadyModel;
  readonly #options: PoolOptions;
  readonly #threads: Thread[];
  #idle: Thread[] = [];
  readonly #queue: Job[] = [];
  /** Windows that a worker has now. */
  readonly #inWork = new Set<Promise<void>>();
  /** Why no more windows are scored: a worker died. */
  #death: unknown;

  private constructor(options: PoolOptions, model: ReadyModel, first: Thread) {
    this.model = model;
    this.#options = options;
    this.#threads = [first];
  }

  /**
   * Prepares the model if it is not, on the thread that will be the first worker.
   *
   * @throws FatalError where the model cannot be prepared
   */
  static async prepare(options: PoolOptions): Promise<WorkerPool> {
    const first = new Thread(options.onNotice);
    try {
      const { model, useCache } = options;
      const prepared = await first.request({ type: 'prepare', model, useCache }, 'prepared');
      return new WorkerPool(options, prepared.model, first);
    } catch (error) {
      await first.release();
      throw error;
    }
  }

  /**
   * Loads the model into every worker.
   *
   * @throws FatalError where it cannot be loaded
   */
  async load(load: Load): Promise<void> {
    const { workers, onNotice } = this.#options;
    while (this.#threads.length < workers) this.#threads.push(new Thread(onNotice));
    const message = { type: 'load', model: this.model, ...load } as const;
    await Promise.all(this.#threads.map((thread) => thread.request(message, 'ready')));
    this.#idle = [...this.#threads];
  }

  /** Scores a window on the next free worker. Rejects with a FatalError where a worker dies. */
  score(window: Window): Promise<ScoredWindow> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ window, resolve, reject });
      this.#assign();
    });
  }

  /**
   * Waits for the windows in work and in the queue, frees the sessions and ends the threads; takes a model away that was
   * prepared for this pool alone.
   */
  async release(): Promise<void> {
    // A window that is done hands its worker the next one: a session must not be freed under it.
    while (this.#inWork.size > 0) await Promise.all(this.#inWork);
    await Promise.all(this.#threads.map((thread) => thread.release()));
    if (this.model.temporary) rmSync(this.model.directory, { recursive: true, force: true });
  }

  #assign(): void {
    if (this.#death !== undefined) {
      for (const { reject } of this.#queue.splice(0)) reject(this.#death);
    }
    while (this.#queue.length > 0 && this.#idle.length > 0) {
      const work = this.#give(this.#idle.pop() as Thread, this.#queue.shift() as Job);
      this.#inWork.add(work);
      work.then(() => this.#inWork.delete(work));
    }
  }

  async #give(thread: Thread, { window, resolve, reject }: Job): Promise<void> {
    try {
      const { scored } = await thread.request({ type: 'score', window }, 'scored');
      resolve(scored);
    } catch (error) {
      if (!thread.alive) this.#death = error;
      reject(error);
    }
    if (thread.alive) this.#idle.push(thread);
    this.#assign();
  }
}

/** Prepares a model on a thread of its own, whose memory goes with it. */
export async function prepareOnThread(directory: string, onNotice: (message: string) => void): Promise<PreparedModel> {
  const model = { kind: 'checkpoint', directory } as const;
  const thread = new Thread(onNotice);
  try {
    return (await thread.request({ type: 'prepare', model, useCache: true }, 'prepared')).model;
  } finally {
    await thread.release();
  }
}

/** One worker thread, asked one thing at a time. */
class Thread {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #pending: { resolve: (answer: FromWorker) => void; reject: (error: unknown) => void } | undefined;
  #lastRequest: Promise<unknown> = Promise.resolve();
  #death: Error | undefined;

  constructor(onNotice: (message: string) => void) {
    // onnxruntime 1.29 and later report every session to Microsoft unless told not to, before they are loaded and in
    // the process's own environment: a worker's process.env is a copy that native code does not see.
    process.env.ORT_DISABLE_TELEMETRY ??= '1';
    // A library's console.log in a worker must not reach standard output, which carries data only.
    this.#worker = new Worker(new URL('./thread.js', import.meta.url), { stdout: true, ...flagsOfThread() });
    this.#worker.stdout.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#die(runError(`a worker thread ended with code ${code}; what was finished before is kept`));
        resolve();
      });
    });
    this.#worker.on('error', (error) => {
      this.#die(runError(`a worker thread died: ${error.message}; what was finished before is kept`, { cause: error }));
    });
    this.#worker.on('message', (answer: FromWorker) => {
      if (answer.type === 'notice') return onNotice(answer.message);
      const pending = this.#pending;
      this.#pending = undefined;
      pending?.resolve(answer);
    });
  }

  get alive(): boolean {
    return this.#death === undefined;
  }

  /** The answer of type `expected`; rejects where the worker answers with an error or dies. */
  async request<T extends FromWorker['type']>(message: ToWorker, expected: T): Promise<FromWorker & { type: T }> {
    const answered = new Promise<FromWorker>((resolve, reject) => {
      this.#pending = { resolve, reject };
    });
    this.#lastRequest = answered.catch(() => undefined);
    if (this.#death === undefined) this.#worker.postMessage(message);
    else this.#pending?.reject(this.#death);
    const answer = await answered;
    if (answer.type === 'fatal') {
      const error = new FatalError(answer.kind, answer.message);
      if (answer.stack !== undefined) error.stack = answer.stack;
      throw error;
    }
    if (answer.type !== expected) throw new Error(`expected ${expected} from a worker, got ${answer.type}`);
    return answer as FromWorker & { type: T };
  }

  async release(): Promise<void> {
    await this.#lastRequest;
    if (this.#death === undefined) this.#worker.postMessage({ type: 'release' } satisfies ToWorker);
    await this.#ended;
  }

  #die(error: Error): void {
    this.#death ??= error;
    this.#pending?.reject(this.#death);
    this.#pending = undefined;
  }
}

/**
 * Node's flags for a thread, where they may not be those of the process: a program given by --eval is written in what
 * --input-type says, and this file's is not.
 */
function flagsOfThread(): { execArgv?: string[] } {
  const flags = process.execArgv.filter((flag) => !flag.startsWith('--input-type'));
  // Left out, flags are inherited even where Node refuses to take them by name.
  return flags.length === process.execArgv.length ? {} : { execArgv: flags };
}
