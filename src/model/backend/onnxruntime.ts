/** The only importer of onnxruntime-node, and what every session is opened with. */
import { createRequire } from 'node:module';
import type { InferenceSession } from 'onnxruntime-node';

export { InferenceSession, Tensor } from 'onnxruntime-node';

export const onnxruntimeVersion: string = (
  createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
).version;

/** One thread each: sessions side by side are faster than one session with as many threads. */
export const sessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  // Shapes differ from run to run: a memory plan for each would be kept for ever.
  enableMemPattern: false,
  logSeverityLevel: 3,
} as const satisfies InferenceSession.SessionOptions;
