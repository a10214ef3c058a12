import { closeSync, openSync, writeSync } from 'node:fs';
import { runError } from '../errors.js';
import { printable } from './checkpoint/file.js';
import type { RewardNetwork } from './network.js';
import type { ExternalInitializer } from './onnx.js';
import type { TensorSource } from './tensor-source.js';

/** Alignment of each weight in the file, in bytes: a cache line, and enough for any vector load. */
const ALIGNMENT = 64;

/** Elements held in memory at a time. */
const CHUNK_ELEMENTS = 4 << 20;

/**
 * Buffers that old versions of transformers saved beside the weights: GPT-2's causal mask and the value it masks with,
 * Llama's rotary frequencies.
 */
const ignoredTensor =
  /^((transformer\.)?h\.\d+\.attn\.(bias|masked_bias)|model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq)$/;

/** Names listed of each kind of problem. */
const MAX_LISTED = 8;

/**
 * Checks that a checkpoint holds just the tensors that the network needs, in their shapes.
 *
 * @throws FatalError `run` with the lists of what is missing, extra and misshapen
 */
export function checkTensors(network: RewardNetwork, source: TensorSource, path: string): void {
  const shape = (sizes: readonly number[] | undefined): string => `[${sizes?.join(', ')}]`;
  const expected = new Set(network.tensors.map(({ name }) => name));
  const problems: string[] = [];
  const report = (kind: string, tensors: readonly string[]): void => {
    if (tensors.length === 0) return;
    problems.push(`${kind}: ${tensors.slice(0, MAX_LISTED).join(', ')}${tensors.length > MAX_LISTED ? ', …' : ''}`);
  };
  report(
    'missing',
    network.tensors
      .filter(({ name }) => source.shapeOf(name) === undefined)
      .map((tensor) => `${tensor.name} ${shape(tensor.shape)}`),
  );
  report(
    'unexpected',
    source.names
      .filter((name) => !expected.has(name) && !ignoredTensor.test(name))
      .map((name) => `${printable(name)} ${shape(source.shapeOf(name))}`),
  );
  report(
    'of another shape',
    network.tensors.flatMap(({ name, shape: wanted }) => {
      const got = source.shapeOf(name);
      return got === undefined || shape(got) === shape(wanted)
        ? []
        : [`${name} ${shape(got)} where config.json means ${shape(wanted)}`];
    }),
  );
  if (problems.length > 0) {
    throw runError(`${path}: expected the tensors of a ${network.architecture}; ${problems.join('; ')}`);
  }
}

/** Writes the network's tensors to a file as float32, one after the other, a chunk at a time. */
export function writeWeights(network: RewardNetwork, source: TensorSource, path: string): ExternalInitializer[] {
  const file = openSync(path, 'w');
  try {
    let end = 0;
    return network.tensors.map(({ name, shape }) => {
      const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
      const elements = shape.reduce((a, b) => a * b, 1);
      end = offset;
      for (let start = 0; start < elements; start += CHUNK_ELEMENTS) {
        const chunk = source.read(name, start, Math.min(CHUNK_ELEMENTS, elements - start));
        end += writeAll(file, new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength), end);
      }
      return { name, shape, offset, byteLength: end - offset };
    });
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, bytes: Uint8Array, position: number): number {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
  }
  return bytes.length;
}
