/** The only importer of onnxruntime-node. */
import type { InferenceSession } from 'onnxruntime-node';
import { Tensor } from 'onnxruntime-node';
import type { Feeds } from '../layout/layout.js';
import { cpu } from './cpu.js';

export { InferenceSession, Tensor } from 'onnxruntime-node';

/** The options with which every session is opened. */
export const sessionOptions = cpu.sessionOptions satisfies InferenceSession.SessionOptions;

/** Converts a graph's inputs to the form that a session takes. */
export const toTensors = (feeds: Feeds): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, { type, data, dims }]) => [name, new Tensor(type, data as never, dims)]),
  );
