/** Tries out how near rewards are to those in float32 when matrices are multiplied in other ways: by running the network. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { WEIGHTS_FILE } from '../backend/session.js';
import type { SmallConstant } from '../graph/graph.js';
import type { ExternalInitializer } from '../graph/onnx.js';
import { prepackWeights, writeGraph, writeGraphs } from '../prepared/prepack.js';
import { builtInRows, type TypedRows } from './activation-ranges.js';
import type { MixMeasures, MixUnit } from './choose-mix.js';
import { type Int8Matrix, type Int8Network, type OutlierChannels, quantizeNetwork } from './graph.js';
import { chooseOutliers } from './outliers.js';
import { type Int8Work, runRows } from './prepare.js';
import { hasOutliers, type Product, products } from './products.js';
import { errorVariance, measureQuality, type Quality } from './quality.js';
import { findSmoothingGroups, type Smoothing } from './smoothing.js';
import { GROUP_SIZE } from './texts.js';
import { seenIn, watch } from './watch.js';
import { WatchedWeights } from './watched-weights.js';
import { chooseWeightType, type WeightType } from './weight-type.js';
import { chooseSmoothing, integersOf, writeInt8Weights } from './weights.js';

/** One of so many groups is scored where one unit is tried: how large its error is shows in few rows, and units are many. */
const PROBED = 27;

/** What a weight that only pooled nodes meet counts: of eight nodes, about one is pooled. */
const POOLED_SHARE = 1 / 8;

const noSmoothing: Smoothing = { norms: new Map(), matrices: new Map(), transposed: new Set() };

/** Matrices with the same activations. */
interface TriedUnit extends MixUnit {
  readonly activation: string;
  readonly matrices: readonly Int8Matrix[];
}

/** What of quantisation follows from the activations that were seen. */
interface Calibration {
  readonly smoothing: Smoothing;
  readonly outliers: ReadonlyMap<string, OutlierChannels>;
  readonly zeroPoints: ReadonlyMap<string, number>;
  /** Where 0 lies without the outliers. */
  readonly zeroPointsOfOthers: ReadonlyMap<string, number>;
}

interface Parts {
  readonly weightType: WeightType;
  readonly units: readonly TriedUnit[];
  readonly calibration: Calibration;
  readonly weights: readonly ExternalInitializer[];
  readonly rows: TypedRows;
  readonly exact: Float32Array;
  readonly wholeNaN: boolean;
}

export class MixTrials implements MixMeasures {
  readonly units: readonly TriedUnit[];
  readonly #work: Int8Work;
  readonly #parts: Parts;

  private constructor(work: Int8Work, parts: Parts) {
    this.#work = work;
    this.#parts = parts;
    this.units = parts.units;
  }

  /**
   * Writes the network in float32 beside the model that is made, and scores the rows with it. Activations are those of the
   * texts that int8 is tuned by, so that int8 throughout is the same network.
   */
  static async open(given: Int8Work, rows: TypedRows): Promise<MixTrials> {
    const tensors = new WatchedWeights(given.tensors);
    const work = { ...given, tensors };
    const { network, heartbeat } = work;
    const weightType = work.weightType ?? (await chooseWeightType());
    const directory = placeOf(work);
    mkdirSync(directory);
    try {
      const plain = quantizeNetwork(network, { weightType });
      const inFloat = quantizeNetwork(network, { weightType, products: everywhere(plain.activations, 'fp32') });
      const write = (smoothing: Smoothing): ExternalInitializer[] =>
        writeInt8Weights(inFloat, smoothing, tensors, join(directory, WEIGHTS_FILE));
      const calibration = await calibrate(work, plain, inFloat, write(noSmoothing));
      heartbeat();
      const weights = write(calibration.smoothing);
      writeGraph(inFloat.graph, weights, directory);
      const { logits: exact } = await runRows(work, rows, directory, false);
      const units = plain.activations.map((x) => unitOf(x, plain, matricesOf(work, plain, x), calibration));
      const wholeNaN = tensors.areBounded;
      return new MixTrials(work, { weightType, units, calibration, weights, rows, exact, wholeNaN });
    } catch (error) {
      rmSync(directory, { recursive: true });
      throw error;
    }
  }

