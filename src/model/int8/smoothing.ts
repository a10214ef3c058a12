/**
 * Moves large values in some channels of a norm's output into the rows of the matrices that read it, which have one
 * scale for each output, so that they cost less precision there than in the one scale of a token's row. The network
 * computes the same: factors are powers of two, so that not even rounding changes.
 *
 * Source of the idea: SmoothQuant (Xiao and others, 2022), with their factor halfway between the two.
 */
import type { Graph, Node } from '../graph/graph.js';
import type { Int8Matrix } from './graph.js';

/** A norm whose output is read only by matrices in integers. */
export interface SmoothingGroup {
  /** The norm's output, [..., channels]. */
  readonly output: string;
  readonly channels: number;
  /** Tensors of the norm, [channels] each, that scale its output. */
  readonly norm: readonly string[];
  readonly matrices: readonly Int8Matrix[];
}

/** The indices of a norm's gain, and of its bias if it has one, among its inputs. */
const normInputs: Readonly<Record<string, readonly number[]>> = {
  LayerNormalization: [1, 2],
  SimplifiedLayerNormalization: [1],
  SkipSimplifiedLayerNormalization: [2],
};

/** Whether a node is a norm. */
export const isNorm = ({ operator }: Node): boolean => operator in normInputs;

/** @param activations those that the matrices are multiplied by in integers */
export function findSmoothingGroups(
  graph: Graph,
  matrices: readonly Int8Matrix[],
  activations: readonly string[],
): SmoothingGroup[] {
  const byTensor = new Map(matrices.map((matrix) => [matrix.tensor, matrix]));
  /** The matrices that read x, or some of its rows; undefined where something else reads it too. */
  const readersOf = (x: string): Int8Matrix[] | undefined => {
    const readers: Int8Matrix[] = [];
    for (const { operator, inputs, outputs } of graph.nodes) {
      if (!inputs.includes(x)) continue;
      // A matrix may also be multiplied in float32, by what has no rows for nodes.
      const matrix = activations.includes(x) ? byTensor.get(inputs[1] as string) : undefined;
      const found = operator === 'Gather' ? readersOf(outputs[0] as string) : matrix && [matrix];
      if (found === undefined) return undefined;
      readers.push(...found);
    }
    return readers;
  };
  return graph.nodes.flatMap(({ operator, inputs, outputs }) => {
    const places = normInputs[operator];
    const [output] = outputs as [string];
    const readers = places && readersOf(output);
    const [first] = readers ?? [];
    if (places === undefined || readers === undefined || first === undefined) return [];
    return [{ output, channels: first.inner, norm: places.map((i) => inputs[i] as string), matrices: readers }];
  });
}

/** By tensor: the divisors of a norm's channels, and the factors of a matrix's rows [inner]. */
export interface Smoothing {
  readonly norms: ReadonlyMap<string, Float32Array>;
  readonly matrices: ReadonlyMap<string, Float32Array>;
  /** The matrices of these that are stored as [outer, inner]. */
  readonly transposed: ReadonlySet<string>;
}

/** The divisors of a group's channels: halfway between the sizes of the activations and of the weights. */
export function smoothingFactors(activations: Float32Array, weights: Float32Array): Float32Array {
  return activations.map((activation, channel) => {
    const factor = 2 ** Math.round(Math.log2(activation / (weights[channel] as number)) / 2);
    return Number.isFinite(factor) && factor > 0 ? factor : 1;
  });
}
