/** A reward model for programs. */
import type { FailureCode } from '../rows/failure.js';
import { jsonlSettings } from '../rows/formats/index.js';
import { LARGEST_ROW_BYTES } from '../rows/records.js';
import type { RowResult } from '../rows/results.js';
import { windowsOfLines } from '../run/lines.js';
import { scoreInOrder } from '../run/score-in-order.js';
import { batchesOf } from '../run/waiting-batches.js';
import { type ModelScorer, openScorer } from '../scorer/open.js';
import type { RowOutcome, Window, WindowTask } from '../scorer/protocol.js';
import { requestOptions, type ScorerRequest } from '../scorer/request.js';
import type { Scorer } from '../scorer/scorer.js';
import type { ModelSettings } from '../scorer/settings.js';
import { InputLines, type RewardInput } from './input-lines.js';
import { InputSource } from './input-source.js';
import { checkOptions } from './options.js';
import { rejectOnAbort, untilAborted } from './until-aborted.js';

/** An option that is left out, or undefined, has its default; one that there is not is refused. */
export interface RewardModelOptions extends Omit<ScorerRequest, 'model' | 'strict'> {
  /** Ends a download. */
  readonly signal?: AbortSignal | undefined;
}

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

interface CallOptions {
  /** Ends the call, and leaves the model as it is. */
  readonly signal?: AbortSignal | undefined;
}

const callOptions = ['signal'] satisfies (keyof CallOptions)[];

export interface RewardModel extends AsyncDisposable {
  /** How texts are read: each setting that comes with the model or was given, with what it comes from in words. */
  readonly settings: ModelSettings;
  /**
   * One result for each input, in order. Never rejects for what is wrong with an input. Calls may overlap.
   *
   * @throws FatalError where nothing can be scored any more, and the signal's reason as soon as it is aborted
   */
  score(inputs: Iterable<RewardInput>, options?: CallOptions): Promise<RewardResult[]>;
  /**
   * One result for each input, in order, while more come: a batch is what has come until a worker is free, so an input
   * that is waited for is answered at once. Batches begin small and grow with the results that are taken; no inputs are
   * taken beyond one batch for each worker. Rewards equal those of `score` within rounding.
   *
   * @throws FatalError where nothing can be scored any more, the signal's reason as soon as it is aborted, and what
   *   `inputs` throws
   */
  scoreStream(
    inputs: AsyncIterable<RewardInput> | Iterable<RewardInput>,
    options?: CallOptions,
  ): AsyncGenerator<RewardResult, void, undefined>;
  /** Frees the threads and their memory, when the calls under way have ended. */
  close(): Promise<void>;
}

/** Each input answered by a typed result. */
const task: WindowTask = {
  // What a row carries is neither read nor written.
  format: { ...jsonlSettings('reward'), existing: 'replace' },
  answer: { kind: 'results' },
  maxRowBytes: LARGEST_ROW_BYTES,
  dryRun: false,
  strict: false,
};

/** The model is named beside them, and notices go nowhere. */
const loadOptions = [...requestOptions.filter((name) => name !== 'model' && name !== 'strict'), 'signal'];

/**
 * Loads a model into a pool of worker threads.
 *
 * @param name a model directory in Hugging Face form, an .onnx classifier, or an id on the hub, which is downloaded if it
 *   is not in its cache; the bundled starter where none is named, which knows relevance and fluency, not liking
 * @throws FatalError where there is none, or it cannot be scored, or an option is not what it should be
 */
export async function loadRewardModel(name?: string, options: RewardModelOptions = {}): Promise<RewardModel> {
  checkOptions(options, loadOptions);
  const { signal, ...request } = options;
  const scorer = await openScorer(
    { ...request, model: name },
    { onNotice: () => undefined, signal, labelNeededBy: 'the library' },
  );
  try {
    await scorer.load(task, Number.POSITIVE_INFINITY);
  } catch (error) {
    await scorer.close();
    throw error;
  }
  return new ScoringModel(scorer);
}

/** Rows of the first batch of a stream: whoever wants a few results does not take thousands of inputs for them. */
const FIRST_BATCH = 32;

class ScoringModel implements RewardModel {
  readonly settings: ModelSettings;
  readonly #scorer: Scorer;
  #closed: Promise<void> | undefined;

