/**
 * The pool of worker threads, each with a session of its own.
 *
 * Not piscina: a worker here has a start-up of its own (one prepares the model for all, then each loads it), must
 * release native memory before it ends, and what a death means is ours to say.
 */
import { rmSync } from 'node:fs';
import { completeAnswer } from './answer-parts.js';
import { type Answer, createAnswer } from './answers.js';
import { Incidents } from './crash-log.js';
import { type Ask, type Attempt, scoreOrIsolate } from './isolate-bad-row.js';
import type {
  LoadRequest,
  ModelLocation,
  ReadyModel,
  ScoredWindow,
  TokenizerFacts,
  ToWorker,
  Window,
} from './protocol.js';
import { ThreadHandle } from './thread-handle.js';
import { answerUnparsed } from './unparsed.js';
import { WorkerCrash } from './worker-crash.js';

/** A row of the longest kind is tokenised and scored in a small part of this. */
const DEFAULT_DEADLINE_MS = 600_000;

export interface PoolOptions {
  readonly model: ModelLocation;
  /** Keep the prepared model on disk for the next run. */
  readonly useCache: boolean;
  /** Without a sign of life for so long, a worker counts as dead. */
  readonly deadlineMs: number;
  /** Called with what the user should know, a sentence each. */
  readonly onNotice: (message: string) => void;
}

/** What the workers loaded, and the main thread's part of it. */
interface Loaded {
  readonly message: ToWorker & { type: 'load' };
  readonly answer: Answer;
}

export interface LoadedFacts {
  readonly workPerSecond: number;
  readonly tokenizer: TokenizerFacts;
}

interface Job {
  readonly window: Window;
  readonly resolve: (scored: ScoredWindow) => void;
  readonly reject: (error: unknown) => void;
}

export class WorkerPool {
  readonly model: ReadyModel;
  readonly #options: PoolOptions;
  readonly #incidents: Incidents;
  readonly #threads: ThreadHandle[];
  #idle: ThreadHandle[] = [];
  #loaded: Loaded | undefined;
  readonly #queue: Job[] = [];
  /** Windows that a worker has now. */
  readonly #inWork = new Set<Promise<void>>();
  /** Why no more windows are scored: a worker is gone, and no other could take its place. */
  #crash: unknown;

  private constructor(options: PoolOptions, model: ReadyModel, first: ThreadHandle) {
    this.model = model;
    this.#options = options;
    this.#incidents = new Incidents(options.onNotice);
    this.#threads = [first];
  }

