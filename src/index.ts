/**
 * The library: the command line's engine for programs.
 *
 * ```ts
 * await using model = await loadRewardModel('./my-model');
 * const [result] = await model.score([{ prompt: 'User: hi\nBot:', response: ' hello' }]);
 * if (result.ok) use(result.reward);
 * ```
 */

import type { Activation } from './model/activation.js';
import { countParameters } from './model/architectures/network.js';
import type { Precision } from './model/precision.js';
import type { TruncationSide } from './model/tokenizer/tokenizer.js';
import type { FailureCode } from './rows/failure.js';
import { resultLines } from './rows/formats/index.js';
import type { RowResult } from './rows/results.js';
import { windowsOfLines } from './run/lines.js';
import { onDemand, scoreWindows } from './run/score-windows.js';
import { batchesOf } from './run/waiting-batches.js';
import { type WindowSize, windowSizeFor } from './run/windows.js';
import { type Engine, type EngineOptions, loadPool, preparePool, resolveEngine } from './scorer/engine.js';
import type { WorkerPool } from './scorer/pool.js';
import type { Window } from './scorer/protocol.js';

export { FatalError, type FatalKind } from './errors.js';
export type { Activation, FailureCode, Precision, TruncationSide };

export interface RewardModelOptions {
  /** Another directory, or id on the Hugging Face Hub, for the tokenizer's files. */
  readonly tokenizer?: string;
  /** Tokens kept of a text. Default: 256, or what the model has room for. */
  readonly maxLength?: number;
  /** Where a longer text is cut. Default: `left`. */
  readonly truncationSide?: TruncationSide;
  /**
   * Cut a long prompt so that a response of so many tokens would fit, however long its own is: candidates are judged
   * after the same context, which is computed once. Default: 0, a text is cut as a whole.
   */
  readonly reserve?: number;
  /** What is made of the logit. Default: `none`. */
  readonly activation?: Activation;
  /** `int8`: about twice as fast, with rewards that are near. Default: `fp32`. */
  readonly precision?: Precision;
  /** Index or name of the label to report; needed for, and only for, a model with more than one. */
  readonly logit?: string;
  /** How messages become text: `chai` (the default), `dialogrpt`, `chatml`, `model`, or a Jinja file. */
  readonly template?: string;
  /** Worker threads. Default: 0, one for each core. */
  readonly workers?: number;
  /** Keep the prepared model on disk for the next load. Default: true. */
  readonly cache?: boolean;
  /** Never reach the network: a model from the hub must have been downloaded before. Default: false. */
  readonly offline?: boolean;
  /** Ends a download. */
  readonly signal?: AbortSignal;
}

/** A text, or a row in any of the forms that the command line reads. */
export type RewardInput = string | Readonly<Record<string, unknown>>;

/** `reward` is an array for a row with candidates, and [chosen, rejected] for a pair; null in the place of one that failed. */
export type RewardResult =
  | { readonly ok: true; readonly reward: number | readonly number[] }
  | {
      readonly ok: false;
      readonly code: FailureCode;
      readonly message: string;
      /** Of a row with several texts, those that could be scored. */
      readonly reward?: readonly (number | null)[];
    };

export interface RewardModel extends AsyncDisposable {
  /**
   * One result for each input, in order. Never rejects for what is wrong with an input. Calls may overlap.
   *
   * @throws FatalError where a worker dies, and the signal's reason where it is aborted
   */
  score(inputs: Iterable<RewardInput>, options?: { readonly signal?: AbortSignal }): Promise<RewardResult[]>;
  /**
   * One result for each input, in order, while more come: a batch is what has come until a worker is free, so an input
   * that is waited for is answered at once. Inputs are taken no faster than results are. Rewards equal those of `score`
   * within rounding.
   *
   * @throws FatalError where a worker dies, the signal's reason where it is aborted, and what `inputs` throws
   */
  scoreStream(
    inputs: AsyncIterable<RewardInput> | Iterable<RewardInput>,
    options?: { readonly signal?: AbortSignal },
  ): AsyncGenerator<RewardResult, void, undefined>;
  /** Frees the threads and their memory, when the calls under way have ended. */
  close(): Promise<void>;
}

const format = resultLines('reward');

