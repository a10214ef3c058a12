/**
 * Channels that are far larger than the others in the activations of networks that normalise what they have added, as
 * BERT's: what their norms give goes into the residual stream too, so that it cannot be smoothed (smoothing.ts).
 *
 * Source of the idea: LLM.int8() (Dettmers and others, 2022), with channels that are chosen once.
 */
import type { Graph } from '../graph/graph.js';
import type { Int8Matrix, OutlierChannels } from './graph.js';
import { isNorm } from './smoothing.js';

/** Activations that matrices in integers are multiplied by. */
export interface OutlierCandidate {
  readonly output: string;
  readonly channels: number;
}

/** The most channels of a matrix that are multiplied in float32: each costs as much as four in integers. */
const MOST_OUTLIERS = 8;

/** A network is not so narrow that a channel is as good as any other. */
const CHANNELS_FOR_ONE = 16;

/**
 * Finds the activations of which some channels are multiplied in float32: where a norm's output is not smoothed, all that
 * are not smoothed.
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
  const plain = activations.filter((x) => !smoothed.has(x));
  const norms = new Set(graph.nodes.filter(isNorm).flatMap(({ outputs }) => outputs));
  if (!plain.some((x) => norms.has(x))) return [];
  const innerOf = new Map(
    graph.nodes.flatMap(({ inputs }) => {
      const matrix = matrices.find(({ tensor }) => tensor === inputs[1]);
      return matrix === undefined ? [] : [[inputs[0] as string, matrix.inner] as const];
    }),
  );
  return plain.flatMap((output) => {
    const channels = innerOf.get(output);
    return channels === undefined ? [] : [{ output, channels }];
  });
}

/** The channels with the largest activations. */
export function chooseOutliers(largest: Float32Array): OutlierChannels {
  const count = Math.min(MOST_OUTLIERS, Math.floor(largest.length / CHANNELS_FOR_ONE));
  const channels = Array.from(largest.keys())
    .sort((a, b) => (largest[b] as number) - (largest[a] as number) || a - b)
    .slice(0, count)
    .sort((a, b) => a - b);
  return { channels, others: largest.map((_, channel) => (channels.includes(channel) ? 0 : 1)) };
}