  constructor(scorer: ModelScorer) {
    this.settings = scorer.settings;
    this.#scorer = scorer;
  }

  async score(inputs: Iterable<RewardInput>, options: CallOptions = {}): Promise<RewardResult[]> {
    this.#refuseClosed();
    checkOptions(options, callOptions);
    const { signal } = options;
    signal?.throwIfAborted();
    const lines = new InputLines();
    const scored: Promise<readonly RowOutcome[]>[] = [];
    for await (const window of this.#windows(linesOf(inputs, lines), false)) {
      const outcomes = this.#scorer.score(window).then(({ outcomes = [] }) => outcomes);
      outcomes.catch(() => undefined); // It may fail before it is waited for, or when nobody waits any more.
      scored.push(outcomes);
      signal?.throwIfAborted();
    }
    const all = Promise.all(scored);
    all.catch(() => undefined); // Aborted before it is waited for.
    const guard = signal && rejectOnAbort(signal);
    try {
      const outcomes = (await (guard === undefined ? all : Promise.race([all, guard.aborted]))).flat();
      return outcomes.map((outcome, index) => resultOf(outcome, index, lines));
    } finally {
      guard?.release();
    }
  }

  async *scoreStream(
    inputs: AsyncIterable<RewardInput> | Iterable<RewardInput>,
    options: CallOptions = {},
  ): AsyncGenerator<RewardResult, void, undefined> {
    this.#refuseClosed();
    checkOptions(options, callOptions);
    const { signal } = options;
    signal?.throwIfAborted();
    const lines = new InputLines();
    const source = new InputSource(inputs);
    let hasFailed = false;
    let index = 0;
    try {
      const { rows, bytes } = this.#scorer.windowSize;
      // As many as were taken so far, so that a reader which leaves has had about as many inputs taken as it had results.
      const most = (): number => Math.min(Math.max(FIRST_BATCH, index), rows);
      const batches = waitingLines(source, most, bytes, lines);
      const answers = scoreInOrder(this.#windows(batches, true), this.#scorer, true);
      for await (const { scored } of untilAborted(answers, signal)) {
        for (const outcome of scored.outcomes ?? []) yield resultOf(outcome, index++, lines);
      }
    } catch (error) {
      hasFailed = true;
      throw error;
    } finally {
      // Here, and not where the source is read: its next item may be waited for there, and never come.
      const closing = source.close();
      await (hasFailed ? closing.catch(() => undefined) : closing);
    }
  }

  async *#windows(lines: AsyncIterable<Buffer>, eager: boolean): AsyncGenerator<Window> {
    let index = 0;
    for await (const window of windowsOfLines(lines, { size: this.#scorer.windowSize, eager })) {
      yield { ...window, index: index++, file: 0 };
    }
  }

  #refuseClosed(): void {
    if (this.#closed !== undefined) throw new Error('the model is closed');
  }

  close(): Promise<void> {
    this.#closed ??= this.#scorer.close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function* linesOf(inputs: Iterable<RewardInput>, lines: InputLines): AsyncGenerator<Buffer> {
  for (const input of inputs) yield Buffer.from(lines.lineOf(input));
}

/** @param most inputs of the next batch at most */
async function* waitingLines(
  source: InputSource<RewardInput>,
  most: () => number,
  windowBytes: number,
  lines: InputLines,
): AsyncGenerator<Buffer> {
  for await (const batch of batchesOf(source, most)) {
    let text = '';
    for (const input of batch) {
      text += lines.lineOf(input);
      // A window ends there: all long inputs of a batch in one string may be more than a string can hold.
      if (text.length >= windowBytes) {
        yield Buffer.from(text);
        text = '';
      }
    }
    if (text !== '') yield Buffer.from(text);
  }
}

function resultOf({ result }: RowOutcome, index: number, lines: InputLines): RewardResult {
  const { shape, rewards, failure }: RowResult = result;
  const problem = lines.takeProblem(index) ?? failure;
  if (problem === undefined) {
    return { ok: true, reward: shape === 'single' ? (rewards[0] as number) : (rewards as number[]) };
  }
  const { code, message } = problem;
  return { ok: false, code, message, ...(rewards.some((reward) => reward !== null) && { reward: rewards }) };
}
