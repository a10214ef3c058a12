/** Makes the files of a prepared model from a checkpoint. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { countParameters, type RewardNetwork } from '../architectures/network.js';
import type { BackendIdentity } from '../backend/backend.js';
import { WEIGHTS_FILE } from '../backend/session.js';
import { type Checkpoint, openTensors } from '../checkpoint/checkpoint.js';
import type { TensorSource } from '../checkpoint/tensor-source.js';
import { type AutoModel, makeAuto } from '../int8/auto.js';
import { makeInt8 } from '../int8/prepare.js';
import type { Preparation } from '../precision.js';
import { prepackWeights, writeGraphs } from './prepack.js';
import { describePrepared } from './store.js';
import { writeWeights } from './weights.js';

export interface MakeOptions {
  readonly sha256: string;
  /** What the files are made for. */
  readonly identity: BackendIdentity;
  readonly directory: string;
  readonly heartbeat: () => void;
}

/** Makes a prepared model in `directory`, or leaves no directory behind. */
export async function makePrepared(
  checkpoint: Checkpoint,
  preparation: Preparation,
  { sha256, identity, directory, heartbeat }: MakeOptions,
): Promise<void> {
  const { network } = checkpoint;
  try {
    mkdirSync(directory, { recursive: true });
    const tensors = withHeartbeat(openTensors(checkpoint), heartbeat);
    let measured: Partial<AutoModel>;
    try {
      measured = await makeFiles(network, tensors, preparation, { directory, heartbeat });
    } finally {
      tensors.close();
    }
    describePrepared(directory, {
      model: checkpoint.directory,
      sha256,
      architecture: checkpoint.network.architecture,
      parameters: countParameters(checkpoint.network),
      precision: preparation.precision,
      ...(measured.quality && { quality: measured.quality }),
      ...(measured.mix && { mix: measured.mix }),
      onnxruntime: identity.onnxruntime,
      cpu: identity.device,
    });
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** @returns what was measured and chosen, of a model that is not plain float32 */
async function makeFiles(
  network: RewardNetwork,
  tensors: TensorSource,
  preparation: Preparation,
  { directory, heartbeat }: Pick<MakeOptions, 'directory' | 'heartbeat'>,
): Promise<Partial<AutoModel>> {
  if (preparation.precision === 'fp32') {
    await makeFp32(network, tensors, directory);
    return {};
  }
  const work = { network, tensors, tokenizerDirectory: preparation.tokenizerDirectory, directory, heartbeat };
  if (preparation.precision === 'int8') return { quality: await makeInt8(work) };
  const made = await makeAuto(work);
  if (made.mix.fallback !== undefined) await makeFp32(network, tensors, directory);
  return made;
}

async function makeFp32(network: RewardNetwork, source: TensorSource, directory: string): Promise<void> {
  const weights = writeWeights(network.tensors, source, join(directory, WEIGHTS_FILE));
  writeGraphs(network.graph, network, await prepackWeights(network.graph, weights, directory), directory);
}

/** A read may take a second, where an adapter is merged into what is read. */
const withHeartbeat = (source: TensorSource, heartbeat: () => void): TensorSource => ({
  names: source.names,
  shapeOf: (name) => source.shapeOf(name),
  read(name, start, count) {
    heartbeat();
    return source.read(name, start, count);
  },
  close: () => source.close(),
});
