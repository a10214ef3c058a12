import type { SizedNetwork } from '../architectures/network.js';
import type { LayoutLimits } from '../layout/layout.js';
import type { CostModel } from '../layout/trie.js';

/** What decides which kernels multiply, and so how weights are prepacked and how sums are rounded. */
export interface BackendIdentity {
  readonly onnxruntime: string;
  /** The processor, with its features. */
  readonly device: string;
}

/**
 * What networks run on: all that depends on it is in one record. A record does not load onnxruntime, so that the main
 * thread can read it.
 */
export interface Backend {
  readonly id: string;
  /** The options with which every session is opened. */
  readonly sessionOptions: object;
  /** Part of what a reward depends on: prepared models of another identity are not used, and a run records its own. */
  readonly identity: () => BackendIdentity;
  readonly limits: LayoutLimits;
  /** The cost of a pack, by the network's hidden size. */
  readonly cost: (hiddenSize: number) => CostModel;
  /** How much of the input is scored at a time, by the network's number of parameters. */
  readonly windowSize: (parameters: number) => { readonly bytes: number; readonly rows: number };
  /** The memory that a network takes, in bytes: once for all workers, and once more for each. */
  readonly memoryNeed: (
    network: SizedNetwork,
    maxLength: number,
  ) => { readonly sharedBytes: number; readonly workerBytes: number };
  /** Whether its kernels read matrices in a form of their own, which prepared models hold beside the weights. */
  readonly prepacks: boolean;
}
