/**
 * Makes the files of a model in integers: its weights, smoothed and quantised by the built-in texts, and its quality.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { RewardNetwork, TensorShape } from '../architectures/network.js';
import { RewardSession, WEIGHTS_FILE } from '../backend/session.js';
import type { TensorSource } from '../checkpoint/tensor-source.js';
import { prepackWeights, writeGraph, writeGraphs } from '../prepared/prepack.js';
import { writeWeights } from '../prepared/weights.js';
import { type ActivationRanges, builtInRows, measureRanges, type TypedRows } from './activation-ranges.js';
import { quantizeNetwork } from './graph.js';
import { chooseOutliers, findOutlierCandidates } from './outliers.js';
import { measureQuality, type Quality } from './quality.js';
import { findSmoothingGroups } from './smoothing.js';
import { GROUP_SIZE } from './texts.js';
import { seenIn, type Watched, watch } from './watch.js';
import { WatchedWeights } from './watched-weights.js';
import { chooseWeightType, type WeightType } from './weight-type.js';
import { chooseSmoothing, writeInt8Weights } from './weights.js';

/** Threads for the built-in texts: more gain little on packs of their size. */
const MOST_THREADS = 4;

/** To be changed when the same checkpoint gives another model: prepared models of another recipe are not used. */
export const INT8_RECIPE = 'int8 3';

export interface Int8Work {
  readonly network: RewardNetwork;
  readonly tensors: TensorSource;
  readonly tokenizerDirectory: string;
  /** The existing directory into which the model is written. */
  readonly directory: string;
  readonly heartbeat: () => void;
  /** How weights are stored. Default: the type that this processor adds up exactly. */
  readonly weightType?: WeightType;
  /** Threads that run the texts; none of the results depend on it. Default: as many as there are cores, at most four. */
  readonly threads?: number;
}

export async function makeInt8(given: Int8Work): Promise<Quality> {
  const tensors = new WatchedWeights(given.tensors);
  const work = { ...given, tensors };
  const { network, directory, heartbeat } = work;
  const rows = builtInRows(work.tokenizerDirectory, network);
  const weightType = work.weightType ?? (await chooseWeightType());
  const { matrices, activations } = quantizeNetwork(network, { weightType });
  const groups = findSmoothingGroups(network.graph, matrices, activations);
  const smoothed = new Set(groups.map(({ output }) => output));
  const plain = activations.filter((x) => !smoothed.has(x));
  const candidates = findOutlierCandidates(network.graph, activations, matrices, smoothed);
  const watched = { channels: [...groups, ...candidates], activations: plain };
  // Channels are counted as config.json has them, without zeros after them.
  const shapes = candidates.length === 0 ? network.tensors : network.tensors.map(unpadded);
  const exact = await runExact(work, rows, watched, shapes);
  const { largest, zeroPoints } = seenIn(exact.packs, watched);
  const smoothing = chooseSmoothing(groups, largest, tensors);
  const outliers = new Map(
    candidates.map(({ output }, i) => [output, chooseOutliers(largest[groups.length + i] as Float32Array)] as const),
  );
  heartbeat();
  // Where 0 lies in a row's range is another question without the channels that are apart.
  const others = { channels: [], activations: plain, outliers };
  const zeros =
    outliers.size === 0 ? zeroPoints : seenIn((await runExact(work, rows, others, shapes)).packs, others).zeroPoints;
  heartbeat();
  // Everything has been read by now.
  const wholeNaN = tensors.areBounded;
  const int8 = quantizeNetwork(network, { weightType, zeroPoints: zeros, outliers, wholeNaN });
  const weights = writeInt8Weights(int8, smoothing, tensors, join(directory, WEIGHTS_FILE));
  heartbeat();
  writeGraphs(int8.graph, network, await prepackWeights(int8.graph, weights, directory), directory);
  heartbeat();
  const { logits } = await runRows(work, rows, directory, true);
  return measureQuality(exact.logits, logits, network.labels.length, GROUP_SIZE);
}

/** Runs the built-in texts in float32; the files written for it are removed. */
async function runExact(
  work: Int8Work,
  rows: TypedRows,
  watched: Watched,
  shapes: readonly TensorShape[],
): Promise<ActivationRanges> {
  const { network, tensors } = work;
  const directory = join(work.directory, 'fp32');
  mkdirSync(directory);
  try {
    const weights = writeWeights(shapes, tensors, join(directory, WEIGHTS_FILE));
    writeGraph(watch(network.graph, watched), weights, directory);
    return await runRows(work, rows, directory, false);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const unpadded = ({ name, shape }: TensorShape): TensorShape => ({ name, shape });

/** Runs the network in `directory`, with all that its graph gives. */
export async function runRows(
  { network, heartbeat, threads = Math.min(MOST_THREADS, availableParallelism()) }: Int8Work,
  rows: TypedRows,
  directory: string,
  prepacked: boolean,
): Promise<ActivationRanges> {
  const session = await RewardSession.open(directory, { threads, prepacked });
  try {
    return await measureRanges(session, rows, network, heartbeat);
  } finally {
    await session.release();
  }
}
