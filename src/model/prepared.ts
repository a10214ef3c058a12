/**
 * Prepared models: a checkpoint's graph and weights as onnxruntime maps them, made once and kept on disk.
 *
 * Each stands in a directory of its own, named by everything that it was made from, so a changed checkpoint,
 * graph, onnxruntime or processor never meets a wrong one. It is made under a lock and another name, and renamed when
 * it is whole.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isFileSystemError, messageOf, runError } from '../errors.js';
import { type Checkpoint, openTensors } from './checkpoint.js';
import { cpuIdentity } from './cpu.js';
import { hashFiles } from './hashes.js';
import { withLock } from './lock.js';
import { countParameters } from './network.js';
import { type ExternalInitializer, encodeModel } from './onnx.js';
import { onnxruntimeVersion } from './onnxruntime.js';
import { packWeights } from './packing.js';
import {
  cacheDirectory,
  createStore,
  describePrepared,
  inspectPrepared,
  markUsed,
  placeOf,
  renameIntoPlace,
  unfinishedPlace,
} from './prepared-store.js';
import { MODEL_FILE, WEIGHTS_FILE } from './session.js';
import { writeWeights } from './weights.js';

export interface PreparedModel {
  readonly directory: string;
  /** Over the checkpoint's files of weights, in index order. */
  readonly sha256: string;
  /** It stands in a temporary directory, to be removed after the run. */
  readonly temporary: boolean;
  readonly onnxruntimeVersion: string;
}

/** From this many bytes of weights on, the first run's wait is explained. */
const LARGE_BYTES = 100e6;

/** Size of a prepared model in sizes of its float32 weights: matrices are there twice, as they were and packed. */
const KEPT = 1.9;

/**
 * The prepared form of a checkpoint: found in the cache, or made and put there (or, without one, in a temporary place).
 *
 * @param notify told, in a sentence, what the user should know
 */
export async function prepareModel(
  checkpoint: Checkpoint,
  useCache: boolean,
  notify: (message: string) => void,
): Promise<PreparedModel> {
  const sha256 = await hashFiles(checkpoint.weights.files, useCache ? join(cacheDirectory(), 'hashes') : undefined);
  const graph = Buffer.from(encodeModel(checkpoint.network.graph, [], ''));
  const key = createHash('sha256')
    .update(JSON.stringify([sha256, onnxruntimeVersion, cpuIdentity()]))
    .update(graph)
    .digest('hex')
    .slice(0, 32);
  const found = (directory: string, temporary: boolean) => ({ directory, sha256, temporary, onnxruntimeVersion });
  const bytes = 4 * countParameters(checkpoint.network);
  const makeIn = (directory: string, place: string): Promise<void> => {
    // Looked at beforehand: onnxruntime's own words for a full disk do not say so.
    requireRoom(dirname(directory), KEPT * bytes);
    if (bytes > LARGE_BYTES) notify(`preparing the model: about ${((KEPT * bytes) / 1e9).toFixed(1)} GB in ${place}`);
    return make(checkpoint, sha256, directory);
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
        const state = inspectPrepared(place); // somebody may have made it while this process waited
        if (state === 'whole') return;
        if (state === 'damaged') {
          notify(`the prepared model in ${place} is damaged: it is made anew`);
          rmSync(place, { recursive: true });
        }
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
  const directory = join(tmpdir(), `reward-score-${process.pid}-${randomUUID()}`);
  try {
    await makeIn(directory, `${directory}, removed after the run`);
  } catch (error) {
    throw isFileSystemError(error) ? runError(`the model cannot be prepared: ${messageOf(error)}`) : error;
  }
  return found(directory, true);
}

async function make(checkpoint: Checkpoint, sha256: string, directory: string): Promise<void> {
  const { network } = checkpoint;
  try {
    mkdirSync(directory, { recursive: true });
    const tensors = openTensors(checkpoint);
    let weights: ExternalInitializer[];
    try {
      weights = writeWeights(network, tensors, join(directory, WEIGHTS_FILE));
    } finally {
      tensors.close();
    }
    weights = await packWeights(network.graph, weights, directory);
    writeFileSync(join(directory, MODEL_FILE), encodeModel(network.graph, weights, WEIGHTS_FILE));
    describePrepared(directory, {
      model: checkpoint.directory,
      sha256,
      architecture: checkpoint.network.architecture,
      parameters: countParameters(checkpoint.network),
      precision: 'fp32',
      onnxruntime: onnxruntimeVersion,
      cpu: cpuIdentity(),
    });
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** @throws an error of the file system's kind where fewer bytes are free */
function requireRoom(directory: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  if (free >= bytes) return;
  const gigabytes = (n: number): string => `${(n / 1e9).toFixed(1)} GB`;
  throw Object.assign(new Error(`${gigabytes(bytes)} are needed in ${directory}, ${gigabytes(free)} are free`), {
    syscall: 'statfs',
  });
}
