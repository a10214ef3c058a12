/** Which files of a model's directory hold its weights. */

import { join } from 'node:path';
import { usageError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import { isFile } from './file.js';
import { openSafetensors } from './safetensors.js';
import { openShards, readShardIndex } from './sharded.js';
import type { TensorSource } from './tensor-source.js';
import { openTorch } from './torch.js';

/** The forms in the order of preference, which is that of transformers. */
const forms: readonly {
  readonly name: string;
  readonly open: (path: string) => TensorSource;
  readonly index?: true;
}[] = [
  { name: 'model.safetensors', open: openSafetensors },
  { name: 'model.safetensors.index.json', open: openSafetensors, index: true },
  { name: 'pytorch_model.bin', open: openTorch },
  { name: 'pytorch_model.bin.index.json', open: openTorch, index: true },
];

const merge = (): string => 'merge the adapter into its base model and save that';
const convert = (): string => 'save the model with transformers as model.safetensors';
const nameIt = (): string => `name that file, as it is, with ${optionName('model')}`;

/** Weights that are not supported, and what to do about them. */
const others: readonly { readonly name: string; readonly advice: () => string }[] = [
  { name: 'adapter_model.safetensors', advice: merge },
  { name: 'adapter_model.bin', advice: merge },
  { name: 'tf_model.h5', advice: convert },
  { name: 'model.onnx', advice: nameIt },
  { name: 'onnx/model.onnx', advice: nameIt },
  { name: 'flax_model.msgpack', advice: convert },
];

export interface WeightFiles {
  /** The file, or the index of several: what messages name. */
  readonly path: string;
  /** All files with weights, in the order of the index. */
  readonly files: readonly string[];
  open(): TensorSource;
}

/** @throws FatalError where the directory holds no weights (`usage`), or an index of files that are missing (`run`) */
export function findWeightFiles(directory: string): WeightFiles {
  const form = forms.find(({ name }) => isFile(join(directory, name)));
  if (form === undefined) {
    const other = others.find(({ name }) => isFile(join(directory, name)));
    throw usageError(
      `${directory}: expected model.safetensors or pytorch_model.bin, or the index of several such files, found ` +
        (other ? `${other.name}; ${other.advice()}` : 'no weights'),
    );
  }
  const path = join(directory, form.name);
  if (!form.index) return { path, files: [path], open: () => form.open(path) };
  const index = readShardIndex(path);
  return { path, files: index.files, open: () => openShards(index, form.open) };
}