  /**
   * Prepares the model if it is not, on the thread that will be the first worker.
   *
   * @throws FatalError where the model cannot be prepared
   */
  static async prepare(options: PoolOptions): Promise<WorkerPool> {
    const first = newThread(options);
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
   * Starts workers as far as they are missing, and loads the model into every one.
   *
   * @returns what they found out: for a dry run, also the tokens that all of them together could score in a second
   * @throws FatalError where it cannot be loaded
   */
  async load(load: Omit<LoadRequest, 'model' | 'sharedTokenizer'>, workers: number): Promise<LoadedFacts> {
    const [first] = this.#threads as [ThreadHandle];
    while (this.#threads.length < workers) this.#threads.push(newThread(this.#options));
    // The others start meanwhile.
    const { tokenizerDirectory } = load;
    const { tokenizer: sharedTokenizer } = await first.request({ type: 'share', tokenizerDirectory }, 'shared');
    const message = { type: 'load', model: this.model, sharedTokenizer, ...load } as const;
    this.#loaded = { message, answer: createAnswer(load.task) };
    const ready = await Promise.all(this.#threads.map((thread) => thread.request(message, 'ready')));
    this.#idle = [...this.#threads];
    return {
      workPerSecond: ready.reduce((sum, { workPerSecond: own = 0 }) => sum + own, 0),
      tokenizer: ready[0]?.tokenizer ?? { specialTokens: { before: [], after: [] }, notices: [] },
    };
  }

  /** Workers that were started in a dead one's place. */
  get restarts(): number {
    return this.#incidents.restarts;
  }

  /**
   * Scores a window on the next free worker; a row that ends workers is a bad one.
   *
   * Rejects with a FatalError where a worker hangs, or no other can take its place.
   */
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
    if (this.#crash !== undefined) {
      for (const { reject } of this.#queue.splice(0)) reject(this.#crash);
    }
    while (this.#queue.length > 0 && this.#idle.length > 0) {
      const work = this.#give(this.#idle.pop() as ThreadHandle, this.#queue.shift() as Job);
      this.#inWork.add(work);
      work.then(() => this.#inWork.delete(work));
    }
  }

  async #give(first: ThreadHandle, { window, resolve, reject }: Job): Promise<void> {
    let thread = first;
    const { answer, message } = this.#loadedWith;
    const { task } = message;
    const attempt = async (ask: Ask): Promise<Attempt> => {
      // It died after its last answer: that is not this window's doing.
      if (thread.crash !== undefined) thread = await this.#replace(thread, thread.crash);
      try {
        const { scored } = await thread.request(ask, 'scored');
        if (ask.type === 'score') this.#incidents.survived();
        return { scored };
      } catch (crash) {
        if (!(crash instanceof WorkerCrash) || crash.hung) throw crash;
        thread = await this.#replace(thread, crash);
        return { crash };
      }
    };
    try {
      const scored = await scoreOrIsolate(window, {
        format: answer.format,
        attempt,
        onCrash: (crash) => this.#incidents.onWindow(crash, window),
        answerUnparsed: (row, reason) => answerUnparsed(row, reason, answer, task.dryRun),
        completeAnswer: (whole, joined) => completeAnswer(whole, joined, answer, task),
      });
      resolve(scored);
    } catch (error) {
      if (thread.crash !== undefined) this.#crash ??= error;
      reject(error);
    }
    if (thread.crash === undefined) this.#idle.push(thread);
    this.#assign();
  }

  get #loadedWith(): Loaded {
    if (this.#loaded === undefined) throw new Error('a window came before the model');
    return this.#loaded;
  }

  /**
   * A fresh thread in a dead one's place, with the model loaded.
   *
   * @throws FatalError where it dies before it is ready, or one after the other dies: then it is not the rows
   */
  async #replace(dead: ThreadHandle, crash: WorkerCrash): Promise<ThreadHandle> {
    this.#incidents.died(crash);
    const fresh = newThread(this.#options);
    try {
      await fresh.request(this.#loadedWith.message, 'ready');
    } catch (error) {
      await fresh.release();
      throw error;
    }
    this.#threads[this.#threads.indexOf(dead)] = fresh;
    return fresh;
  }
}

const newThread = ({ onNotice, deadlineMs }: Pick<PoolOptions, 'onNotice' | 'deadlineMs'>): ThreadHandle =>
  new ThreadHandle(onNotice, deadlineMs);

/** Prepares a model, or looks at an exported one, on a thread of its own, whose memory goes with it. */
export async function prepareOnThread(model: ModelLocation, onNotice: (message: string) => void): Promise<ReadyModel> {
  const thread = newThread({ onNotice, deadlineMs: DEFAULT_DEADLINE_MS });
  try {
    return (await thread.request({ type: 'prepare', model, useCache: true }, 'prepared')).model;
  } finally {
    await thread.release();
  }
}

/** What a tokenizer says of itself; read on a thread, as the main thread loads no tokenizer. */
export async function describeTokenizer(tokenizerDirectory: string): Promise<TokenizerFacts> {
  const thread = newThread({ onNotice: () => undefined, deadlineMs: DEFAULT_DEADLINE_MS });
  try {
    return (await thread.request({ type: 'describe', tokenizerDirectory }, 'described')).tokenizer;
  } finally {
    await thread.release();
  }
}
