/** Runs a prepared model. A session belongs to the thread that opened it: `run` blocks that thread. */
import { join } from 'node:path';
import { messageOf, runError } from '../../errors.js';
import type { Continuation, Feeds } from '../layout/layout.js';
import type { NetworkSession } from '../token-scorer.js';
import { ContinuedSession } from './continued-session.js';
import { Session, sessionOptions, toTensors } from './onnxruntime.js';

export const MODEL_FILE = 'model.onnx';
export const WEIGHTS_FILE = 'weights.bin';

/**
 * Has onnxruntime write a model to `directory` with its weights prepacked, the way this processor's kernels read them.
 */
export async function savePrepacked(modelFile: string, directory: string): Promise<void> {
  const session = await Session.open(modelFile, {
    ...sessionOptions,
    graphOptimizationLevel: 'disabled',
    optimizedModelFilePath: join(directory, MODEL_FILE),
    extra: {
      session: {
        save_external_prepacked_constant_initializers: '1',
        optimized_model_external_initializers_file_name: WEIGHTS_FILE,
        optimized_model_external_initializers_min_size_in_bytes: '0',
      },
    },
  });
  await session.release();
}

interface OpenOptions {
  /** Default: 1. */
  readonly threads?: number;
  /**
   * Whether matrices are prepacked, unless they already are; for a few runs that is not worth its memory. Default:
   * true.
   */
  readonly prepacked?: boolean;
}

/** A network ready to run on the calling thread. */
export class RewardSession implements NetworkSession {
  readonly #session: Session;
  readonly #directory: string;
  /** Opened for the first run that goes on after others: most inputs have no rows that need it. */
  #continued: ContinuedSession | undefined;

  private constructor(session: Session, directory: string) {
    this.#session = session;
    this.#directory = directory;
  }

  /** @throws FatalError `run` where the prepared model in `directory` cannot be loaded */
  static async open(directory: string, { threads = 1, prepacked = true }: OpenOptions = {}): Promise<RewardSession> {
    try {
      // The graph is built as it should run; optimising it would copy weights that are mapped.
      const session = await Session.open(join(directory, MODEL_FILE), {
        ...sessionOptions,
        intraOpNumThreads: threads,
        graphOptimizationLevel: 'disabled',
        ...(!prepacked && { extra: { session: { disable_prepacking: '1' } } }),
      });
      return new RewardSession(session, directory);
    } catch (error) {
      throw runError(`${directory}: the prepared model cannot be loaded: ${messageOf(error)}`, { cause: error });
    }
  }

  async run(feeds: Feeds, continues?: Continuation): Promise<Float32Array> {
    if (continues !== undefined) {
      this.#continued ??= await ContinuedSession.open(this.#directory);
      return this.#continued.run(feeds, continues);
    }
    return (await this.runAll(feeds))[0] as Float32Array;
  }

  hasKept(continues: Continuation): boolean {
    return this.#continued?.hasKept(continues) ?? false;
  }

  /** Returns every output of a graph that gives more than logits. */
  async runAll(feeds: Feeds): Promise<Float32Array[]> {
    const outputs = await this.#session.run(toTensors(feeds));
    return this.#session.outputNames.map((name) => outputs[name]?.data as Float32Array);
  }

  async release(): Promise<void> {
    await this.#continued?.release();
    await this.#session.release();
  }
}
