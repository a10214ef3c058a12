/** Makes the files of a prepared model from a checkpoint. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { countParameters, type RewardNetwork } from '../architectures/network.js';
import type { BackendIdentity } from '../backend/backend.js';
import { WEIGHTS_FILE } from '../backend/session.js';
import { type Checkpoint, openTensors } from '../checkpoint/checkpoint.js';
import type { TensorSource } from '../checkpoint/tensor-source.js';
import { makeInt8 } from '../int8/prepare.js';
import type { Quality } from '../int8/quality.js';
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
    const tensors = openTensors(checkpoint);
    let quality: Quality | undefined;
    try {
      if (preparation.precision === 'fp32') await makeFp32(network, tensors, directory);
      else quality = await makeInt8({ network, tensors, ...preparation, directory, heartbeat });
    } finally {
      tensors.close();
    }
    describePrepared(directory, {
      model: checkpoint.directory,
      sha256,
      architecture: checkpoint.network.architecture,
      parameters: countParameters(checkpoint.network),
      precision: preparation.precision,
      ...(quality && { quality }),
      onnxruntime: identity.onnxruntime,
      cpu: identity.device,
    });
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

async function makeFp32(network: RewardNetwork, source: TensorSource, directory: string): Promise<void> {
  const weights = writeWeights(network.tensors, source, join(directory, WEIGHTS_FILE));
  writeGraphs(network.graph, network, await prepackWeights(network.graph, weights, directory), directory);
}