/**
 * Loads a model into a pool of worker threads.
 *
 * @param name a model directory in Hugging Face form, an .onnx classifier, or an id on the hub, which is downloaded if it
 *   is not in its cache; the bundled starter where none is named, which knows relevance and fluency, not liking
 * @throws FatalError where there is none, or it cannot be scored
 */
export async function loadRewardModel(name?: string, options: RewardModelOptions = {}): Promise<RewardModel> {
  const engineOptions: EngineOptions = {
    truncationSide: 'left',
    activation: 'none',
    workers: 0,
    ...options,
    ...(name !== undefined && { model: name }),
  };
  const engine = await resolveEngine(engineOptions, {
    offline: options.offline ?? false,
    signal: options.signal,
    onProgress: () => undefined,
    notify: () => undefined,
  });
  const pool = await preparePool(engine, { useCache: options.cache ?? true, onNotice: () => undefined });
  try {
    await loadPool(pool, engine, { format });
  } catch (error) {
    await pool.release();
    throw error;
  }
  return new PooledModel(engine, pool);
}

class PooledModel implements RewardModel {
  readonly #pool: WorkerPool;
  readonly #workers: number;
  readonly #windowSize: WindowSize;
  #closed: Promise<void> | undefined;

  constructor(engine: Engine, pool: WorkerPool) {
    this.#pool = pool;
    this.#workers = engine.workers;
    this.#windowSize = windowSizeFor(countParameters(engine.checkpoint.network));
  }

  async score(
    inputs: Iterable<RewardInput>,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<RewardResult[]> {
    this.#refuseClosed();
    signal?.throwIfAborted();
    const aborted = signal && rejectOnAbort(signal);
    const scored: Promise<RewardResult[]>[] = [];
    for await (const window of this.#windows(linesOf(inputs), false)) {
      scored.push(this.#pool.score(window).then(({ bytes }) => parseResults(bytes)));
    }
    const all = Promise.all(scored);
    return (await (aborted === undefined ? all : Promise.race([all, aborted]))).flat();
  }

  async *scoreStream(
    inputs: AsyncIterable<RewardInput> | Iterable<RewardInput>,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<RewardResult, void, undefined> {
    this.#refuseClosed();
    const scoring = { ...onDemand(this.#workers), scoreWindow: (window: Window) => this.#pool.score(window) };
    const windows = this.#windows(waitingLines(inputs, this.#windowSize.rows, signal), true);
    for await (const { scored } of scoreWindows(windows, scoring)) {
      signal?.throwIfAborted();
      yield* parseResults(scored.bytes);
    }
  }

  async *#windows(lines: AsyncIterable<Buffer>, eager: boolean): AsyncGenerator<Window> {
    let index = 0;
    for await (const window of windowsOfLines(lines, { size: this.#windowSize, eager })) {
      yield { ...window, index: index++, file: 0 };
    }
  }

  #refuseClosed(): void {
    if (this.#closed !== undefined) throw new Error('the model is closed');
  }

  close(): Promise<void> {
    this.#closed ??= this.#pool.release();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function* linesOf(inputs: Iterable<RewardInput>): AsyncGenerator<Buffer> {
  for (const input of inputs) yield Buffer.from(lineOf(input));
}

async function* waitingLines(
  inputs: AsyncIterable<RewardInput> | Iterable<RewardInput>,
  most: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  for await (const batch of batchesOf(inputs, most)) {
    signal?.throwIfAborted();
    yield Buffer.from(batch.map(lineOf).join(''));
  }
}

/** A value that JSON has no form for (undefined, a function) becomes a bad row, not a row too few. */
const lineOf = (input: RewardInput): string => `${JSON.stringify(input) ?? 'null'}\n`;

function parseResults(bytes: Uint8Array): RewardResult[] {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').trimEnd();
  return lines.split('\n').map((line) => {
    const { shape, rewards, failure } = JSON.parse(line) as RowResult;
    if (failure === undefined)
      return { ok: true, reward: shape === 'single' ? (rewards[0] as number) : (rewards as number[]) };
    const { code, message } = failure;
    return { ok: false, code, message, ...(rewards.some((reward) => reward !== null) && { reward: rewards }) };
  });
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => undefined);
  return aborted;
}
