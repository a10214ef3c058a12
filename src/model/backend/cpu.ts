import { cpuIdentity } from '../../platform/cpu.js';
import { countParameters, type RewardNetwork, type SizedNetwork } from '../architectures/network.js';
import type { LayoutLimits } from '../layout/layout.js';
import type { CostModel } from '../layout/trie.js';
import type { Backend } from './backend.js';
import { findOnnxruntime } from './onnxruntime-package.js';

const limits: LayoutLimits = { nodes: 512, batchTokens: 2048, batchRows: 64 };

/** onnxruntime's kernels on the processor. */
export const cpu = {
  id: 'cpu',
  /** Each session has one thread: several sessions are faster than one session with as many threads. */
  sessionOptions: {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // Shapes differ from run to run: onnxruntime would store a memory plan for each of them for ever.
    enableMemPattern: false,
    logSeverityLevel: 3,
  },
  identity: () => ({ onnxruntime: findOnnxruntime().version, device: cpuIdentity() }),
  limits,
  /**
   * Measured with GPT-2 base (D = 768) on one thread: 1.76 ms a node, 0.49 µs a pair of nodes, 10 ms a run
   * (bench/README.md). Linear layers grow with D², attention and what a run takes by itself about with D: on another
   * processor, the bundled model (D = 256) was 6 % faster with 12 or 24 nodes a run than with 6, and a network of D = 32,
   * of which a run takes as long as a hundred nodes, 10 %.
   */
  cost: (hiddenSize: number): CostModel => ({
    fixed: 6 * Math.max(1, 768 / hiddenSize),
    attention: 0.21 / hiddenSize,
  }),
  windowSize,
  memoryNeed,
  prepacks: true,
} as const satisfies Backend;

/**
 * A worker scores a window of this size in some seconds: it is small enough for progress to move and for the last
 * windows to occupy every worker, and large enough to bring rows that share a beginning together.
 */
function windowSize(parameters: number) {
  const bytes = 2 ** Math.round(Math.log2((4096 * 124e6) / parameters));
  return { bytes: Math.min(Math.max(bytes, 1024), 262_144), rows: 4096 };
}

/** Memory of Node with this program, before there are workers. */
const PROCESS_BYTES = 60e6;

/** Memory of a thread with onnxruntime and this program. */
const THREAD_BYTES = 30e6;

/** A tokenizer holds its vocabulary and merges as objects. */
const BYTES_PER_TOKEN_ID = 1100;

/** Bytes that are kept of each node of a row that goes through the network in runs. */
const keptBytesOf = ({ kept }: Pick<RewardNetwork, 'kept'>): number =>
  4 * kept.reduce((sum, { size }) => sum + size, 0);

/** The width assumed of an exported network that does not state one: that of BERT base and GPT-2 base. */
const USUAL_WIDTH = 768;

function memoryNeed(network: SizedNetwork, maxLength: number): ReturnType<Backend['memoryNeed']> {
  const exported = 'bytes' in network;
  const longest = Math.max(limits.nodes, maxLength);
  const inRuns = !exported && network.attention === 'causal';
  const nodes = inRuns ? limits.nodes : longest;
  const width = exported ? USUAL_WIDTH : network.hiddenSize;
  // Each node has some vectors of the width and of four times it, and two numbers for each head of 64 and each node
  // that it sees.
  const activations = nodes * width * (64 + longest / 8);
  const kept = inRuns && maxLength > nodes ? maxLength * keptBytesOf(network) : 0;
  const weights = 4 * countParameters(network);
  return {
    sharedBytes: PROCESS_BYTES + (exported ? 0 : weights),
    // An exported graph is not mapped: each worker has its own copy.
    workerBytes:
      THREAD_BYTES + BYTES_PER_TOKEN_ID * network.vocabularySize + activations + kept + (exported ? weights : 0),
  };
}
