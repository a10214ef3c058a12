/** The only file that has onnxruntime loaded: other files of the worker use it through this one. */
import type * as Onnxruntime from 'onnxruntime-node';
import { inNativeCode, inNativeCodeUntilSettled } from '../../platform/native-code.js';
import type { Feeds } from '../layout/layout.js';
import { cpu } from './cpu.js';
import { loadOnnxruntime } from './onnxruntime-package.js';

const { InferenceSession, Tensor } = inNativeCode(loadOnnxruntime) as typeof Onnxruntime;

export { Tensor };
export type Tensor = Onnxruntime.Tensor;
export type Outputs = Onnxruntime.InferenceSession.ReturnType;
export type ValueMetadata = Onnxruntime.InferenceSession.ValueMetadata;
export type TensorMetadata = Onnxruntime.InferenceSession.TensorValueMetadata;
type SessionOptions = Onnxruntime.InferenceSession.SessionOptions;
type RunOptions = Onnxruntime.InferenceSession.RunOptions;

/** The options with which every session is opened. */
export const sessionOptions = cpu.sessionOptions satisfies SessionOptions;

/** A session of onnxruntime, whose thread is not terminated inside of it. */
export class Session {
  readonly #session: Onnxruntime.InferenceSession;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly ValueMetadata[];
  readonly outputMetadata: readonly ValueMetadata[];

  private constructor(session: Onnxruntime.InferenceSession) {
    this.#session = session;
    this.inputNames = session.inputNames;
    this.outputNames = session.outputNames;
    this.inputMetadata = session.inputMetadata;
    this.outputMetadata = session.outputMetadata;
  }

  /** @param model a file, or a file's content */
  static open(model: string | Uint8Array, options: SessionOptions): Promise<Session> {
    return inNativeCodeUntilSettled(async () => new Session(await InferenceSession.create(model as string, options)));
  }

  /** @param fetches the names of the outputs that are wanted. Default: all */
  run(feeds: Record<string, Tensor>, fetches = this.outputNames, options: RunOptions = {}): Promise<Outputs> {
    return inNativeCodeUntilSettled(() => this.#session.run(feeds, fetches, options));
  }

  release(): Promise<void> {
    return inNativeCodeUntilSettled(() => this.#session.release());
  }
}

/** Converts a graph's inputs to the form that a session takes. */
export const toTensors = (feeds: Feeds): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, { type, data, dims }]) => [name, new Tensor(type, data as never, dims)]),
  );
