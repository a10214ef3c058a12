/**
 * Prepared models: a checkpoint's graph and weights as onnxruntime maps them, made once and kept on disk.
 *
 * Each stands in a directory of its own, named by everything that it was made from, so a changed checkpoint,
 * graph, onnxruntime or processor never meets a wrong one. It is made under another name and renamed when whole:
 * of two processes that make the same one, the second finds the first's and drops its own.
 */
import { createHash, randomUUID } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { messageOf, runError } from '../errors.js';
import type { Checkpoint } from './checkpoint.js';
import { cpuIdentity } from './cpu.js';
import { countParameters } from './network.js';
import { encodeModel } from './onnx.js';
import { openSafetensors } from './safetensors.js';
import { writePreparedModel } from './session.js';
import { checkTensors, writeWeights } from './weights.js';

const onnxruntimeVersion: string = (
  createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
).version;

export interface PreparedModel {
  readonly directory: string;
  /** Of the checkpoint's weights file. */
  readonly sha256: string;
  /** It stands in a temporary directory, to be removed after the run. */
  readonly temporary: boolean;
  readonly onnxruntimeVersion: string;
}

/** From this many bytes of weights on, the first run's wait is explained. */
const LARGE_BYTES = 100e6;

/** `REWARD_SCORE_CACHE`, else `$XDG_CACHE_HOME/reward-score`, else `~/.cache/reward-score`. */
function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.REWARD_SCORE_CACHE) return environment.REWARD_SCORE_CACHE;
  const xdg = environment.XDG_CACHE_HOME;
  // The XDG specification has relative paths ignored.
  return join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'reward-score');
}

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
  const cache = cacheDirectory();
  const sha256 = await hashFile(checkpoint.weightsFile, useCache ? join(cache, 'hashes') : undefined);
  const graph = Buffer.from(encodeModel(checkpoint.network.graph, [], ''));
  const key = createHash('sha256')
    .update(JSON.stringify([sha256, onnxruntimeVersion, cpuIdentity()]))
    .update(graph)
    .digest('hex')
    .slice(0, 32);
  const found = (directory: string, temporary: boolean) => ({ directory, sha256, temporary, onnxruntimeVersion });
  const announce = (place: string): void => {
    const bytes = 4 * countParameters(checkpoint.network);
    // onnxruntime keeps the matrices twice: as they were, and packed.
    if (bytes > LARGE_BYTES) notify(`preparing the model: about ${((1.9 * bytes) / 1e9).toFixed(1)} GB in ${place}`);
  };
  if (useCache) {
    const directory = join(cache, 'prepared', key);
    if (existsSync(directory)) return found(directory, false);
    try {
      announce(`${cache}, once`);
      mkdirSync(join(cache, 'prepared'), { recursive: true });
      const unfinished = `${directory}.${process.pid}.${randomUUID()}.tmp`;
      await make(checkpoint, unfinished);
      try {
        renameSync(unfinished, directory);
      } catch (error) {
        rmSync(unfinished, { recursive: true, force: true });
        if (!existsSync(directory)) throw error;
      }
      return found(directory, false);
    } catch (error) {
      if (!isFileSystemError(error)) throw error;
      notify(`the prepared model cannot be kept in ${cache} (${messageOf(error)}): it is made anew for this run`);
    }
  }
  const directory = join(tmpdir(), `reward-score-${process.pid}-${randomUUID()}`);
  announce(`${directory}, removed after the run`);
  await make(checkpoint, directory);
  return found(directory, true);
}

async function make(checkpoint: Checkpoint, directory: string): Promise<void> {
  const source = join(directory, 'source');
  try {
    mkdirSync(source, { recursive: true });
    const tensors = openSafetensors(checkpoint.weightsFile);
    try {
      checkTensors(checkpoint.network, tensors, checkpoint.weightsFile);
      const weights = writeWeights(checkpoint.network, tensors, join(source, 'weights.bin'));
      const graphFile = join(source, 'graph.onnx');
      writeFileSync(graphFile, encodeModel(checkpoint.network.graph, weights, 'weights.bin'));
      await writePreparedModel(graphFile, directory);
    } finally {
      tensors.close();
    }
    rmSync(source, { recursive: true });
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** sha256 of a file, remembered in `memory` under its path for as long as size, time and inode stay. */
async function hashFile(path: string, memory: string | undefined): Promise<string> {
  const { size, mtimeNs, ino } = statSync(path, { bigint: true });
  const state = `${size} ${mtimeNs} ${ino}`;
  const note = memory && join(memory, createHash('sha256').update(path).digest('hex').slice(0, 32));
  if (note && existsSync(note)) {
    const [noted, sha256] = readFileSync(note, 'utf8').split('\n');
    if (noted === state && sha256?.length === 64) return sha256;
  }
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  } catch (error) {
    throw runError(`${path}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const sha256 = hash.digest('hex');
  if (memory && note) {
    try {
      mkdirSync(memory, { recursive: true });
      const unfinished = `${note}.${randomUUID()}.tmp`;
      writeFileSync(unfinished, `${state}\n${sha256}\n`);
      renameSync(unfinished, note);
    } catch (error) {
      // A cache that cannot be written costs the next run some time; prepareModel tells the user.
      if (!isFileSystemError(error)) throw error;
    }
  }
  return sha256;
}

const isFileSystemError = (error: unknown): boolean =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
