/** Writes the weights of a network in integers to a file, for sessions to map. */

import { countElements } from '../architectures/network.js';
import type { TensorSource } from '../checkpoint/tensor-source.js';
import { ElementType } from '../graph/graph.js';
import type { ExternalInitializer } from '../graph/onnx.js';
import { chunksOf, WeightsFile } from '../prepared/weights.js';
import type { Int8Matrix, Int8Network } from './graph.js';
import { largestByInput, quantizeMatrix, rowOf } from './matrix.js';
import { type Smoothing, type SmoothingGroup, smoothingFactors } from './smoothing.js';

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
  for (const [i, group] of groups.entries()) {
    const weights = new Float32Array(group.channels);
    for (const matrix of group.matrices) {
      for (const [k, size] of largestByInput(readMatrix(matrix, source), matrix).entries()) {
        weights[k] = Math.max(weights[k] as number, size);
      }
    }
    const factors = smoothingFactors(largest[i] as Float32Array, weights);
    for (const name of group.norm) norms.set(name, factors);
    for (const { tensor } of group.matrices) matrices.set(tensor, factors);
  }
  return { norms, matrices };
}

export function writeInt8Weights(
  { floats, matrices, weightType }: Int8Network,
  smoothing: Smoothing,
  source: TensorSource,
  path: string,
): ExternalInitializer[] {
  const file = new WeightsFile(path);
  try {
    const written = floats.map((tensor) => {
      const factors = smoothing.norms.get(tensor.name);
      const chunks =
        factors === undefined
          ? chunksOf(tensor, source)
          : [source.read(tensor.name, 0, countElements(tensor.shape)).map((x, i) => x / (factors[i] as number))];
      return file.add(tensor.name, ElementType.float32, tensor.shape, chunks);
    });
    for (const matrix of matrices) {
      const { inner, outer } = matrix;
      const floats = readMatrix(matrix, source);
      const factors = factorsOf(matrix, smoothing);
      const { values, scales, residual } = quantizeMatrix(floats, matrix, weightType, factors);
      written.push(file.add(matrix.values, weightType, [inner, outer], [values]));
      written.push(file.add(matrix.residual, weightType, [inner, outer], [residual]));
      written.push(file.add(matrix.scales, ElementType.float32, [outer], [scales]));
      if (matrix.outliers !== undefined) {
        const { weights, channels } = matrix.outliers;
        const rows = channels.map((channel) => rowOf(floats, matrix, channel));
        written.push(file.add(weights, ElementType.float32, [channels.length, outer], rows));
      }
    }
    return written;
  } finally {
    file.close();
  }
}

/** Rows of outliers are no part of the integers. */
function factorsOf({ tensor, inner, outliers }: Int8Matrix, smoothing: Smoothing): Float32Array | undefined {
  const factors = smoothing.matrices.get(tensor);
  if (outliers === undefined) return factors;
  const inIntegers = Float32Array.from(factors ?? new Float32Array(inner).fill(1));
  for (const channel of outliers.channels) inIntegers[channel] = 0;
  return inIntegers;
}

const readMatrix = ({ tensor, inner, outer }: Int8Matrix, source: TensorSource): Float32Array =>
  source.read(tensor, 0, inner * outer);
