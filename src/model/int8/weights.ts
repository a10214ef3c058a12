/** Writes the weights of a network in integers to a file, for sessions to map. */

import type { TensorShape } from '../architectures/network.js';
import type { TensorSource } from '../checkpoint/tensor-source.js';
import { ElementType } from '../graph/graph.js';
import type { ExternalInitializer } from '../graph/onnx.js';
import { chunksOf, WeightsFile } from '../prepared/weights.js';
import type { Int8Matrix, Int8Network } from './graph.js';
import { largestByInput, quantizeMatrix, rowOf } from './matrix.js';
import { type Smoothing, type SmoothingGroup, smoothingFactors } from './smoothing.js';
import type { WeightType } from './weight-type.js';

/**
 * Chooses the divisors of norms and the factors of matrices.
 *
 * @param largest the largest activation of each channel, for each group
 */
export function chooseSmoothing(
  groups: readonly SmoothingGroup[],
  largest: readonly Float32Array[],
  source: TensorSource,
): Smoothing {
  const norms = new Map<string, Float32Array>();
  const matrices = new Map<string, Float32Array>();
  const transposed = new Set<string>();
  for (const [i, group] of groups.entries()) {
    const weights = new Float32Array(group.channels);
    for (const matrix of group.matrices) {
      for (const [k, size] of largestByInput(readMatrix(matrix, source), matrix).entries()) {
        weights[k] = Math.max(weights[k] as number, size);
      }
    }
    const factors = smoothingFactors(largest[i] as Float32Array, weights);
    for (const name of group.norm) norms.set(name, factors);
    for (const matrix of group.matrices) {
      matrices.set(matrix.tensor, factors);
      if (matrix.transposed) transposed.add(matrix.tensor);
    }
  }
  return { norms, matrices, transposed };
}

export function writeInt8Weights(
  { floats, matrices, weightType }: Int8Network,
  smoothing: Smoothing,
  source: TensorSource,
  path: string,
): ExternalInitializer[] {
  const file = new WeightsFile(path);
  try {
    const integers = new Set(matrices.map(({ tensor }) => tensor));
    const written = floats.map((tensor) =>
      file.add(tensor.name, ElementType.float32, tensor.shape, smoothedChunks(tensor, smoothing, source, integers)),
    );
    for (const matrix of matrices) {
      for (const { name, type, shape, chunks } of integersOf(matrix, weightType, smoothing, source)) {
        written.push(file.add(name, type, shape, chunks));
      }
    }
    return written;
  } finally {
    file.close();
  }
}

interface IntegerTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly chunks: readonly (Float32Array | Int8Array | Uint8Array)[];
}

/** The initializers of a matrix in integers. */
export function integersOf(
  matrix: Int8Matrix,
  weightType: WeightType,
  smoothing: Smoothing,
  source: TensorSource,
): IntegerTensor[] {
  const { inner, outer } = matrix;
  const floats = readMatrix(matrix, source);
  const factors = smoothing.matrices.get(matrix.tensor);
  const inIntegers = withoutOutliers(matrix, factors);
  const { values, scales, residual } = quantizeMatrix(floats, matrix, weightType, inIntegers);
  const tensors: IntegerTensor[] = [
    { name: matrix.values, type: weightType, shape: [inner, outer], chunks: [values] },
    { name: matrix.residual, type: weightType, shape: [inner, outer], chunks: [residual] },
    { name: matrix.scales, type: ElementType.float32, shape: [outer], chunks: [scales] },
  ];
  if (matrix.outliers === undefined) return tensors;
  const { weights, channels } = matrix.outliers;
  const rows = channels.map((channel) => {
    const factor = factors?.[channel] ?? 1;
    return rowOf(floats, matrix, channel).map((weight) => weight * factor);
  });
  return [...tensors, { name: weights, type: ElementType.float32, shape: [channels.length, outer], chunks: rows }];
}

/** A tensor that stays in float32: a norm is divided by its factors, and a matrix that reads one is multiplied by them. */
function* smoothedChunks(
  tensor: TensorShape,
  { norms, matrices, transposed }: Smoothing,
  source: TensorSource,
  integers: ReadonlySet<string>,
): Generator<Float32Array> {
  const { name, shape } = tensor;
  const divisors = norms.get(name);
  // One that is there in both forms is multiplied in float32 by what is not smoothed.
  const factors = integers.has(name) ? undefined : matrices.get(name);
  let start = 0;
  for (const chunk of chunksOf(tensor, source)) {
    if (divisors !== undefined) yield chunk.map((x, i) => x / (divisors[start + i] as number));
    else if (factors === undefined) yield chunk;
    else {
      const [rows, columns] = shape as [number, number];
      const channelOf = transposed.has(name)
        ? (i: number): number => i % columns
        : (i: number): number => Math.floor(i / columns) % rows;
      yield chunk.map((x, i) => x * (factors[channelOf(start + i)] as number));
    }
    start += chunk.length;
  }
}

/** Rows of outliers are no part of the integers. */
function withoutOutliers({ inner, outliers }: Int8Matrix, factors: Float32Array | undefined): Float32Array | undefined {
  if (outliers === undefined) return factors;
  const inIntegers = Float32Array.from(factors ?? new Float32Array(inner).fill(1));
  for (const channel of outliers.channels) inIntegers[channel] = 0;
  return inIntegers;
}

const readMatrix = ({ tensor, inner, outer }: Int8Matrix, source: TensorSource): Float32Array =>
  source.read(tensor, 0, inner * outer);
