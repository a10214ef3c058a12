/** The only importer of onnxruntime-node. */
import type { InferenceSession } from 'onnxruntime-node';
import { Tensor } from 'onnxruntime-node';
import type { Feeds } from '../layout/layout.js';
import { cpu } from './cpu.js';

export { InferenceSession, Tensor } from 'onnxruntime-node';

/** What every session is opened with. */
export const sessionOptions = cpu.sessionOptions satisfies InferenceSession.SessionOptions;

/** What goes into a graph, as a session takes it. */
export const toTensors = (feeds: Feeds): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, { type, data, dims }]) => [name, new Tensor(type, data as never, dims)]),
  );
