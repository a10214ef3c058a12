/**
 * Prepared models: a checkpoint's graph and weights as onnxruntime maps them, made once and stored on disk.
 *
 * Each has a directory of its own, named by everything that it was made from, so that a changed checkpoint, graph,
 * onnxruntime or processor never gets a wrong one. It is made under a lock and another name, and renamed when it is
 * whole.
 */
import { createHash } from 'node:crypto';
import { rmSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isFileSystemError, messageOf, runError } from '../../errors.js';
import { cacheDirectory } from '../../platform/cache-directory.js';
import { withLock } from '../../platform/lock.js';
import { countParameters } from '../architectures/network.js';
import { cpu } from '../backend/cpu.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { ElementType, type Graph } from '../graph/graph.js';
import { AUTO_RECIPE, type Mix } from '../int8/mix.js';
import type { Quality } from '../int8/quality.js';
import type { Preparation } from '../precision.js';
import { hashEncodingFiles } from '../tokenizer/directory.js';
import { hashFiles } from './hashes.js';
import {
  createStore,
  inspectPrepared,
  markUsed,
  placeOf,
  readAbout,
  removeLeftovers,
  renameIntoPlace,
} from './store.js';
import { removeAbandonedTemporary, temporaryPlace, unfinishedPlace } from './unfinished.js';

export interface PreparedModel {
  readonly directory: string;
  /** The hash over the checkpoint's files of weights, in index order. */
  readonly sha256: string;
  /** Whether it is in a temporary directory, to be removed after the run. */
  readonly temporary: boolean;
  readonly onnxruntimeVersion: string;
  /** The quality of integers, measured against float32. */
  readonly quality?: Quality;
  /** What each matrix became, where the precision is `auto`. */
  readonly mix?: Mix;
}

export interface PrepareOptions {
  readonly useCache: boolean;
  /** Called with sentences for the user. */
  readonly notify: (message: string) => void;
  /** Called from time to time while the model is prepared. */
  readonly heartbeat: () => void;
}

/**
 * To be changed with the files that a prepared model consists of, how a graph is encoded, and how one is derived that
 * goes on after earlier runs: others are not used.
 */
const PREPARED_FORM = 3;

/** From this many bytes of weights on, the first run's wait is explained. */
const LARGE_BYTES = 100e6;

/** Size of a prepared model in sizes of its float32 weights: matrices are stored twice, plain and prepacked. */
const PREPARED_RATIO = 1.9;

/**
 * Finds the prepared form of a checkpoint in the cache, or makes it and puts it there (without a cache, in a temporary
 * directory).
 */
export async function prepareModel(
  checkpoint: Checkpoint,
  preparation: Preparation,
  { useCache, notify, heartbeat }: PrepareOptions,
): Promise<PreparedModel> {
  const sha256 = await hashFiles(checkpoint.weights.files, useCache ? join(cacheDirectory(), 'hashes') : undefined);
  const plan = await planOf(checkpoint, preparation);
  const identity = cpu.identity();
  const key = createHash('sha256')
    .update(JSON.stringify([PREPARED_FORM, sha256, cpu.id, identity, ...plan.madeFrom, ...checkpoint.recipe]))
    .update(describeGraph(plan.graph))
    .digest('hex')
    .slice(0, 32);
  const found = (directory: string, temporary: boolean): PreparedModel => {
    const { quality, mix } = readAbout(directory);
    return {
      directory,
      sha256,
      temporary,
      onnxruntimeVersion: identity.onnxruntime,
      ...(quality && { quality }),
      ...(mix && { mix }),
    };
  };
  const makeIn = async (directory: string, place: string): Promise<void> => {
    // This is checked beforehand, as onnxruntime's own message for a full disk does not say so.
    requireRoom(dirname(directory), plan.bytesNeeded);
    const { preparedBytes } = plan;
    if (preparedBytes > LARGE_BYTES)
      notify(`preparing the model: about ${(preparedBytes / 1e9).toFixed(1)} GB in ${place}`);
    if (preparation.precision === 'auto')
      notify('measuring how finely each matrix must be computed, once: this may take minutes');
    // A model is made once. What that takes would cost every other start a tenth of its time.
    const { makePrepared } = await import('./make.js');
    return makePrepared(checkpoint, preparation, { sha256, identity, directory, heartbeat });
  };
  if (useCache) {
    const place = placeOf(key);
    try {
      if (inspectPrepared(place) === 'whole') {
        markUsed(place);
        return found(place, false);
      }
      createStore();
      const onWait = (): void => notify('another process is preparing the model: waiting for it');
      await withLock(`${place}.lock`, onWait, async () => {
        const state = inspectPrepared(place); // Another process may have made it in the meantime.
        if (state === 'whole') return;
        if (state === 'damaged') {
          notify(`the prepared model in ${place} is damaged: it is made anew`);
          rmSync(place, { recursive: true });
        }
        removeLeftovers();
        const unfinished = unfinishedPlace(place);
        await makeIn(unfinished, `${cacheDirectory()}, once`);
        renameIntoPlace(unfinished, place);
      });
      return found(place, false);
    } catch (error) {
      if (!isFileSystemError(error)) throw error;
      const why = `${cacheDirectory()} (${messageOf(error)})`;
      notify(`the prepared model cannot be kept in ${why}: it is made anew for this run`);
    }
  }
  removeAbandonedTemporary();
  const directory = temporaryPlace();
  try {
    await makeIn(directory, `${directory}, removed after the run`);
  } catch (error) {
    throw isFileSystemError(error) ? runError(`the model cannot be prepared: ${messageOf(error)}`) : error;
  }
  return found(directory, true);
}

/** What the files of a prepared model are made from, beside the weights, and their size. */
async function planOf({ network }: Checkpoint, preparation: Preparation) {
  const fp32Bytes = 4 * countParameters(network);
  if (preparation.precision === 'fp32') {
    const bytes = PREPARED_RATIO * fp32Bytes;
    return { madeFrom: [], graph: network.graph, preparedBytes: bytes, bytesNeeded: bytes };
  }
  const [{ int8Bytes, quantizeNetwork }, { INT8_RECIPE }] = await Promise.all([
    import('../int8/graph.js'),
    import('../int8/prepare.js'),
  ]);
  const isAuto = preparation.precision === 'auto';
  const int8 = quantizeNetwork(network, { weightType: ElementType.int8 });
  // Of a mix, any matrix may stay in float32.
  const preparedBytes = isAuto ? Math.max(int8Bytes(int8), PREPARED_RATIO * fp32Bytes) : int8Bytes(int8);
  return {
    madeFrom: [...(isAuto ? [AUTO_RECIPE] : []), INT8_RECIPE, hashEncodingFiles(preparation.tokenizerDirectory)],
    graph: int8.graph,
    preparedBytes,
    // While it is made, the weights in float32 are beside it.
    bytesNeeded: preparedBytes + fp32Bytes,
  };
}

/** All that a graph says. */
const describeGraph = (graph: Graph): string =>
  JSON.stringify(graph, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  );

/** @throws an error like the file system's where fewer bytes are free */
function requireRoom(directory: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  if (free >= bytes) return;
  const gigabytes = (n: number): string => `${(n / 1e9).toFixed(1)} GB`;
  throw Object.assign(new Error(`${gigabytes(bytes)} are needed in ${directory}, ${gigabytes(free)} are free`), {
    syscall: 'statfs',
  });
}
