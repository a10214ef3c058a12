/**
 * Channels that are far larger than the others in the activations of networks that normalise what they have added, as
 * BERT's: what their norms give goes into the residual stream too, so that it cannot be smoothed (smoothing.ts).
 *
 * Source of the idea: LLM.int8() (Dettmers and others, 2022), with channels that are chosen once.
 */
import type { Graph } from '../graph/graph.js';
import type { Int8Matrix } from './graph.js';
import { isNorm } from './smoothing.js';

/** Activations that are a norm's output, or some of its rows. */
export interface OutlierCandidate {
  readonly output: string;
  readonly channels: number;
}

/** The most channels of a matrix that are multiplied in float32: each costs as much as four in integers. */
const MOST_OUTLIERS = 8;

/** A network is not so narrow that a channel is as good as any other. */
const CHANNELS_FOR_ONE = 16;

/**
 * Finds the activations of which some channels may be far larger than the others.
 *
 * @param activations those that matrices are multiplied by
 * @param smoothed the norms' outputs that are smoothed
 */
export function findOutlierCandidates(
  graph: Graph,
  activations: readonly string[],
  matrices: readonly Int8Matrix[],
  smoothed: ReadonlySet<string>,
): OutlierCandidate[] {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  /** Whether x is what a norm gives, or some of its rows. */
  const isOfNorm = (x: string): boolean => {
    const producer = producers.get(x);
    if (producer === undefined || smoothed.has(x)) return false;
    const { operator, inputs } = producer;
    return isNorm(producer) || ((operator === 'Gather' || operator === 'Reshape') && isOfNorm(inputs[0] as string));
  };
  const innerOf = new Map(
    graph.nodes.flatMap(({ inputs }) => {
      const matrix = matrices.find(({ tensor }) => tensor === inputs[1]);
      return matrix === undefined ? [] : [[inputs[0] as string, matrix.inner] as const];
    }),
  );
  return activations.flatMap((output) => {
    const channels = innerOf.get(output);
    return channels !== undefined && isOfNorm(output) ? [{ output, channels }] : [];
  });
}

/** The channels with the largest activations, in order. */
export function chooseOutliers(largest: Float32Array): number[] {
  const count = Math.min(MOST_OUTLIERS, Math.floor(largest.length / CHANNELS_FOR_ONE));
  return Array.from(largest.keys())
    .sort((a, b) => (largest[b] as number) - (largest[a] as number) || a - b)
    .slice(0, count)
    .sort((a, b) => a - b);
}
