import { closeSync, openSync, writeSync } from 'node:fs';
import { runError } from '../../errors.js';
import { printableAscii } from '../../platform/printable.js';
import { countElements, type RewardNetwork, type TensorShape } from '../architectures/network.js';
import { explainHead } from '../checkpoint/refused.js';
import type { TensorSource } from '../checkpoint/tensor-source.js';
import { ElementType } from '../graph/graph.js';
import type { ExternalInitializer } from '../graph/onnx.js';

/** Alignment of each weight in the file, in bytes: a cache line, and enough for any vector load. */
const ALIGNMENT = 64;

/** Elements held in memory at a time. */
const CHUNK_ELEMENTS = 4 << 20;

/** The most names listed for each kind of problem. */
const MAX_LISTED = 8;

/**
 * Checks that a checkpoint holds exactly the tensors that the network needs, in their shapes.
 *
 * @throws FatalError `run` with the lists of what is missing, extra and misshapen
 */
export function checkTensors(network: RewardNetwork, source: TensorSource, path: string): void {
  const shape = (sizes: readonly number[] | undefined): string => `[${sizes?.join(', ')}]`;
  const problems: string[] = [];
  const report = (kind: string, tensors: readonly string[]): void => {
    if (tensors.length === 0) return;
    problems.push(`${kind}: ${tensors.slice(0, MAX_LISTED).join(', ')}${tensors.length > MAX_LISTED ? ', …' : ''}`);
  };
  const missing = network.tensors.map(({ name }) => name).filter((name) => source.shapeOf(name) === undefined);
  const shapes = new Map(network.tensors.map((tensor) => [tensor.name, tensor.shape]));
  report(
    'missing',
    missing.map((name) => `${name} ${shape(shapes.get(name))}`),
  );
  const unexpected = source.names.filter((name) => !shapes.has(name) && !network.bufferNames.test(name));
  report(
    'unexpected',
    unexpected.map((name) => `${printableAscii(name)} ${shape(source.shapeOf(name))}`),
  );
  report(
    'of another shape',
    network.tensors.flatMap(({ name, shape: wanted }) => {
      const got = source.shapeOf(name);
      return got === undefined || shape(got) === shape(wanted)
        ? []
        : [`${name} ${shape(got)} where config.json means ${shape(wanted)}`];
    }),
  );
  if (problems.length > 0) {
    const head = explainHead(missing, unexpected);
    throw runError(`${path}: expected the tensors of a ${network.architecture}; ${problems.join('; ')}${head}`);
  }
}

/** Rows that begin so many bytes apart, or a multiple, share the same few sets of the first-level cache. */
const ALIASED_BYTES = 4096;

/** Zeros that separate rows of the MLP's inner activations: a cache line of float32. */
const PADDING = 16;

/**
 * Writes tensors to a file as float32, one after the other, a chunk at a time.
 *
 * Where the rows of the MLP's inner activations would share cache sets, as with GPT-2's 3,072, 4,096 and 5,120, its
 * matrices are padded with zeros: the rewards are the same, and the second of them is a tenth faster (onnxruntime 1.30,
 * AVX-512).
 */
export function writeWeights(
  tensors: readonly TensorShape[],
  source: TensorSource,
  path: string,
): ExternalInitializer[] {
  const file = new WeightsFile(path);
  try {
    return tensors.map((tensor) => {
      const padding = paddingOf(tensor);
      const shape = tensor.shape.map((size, axis) => (axis === tensor.innerAxis ? size + padding : size));
      const chunks = padding === 0 ? chunksOf(tensor, source) : paddedChunksOf(tensor, padding, source);
      return file.add(tensor.name, ElementType.float32, shape, chunks);
    });
  } finally {
    file.close();
  }
}

function paddingOf({ shape, innerAxis }: TensorShape): number {
  if (innerAxis === undefined) return 0;
  return ((shape[innerAxis] as number) * Float32Array.BYTES_PER_ELEMENT) % ALIASED_BYTES === 0 ? PADDING : 0;
}

/** Yields a tensor's elements, with zeros after those of its inner axis. */
function* paddedChunksOf(tensor: TensorShape, padding: number, source: TensorSource): Generator<Float32Array> {
  const [rows, columns = 1] = tensor.shape as [number, number?];
  if (tensor.innerAxis === 0) {
    yield* chunksOf(tensor, source);
    yield new Float32Array(padding * columns);
    return;
  }
  const step = Math.max(1, Math.floor(CHUNK_ELEMENTS / columns));
  for (let row = 0; row < rows; row += step) {
    const count = Math.min(step, rows - row);
    const values = source.read(tensor.name, row * columns, count * columns);
    const padded = new Float32Array(count * (columns + padding));
    for (let i = 0; i < count; i++) {
      padded.set(values.subarray(i * columns, (i + 1) * columns), i * (columns + padding));
    }
    yield padded;
  }
}

/** Yields a tensor's elements, a chunk at a time. */
export function* chunksOf({ name, shape }: TensorShape, source: TensorSource): Generator<Float32Array> {
  const elements = countElements(shape);
  for (let start = 0; start < elements; start += CHUNK_ELEMENTS) {
    yield source.read(name, start, Math.min(CHUNK_ELEMENTS, elements - start));
  }
}

/** A file of weights while it is written. */
export class WeightsFile {
  readonly #file: number;
  #end = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'w');
  }

  add(
    name: string,
    type: ElementType,
    shape: readonly number[],
    chunks: Iterable<Float32Array | Int8Array | Uint8Array>,
  ): ExternalInitializer {
    const offset = Math.ceil(this.#end / ALIGNMENT) * ALIGNMENT;
    this.#end = offset;
    for (const { buffer, byteOffset, byteLength } of chunks) {
      this.#end += writeAll(this.#file, new Uint8Array(buffer, byteOffset, byteLength), this.#end);
    }
    return { name, type, shape, offset, byteLength: this.#end - offset };
  }

  close(): void {
    closeSync(this.#file);
  }
}

function writeAll(file: number, bytes: Uint8Array, position: number): number {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
  }
  return bytes.length;
}
