import { countParameters, type SizedNetwork } from '../model/architectures/network.js';
import type { MemoryNeed } from './worker-count.js';

/** Node with this program, before there are workers. */
const PROCESS_BYTES = 60e6;

/** A thread with onnxruntime and this program. */
const THREAD_BYTES = 30e6;

/** A tokenizer holds its vocabulary and merges as objects. */
const BYTES_PER_TOKEN_ID = 1100;

/** Nodes that go through the network at once, if no row is longer. */
const PACK_NODES = 512;

/** Of a foreign network that does not say how wide it is: that of BERT base and GPT-2 base. */
const USUAL_WIDTH = 768;

/** What a network takes in memory, from its sizes. */
export function memoryNeedOf(network: SizedNetwork, maxLength: number): MemoryNeed {
  const exported = 'bytes' in network;
  const nodes = Math.max(PACK_NODES, maxLength);
  const width = exported ? USUAL_WIDTH : network.hiddenSize;
  // At each node some vectors of the width and of four times it; between nodes a number for each head of 64, twice.
  const activations = nodes * width * (64 + nodes / 8);
  const weights = 4 * countParameters(network);
  return {
    sharedBytes: PROCESS_BYTES + (exported ? 0 : weights),
    // A foreign graph is not mapped: each worker has its own copy.
    workerBytes: THREAD_BYTES + BYTES_PER_TOKEN_ID * network.vocabularySize + activations + (exported ? weights : 0),
  };
}
