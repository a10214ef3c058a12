import { createRequire } from 'node:module';
import { cpuIdentity } from '../../platform/cpu.js';
import { countParameters, type SizedNetwork } from '../architectures/network.js';
import type { CostModel } from '../layout/trie.js';
import type { Backend } from './backend.js';

/** onnxruntime's kernels on the processor. */
export const cpu = {
  id: 'cpu',
  /** One thread each: sessions side by side are faster than one session with as many threads. */
  sessionOptions: {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // Shapes differ from run to run: a memory plan for each would be kept for ever.
    enableMemPattern: false,
    logSeverityLevel: 3,
  },
  identity: () => ({ onnxruntime: onnxruntimeVersion(), device: cpuIdentity() }),
  limits: { nodes: 512, batchTokens: 2048, batchRows: 64 },
  /**
   * Measured with GPT-2 base (D = 768) on one thread: 1.76 ms a node, 0.49 µs a pair of nodes, 10 ms a run
   * (bench/README.md). Attention grows with D as the linear layers grow with D².
   */
  cost: (hiddenSize: number): CostModel => ({ fixed: 6, attention: 0.21 / hiddenSize }),
  windowSize,
  memoryNeed,
  prepacks: true,
} as const satisfies Backend;

const onnxruntimeVersion = (): string =>
  (createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }).version;

/**
 * Windows of a size that a worker scores in some seconds: small enough for progress to move and for the last ones to
 * keep every worker busy, large enough for rows that share a beginning to meet.
 */
function windowSize(parameters: number) {
  const bytes = 2 ** Math.round(Math.log2((4096 * 124e6) / parameters));
  return { bytes: Math.min(Math.max(bytes, 1024), 262_144), rows: 4096 };
}

/** Node with this program, before there are workers. */
const PROCESS_BYTES = 60e6;

/** A thread with onnxruntime and this program. */
const THREAD_BYTES = 30e6;

/** A tokenizer holds its vocabulary and merges as objects. */
const BYTES_PER_TOKEN_ID = 1100;

/** Of an exported network that does not say how wide it is: that of BERT base and GPT-2 base. */
const USUAL_WIDTH = 768;

function memoryNeed(network: SizedNetwork, maxLength: number) {
  const exported = 'bytes' in network;
  const nodes = Math.max(cpu.limits.nodes, maxLength);
  const width = exported ? USUAL_WIDTH : network.hiddenSize;
  // At each node some vectors of the width and of four times it; between nodes a number for each head of 64, twice.
  const activations = nodes * width * (64 + nodes / 8);
  const weights = 4 * countParameters(network);
  return {
    sharedBytes: PROCESS_BYTES + (exported ? 0 : weights),
    // An exported graph is not mapped: each worker has its own copy.
    workerBytes: THREAD_BYTES + BYTES_PER_TOKEN_ID * network.vocabularySize + activations + (exported ? weights : 0),
  };
}
