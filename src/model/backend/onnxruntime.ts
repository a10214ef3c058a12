/** The only file that has onnxruntime loaded: other files of the worker use it through this one. */
import type * as Onnxruntime from 'onnxruntime-node';
import type { Feeds } from '../layout/layout.js';
import { cpu } from './cpu.js';
import { loadOnnxruntime } from './onnxruntime-package.js';

export const { InferenceSession, Tensor } = loadOnnxruntime() as typeof Onnxruntime;
export type InferenceSession = Onnxruntime.InferenceSession;
export type Tensor = Onnxruntime.Tensor;
export type Outputs = Onnxruntime.InferenceSession.ReturnType;
export type ValueMetadata = Onnxruntime.InferenceSession.ValueMetadata;
export type TensorMetadata = Onnxruntime.InferenceSession.TensorValueMetadata;

/** The options with which every session is opened. */
export const sessionOptions = cpu.sessionOptions satisfies Onnxruntime.InferenceSession.SessionOptions;

/** Converts a graph's inputs to the form that a session takes. */
export const toTensors = (feeds: Feeds): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, { type, data, dims }]) => [name, new Tensor(type, data as never, dims)]),
  );
