/** Runs the graph of a prepared model whose nodes see those of earlier runs, and keeps what later runs see. */
import { join } from 'node:path';
import { messageOf, runError } from '../../errors.js';
import { EARLIER } from '../graph/continued.js';
import type { Continuation, Feed, Feeds } from '../layout/layout.js';
import { Session, sessionOptions, toTensors } from './onnxruntime.js';

export const CONTINUED_FILE = 'continued.onnx';

/** Room is made for a multiple of so many nodes, so that somewhat longer rows find it. */
const CAPACITY_STEP = 256;

/** A kept value of every node, [1, capacity, size], of which the first rows are in use. */
interface Kept {
  /** Its name in the graph. */
  readonly name: string;
  readonly type: 'float32' | 'int32';
  readonly size: number;
  data: Float32Array | Int32Array;
}

/** Nodes that one run has kept: at [from, from + tokenIds.length) of each kept value. */
interface KeptRun {
  readonly from: number;
  readonly tokenIds: Int32Array;
}

export class ContinuedSession {
  readonly #session: Session;
  readonly #kept: readonly Kept[];
  #capacity = 0;
  /** What is kept now: runs, each of which saw those before it. */
  #runs: readonly KeptRun[] = [];

  private constructor(session: Session, kept: readonly Kept[]) {
    this.#session = session;
    this.#kept = kept;
  }

  /** @throws FatalError `run` where the prepared model in `directory` cannot be loaded */
  static async open(directory: string): Promise<ContinuedSession> {
    try {
      const session = await Session.open(join(directory, CONTINUED_FILE), {
        ...sessionOptions,
        graphOptimizationLevel: 'disabled',
      });
      return new ContinuedSession(session, keptOf(session));
    } catch (error) {
      throw runError(`${directory}: the prepared model cannot be loaded: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Whether the nodes that a pack is to keep are there, after the same nodes in the same runs: its bits are the same. */
  hasKept({ seen, keeps, capacity }: Continuation): boolean {
    const run = this.#runs.find(({ from }) => from === seen);
    return capacity <= this.#capacity && keeps !== undefined && run !== undefined && sameTokens(run.tokenIds, keeps);
  }

  /** @returns the logits of the feeds' pooled nodes, [P, labels] */
  async run(feeds: Feeds, { seen, keeps, capacity }: Continuation): Promise<Float32Array> {
    if (capacity > this.#capacity) this.#allocate(capacity);
    const earlier = this.#kept.map((kept): [string, Feed] => [EARLIER + kept.name, feedOf(kept, seen)]);
    const [logitsName] = this.#session.outputNames as readonly [string];
    // What is not fetched is not copied out of onnxruntime's memory.
    const fetches = keeps ? this.#session.outputNames : [logitsName];
    const outputs = await this.#session.run(toTensors({ ...feeds, ...Object.fromEntries(earlier) }), fetches);
    if (keeps !== undefined) {
      this.#runs = [
        ...this.#runs.filter(({ from, tokenIds }) => from + tokenIds.length <= seen),
        { from: seen, tokenIds: keeps },
      ];
      for (const kept of this.#kept) kept.data.set(outputs[kept.name]?.data as Kept['data'], seen * kept.size);
    }
    return outputs[logitsName]?.data as Float32Array;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  /** Makes room; what was kept is of rows that were laid out before, and given up. */
  #allocate(capacity: number): void {
    this.#capacity = Math.ceil(capacity / CAPACITY_STEP) * CAPACITY_STEP;
    this.#runs = [];
    for (const kept of this.#kept) {
      const elements = this.#capacity * kept.size;
      kept.data = kept.type === 'int32' ? new Int32Array(elements) : new Float32Array(elements);
    }
  }
}

const sameTokens = (a: Int32Array, b: Int32Array): boolean => a.length === b.length && a.every((id, i) => id === b[i]);

/** The kept values by the session's inputs for them, [1, nodes before, size]. */
function keptOf({ inputMetadata }: Session): Kept[] {
  return inputMetadata.flatMap((input): Kept[] => {
    if (!input.name.startsWith(EARLIER) || !input.isTensor) return [];
    const type = input.type === 'int32' ? 'int32' : 'float32';
    const size = Number(input.shape.at(-1));
    return [{ name: input.name.slice(EARLIER.length), type, size, data: new Float32Array() }];
  });
}

/** A view of the first `seen` rows: onnxruntime reads them where they are. */
function feedOf({ data, size }: Kept, seen: number): Feed {
  const dims = [1, seen, size];
  return data instanceof Int32Array
    ? { type: 'int32', data: data.subarray(0, seen * size), dims }
    : { type: 'float32', data: data.subarray(0, seen * size), dims };
}
