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

const nameBase = (): string => 'its adapter_config.json, which names its base model, is missing';
const convert = (): string => 'save the model with transformers as model.safetensors';
const nameIt = (): string => `name that file, as it is, with ${optionName('model')}`;

/** Weights that are not supported, and what to do about them. */
const others: readonly { readonly name: string; readonly advice: () => string }[] = [
  { name: 'adapter_model.safetensors', advice: nameBase },
  { name: 'adapter_model.bin', advice: nameBase },
  { name: 'tf_model.h5', advice: convert },
  { name: 'model.onnx', advice: nameIt },
  { name: 'onnx/model.onnx', advice: nameIt },
  { name: 'flax_model.msgpack', advice: convert },
];

/** Where an adapter's weights are, and a value head's, in the order in which peft and trainers look for them. */
const adapterForms = [
  { name: 'adapter_model.safetensors', open: openSafetensors },
  { name: 'adapter_model.bin', open: openTorch },
] as const;
const valueHeadForms = [
  { name: 'value_head.safetensors', open: openSafetensors },
  { name: 'value_head.bin', open: openTorch },
] as const;

export const adapterFileNames: readonly string[] = adapterForms.map(({ name }) => name);
export const valueHeadFileNames: readonly string[] = valueHeadForms.map(({ name }) => name);

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

/** The name of the weights of a whole model in the directory; undefined where it holds none. */
export const wholeModelIn = (directory: string): string | undefined =>
  forms.find(({ name }) => isFile(join(directory, name)))?.name;

export const findAdapterWeights = (directory: string): WeightFiles | undefined => findForm(directory, adapterForms);

export const findValueHead = (directory: string): WeightFiles | undefined => findForm(directory, valueHeadForms);

function findForm(directory: string, choices: readonly (typeof forms)[number][]): WeightFiles | undefined {
  const form = choices.find(({ name }) => isFile(join(directory, name)));
  if (form === undefined) return undefined;
  const path = join(directory, form.name);
  return { path, files: [path], open: () => form.open(path) };
}
