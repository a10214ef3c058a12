/** Runs a classifier that another tool exported on batches of rows. */

import { FatalError, messageOf, runError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import {
  type Outputs,
  Session,
  sessionOptions,
  type Tensor,
  type TensorMetadata,
  toTensors,
  type ValueMetadata,
} from '../backend/onnxruntime.js';
import type { Feeds } from '../layout/layout.js';
import { type PaddedInput, type PaddedInputs, paddedInputs } from '../layout/padded.js';
import type { NetworkSession } from '../token-scorer.js';
import type { DataFile } from './graph-file.js';
import { readLinkedData } from './linked-data.js';
import type { ExportedModel } from './model.js';

export class ExportedSession implements NetworkSession {
  readonly #model: ExportedModel;
  readonly #session: Session;
  readonly inputs: PaddedInputs;
  readonly #output: string;
  /** Whether it was exported for batches of one row. */
  readonly oneRow: boolean;

  private constructor(model: ExportedModel, session: Session) {
    this.#model = model;
    this.#session = session;
    this.inputs = new Map(session.inputMetadata.map((input) => this.#checkInput(input)));
    if (!this.inputs.has('input_ids')) this.#refuse('an input input_ids', session.inputNames.join(', '));
    if (model.network.countsFromPad && this.inputs.has('position_ids')) {
      this.#refuse(
        `no input position_ids of ${model.network.architecture}, which numbers positions by its tokens`,
        'one',
      );
    }
    this.oneRow = session.inputMetadata.some((input) => input.isTensor && input.shape[0] === 1);
    this.#output = this.#checkOutputs(session.outputMetadata);
  }

  /**
   * @param linked data files that onnxruntime does not open by itself
   * @throws FatalError `run` where the file is not a text classifier that can be run
   */
  static async open(model: ExportedModel, linked: readonly DataFile[]): Promise<ExportedSession> {
    let session: Session;
    try {
      session = await Session.open(model.file, {
        ...sessionOptions,
        graphOptimizationLevel: 'all',
        ...(linked.length > 0 && { externalData: readLinkedData(linked) }),
      });
    } catch (error) {
      if (error instanceof FatalError) throw error;
      throw runError(`${model.file}: onnxruntime cannot load the model: ${messageOf(error)}`, { cause: error });
    }
    try {
      return new ExportedSession(model, session);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  async run(feeds: Feeds): Promise<Float32Array> {
    const { labels } = this.#model.network;
    const shape = feeds.input_ids?.dims ?? [];
    let outputs: Outputs;
    try {
      // Errors are thrown, and so must not be logged as well.
      outputs = await this.#session.run(toTensors(feeds), [this.#output], { logSeverityLevel: 4 });
    } catch (error) {
      throw runError(
        `${this.#model.file}: the model cannot be run on ${shape.join(' x ')} tokens: ${messageOf(error)}; if it has no ` +
          `room for so many, name fewer with ${optionName('maxLength')}`,
        { cause: error },
      );
    }
    const logits = outputs[this.#output] as Tensor;
    if (logits.dims.length !== 2 || logits.dims[0] !== shape[0] || logits.dims[1] !== labels.length) {
      this.#refuse(this.#expectedOutput([shape[0] ?? 0, labels.length]), `[${logits.dims.join(', ')}]`);
    }
    return logits.data as Float32Array;
  }

  release(): Promise<void> {
    return this.#session.release();
  }

  #checkInput(input: ValueMetadata): [PaddedInput, 'int32' | 'int64'] {
    const name = paddedInputs.find((known) => known === input.name);
    if (name === undefined) this.#refuse(`no inputs but ${paddedInputs.join(', ')}`, input.name);
    if (!input.isTensor || (input.type !== 'int32' && input.type !== 'int64')) {
      this.#refuse(`${input.name} of int64 or int32`, describe(input));
    }
    const [rows = 1, positions, ...others] = fixedSizes(input);
    if (input.shape.length < 2 || rows !== 1 || positions !== undefined || others.length > 0) {
      this.#refuse(`${input.name} of [batch, sequence], both of any size`, describe(input));
    }
    return [name, input.type];
  }

  #checkOutputs(outputs: readonly ValueMetadata[]): string {
    const output = outputs.find(({ name }) => name === 'logits') ?? (outputs.length === 1 ? outputs[0] : undefined);
    if (output === undefined) {
      this.#refuse('an output logits, or a single one', outputs.map(({ name }) => name).join(', '));
    }
    const { length: labels } = this.#model.network.labels;
    const [, width = labels] = output.isTensor ? fixedSizes(output) : [];
    // Where the file does not state the shape, the first run shows it.
    const fits = output.isTensor && [0, 2].includes(output.shape.length) && width === labels;
    if (!fits || output.type !== 'float32') this.#refuse(this.#expectedOutput(['batch', labels]), describe(output));
    return output.name;
  }

  #expectedOutput(shape: readonly (number | string)[]): string {
    return `logits of float32 [${shape.join(', ')}], one for each label of config.json`;
  }

  #refuse(expected: string, got: string): never {
    throw runError(
      `${this.#model.file}: expected ${expected}, got ${got}; export it again as a text classifier with dynamic axes`,
    );
  }
}

/** The sizes of an input's axes; undefined where a size varies. */
const fixedSizes = ({ shape }: TensorMetadata): (number | undefined)[] =>
  shape.map((size) => (typeof size === 'number' && size > 0 ? size : undefined));

const describe = (value: ValueMetadata): string =>
  value.isTensor ? `${value.name} of ${value.type} [${value.shape.join(', ')}]` : `${value.name}, which is no tensor`;