  async errorOf(unit: number, product: Product): Promise<number> {
    const { network, tensors } = this.#work;
    const { weightType, calibration, weights, rows, exact } = this.#parts;
    const { graph, matrices, floats } = this.#quantize(this.units.map((_, i) => (i === unit ? product : 'fp32')));
    // What the one unit has in integers goes into the graph itself: everything else is there.
    const constants = matrices
      .flatMap((matrix) => integersOf(matrix, weightType, calibration.smoothing, tensors))
      .map(({ chunks, ...tensor }): SmallConstant => ({ ...tensor, bytes: bytesOf(chunks) }));
    const inFloat = new Set(floats.map(({ name }) => name));
    writeGraph(
      { ...graph, constants: [...graph.constants, ...constants] },
      weights.filter(({ name }) => inFloat.has(name)),
      placeOf(this.#work),
    );
    const labels = network.labels.length;
    const probed = <T>(values: readonly T[]): T[] => values.filter((_, row) => isProbed(row));
    const { logits } = await runRows(
      this.#work,
      { rows: probed(rows.rows), types: probed(rows.types) },
      placeOf(this.#work),
      false,
    );
    return errorVariance(
      exact.filter((_, i) => isProbed(Math.floor(i / labels))),
      logits,
      labels,
    );
  }

  async qualityOf(mix: readonly Product[]): Promise<Quality> {
    const { network, directory } = this.#work;
    const int8 = this.#quantize(mix);
    writeGraph(int8.graph, this.#write(int8), directory);
    const { logits } = await runRows(this.#work, this.#parts.rows, directory, false);
    return measureQuality(this.#parts.exact, logits, network.labels.length, GROUP_SIZE);
  }

  /** Writes the model with this mix, as sessions open it. */
  async make(mix: readonly Product[]): Promise<void> {
    const { network, directory } = this.#work;
    const int8 = this.#quantize(mix);
    const weights = await prepackWeights(int8.graph, this.#write(int8), directory);
    writeGraphs(int8.graph, network, weights, directory);
  }

  close(): void {
    rmSync(placeOf(this.#work), { recursive: true });
  }

  #quantize(mix: readonly Product[]): Int8Network {
    const { weightType, units, calibration, wholeNaN } = this.#parts;
    const { outliers, zeroPoints, zeroPointsOfOthers } = calibration;
    const chosen = units.map(({ activation }, i) => [activation, mix[i] as Product] as const);
    const apart = new Set(chosen.filter(([, product]) => hasOutliers(product)).map(([x]) => x));
    return quantizeNetwork(this.#work.network, {
      weightType,
      wholeNaN,
      products: new Map(chosen),
      outliers: new Map([...outliers].filter(([x]) => apart.has(x))),
      zeroPoints: new Map([
        ...[...zeroPoints].filter(([x]) => !apart.has(x)),
        ...[...zeroPointsOfOthers].filter(([x]) => apart.has(x)),
      ]),
    });
  }

  #write(int8: Int8Network): ExternalInitializer[] {
    const { tensors, directory, heartbeat } = this.#work;
    const weights = writeInt8Weights(int8, this.#parts.calibration.smoothing, tensors, join(directory, WEIGHTS_FILE));
    heartbeat();
    return weights;
  }
}

/** Where the network in float32 is while others are tried. */
const placeOf = ({ directory }: Int8Work): string => join(directory, 'fp32');

const isProbed = (row: number): boolean => Math.floor(row / GROUP_SIZE) % PROBED === 0;

const everywhere = (activations: readonly string[], product: Product): ReadonlyMap<string, Product> =>
  new Map(activations.map((x) => [x, product]));

/** Measures the activations of the built-in texts, without and then with the outliers apart. */
async function calibrate(
  work: Int8Work,
  plain: Int8Network,
  inFloat: Int8Network,
  weights: readonly ExternalInitializer[],
): Promise<Calibration> {
  const { network, tensors, tokenizerDirectory } = work;
  const rows = builtInRows(tokenizerDirectory, network);
  const groups = findSmoothingGroups(network.graph, plain.matrices, plain.activations);
  const smoothed = new Set(groups.map(({ output }) => output));
  const activations = plain.activations.filter((x) => !smoothed.has(x));
  const all = plain.activations.map((output) => {
    const [{ inner, tensor }] = matricesOf(work, plain, output) as [Int8Matrix];
    return { output, channels: inner, tensor };
  });
  const seen = async (watched: Parameters<typeof watch>[1]): Promise<ReturnType<typeof seenIn>> => {
    writeGraph(watch(inFloat.graph, watched), weights, placeOf(work));
    return seenIn((await runRows(work, rows, placeOf(work), false)).packs, watched);
  };
  const { largest, zeroPoints } = await seen({ channels: [...groups, ...all], activations });
  const smoothing = chooseSmoothing(groups, largest, tensors);
  const outliers = new Map(
    all.flatMap(({ output, tensor }, i): [string, OutlierChannels][] => {
      const factors = smoothing.matrices.get(tensor);
      const sizes = (largest[groups.length + i] as Float32Array).map((size, k) => size / (factors?.[k] ?? 1));
      const chosen = chooseOutliers(sizes);
      return chosen.channels.length === 0 ? [] : [[output, chosen]];
    }),
  );
  const { zeroPoints: zeroPointsOfOthers } = await seen({ channels: [], activations, outliers });
  return { smoothing, outliers, zeroPoints, zeroPointsOfOthers };
}

/** The matrices that an activation is multiplied by. */
function matricesOf({ network }: Int8Work, { matrices }: Int8Network, activation: string): Int8Matrix[] {
  const readers = network.graph.nodes.filter(({ inputs }) => inputs[0] === activation);
  return readers.flatMap(({ inputs }) => matrices.filter(({ tensor }) => tensor === inputs[1]));
}

function unitOf(
  activation: string,
  { pooled }: Int8Network,
  matrices: readonly Int8Matrix[],
  { outliers }: Calibration,
): TriedUnit {
  const onlyPooled = pooled.has(activation);
  const size = matrices.reduce((sum, { inner, outer }) => sum + inner * outer, 0);
  // Pooled nodes have both residuals in int8 already.
  const alike: readonly Product[] = onlyPooled ? ['finer-weights', 'finer-activations'] : [];
  return {
    activation,
    matrices,
    weight: onlyPooled ? size * POOLED_SHARE : size,
    options: products.filter((way) => !alike.includes(way) && (way !== 'outliers' || outliers.has(activation))),
  };
}

function bytesOf(chunks: readonly (Float32Array | Int8Array | Uint8Array)[]): Uint8Array {
  return Buffer.concat(chunks.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)));
}
