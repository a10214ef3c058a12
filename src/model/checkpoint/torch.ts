/**
 * Reads pytorch_model.bin, which torch.save writes for a state dict: a zip archive since torch 1.6, a form of its own
 * before.
 */

import { printableAscii } from '../../platform/printable.js';
import { CheckpointFile } from './file.js';
import { toFloat32 } from './float-types.js';
import { readStrided } from './strided.js';
import type { TensorSource } from './tensor-source.js';
import { readTorchLegacy } from './torch-legacy.js';
import { readTorchZip } from './torch-zip.js';
import { isZip } from './zip.js';

/** @throws FatalError `run` where the file is not a whole state dict that torch.save wrote */
export function openTorch(path: string): TensorSource {
  const file = CheckpointFile.open(path);
  try {
    const { tensors, locate } = isZip(file) ? readTorchZip(file) : readTorchLegacy(file);
    return {
      names: [...tensors.keys()],
      shapeOf: (name) => tensors.get(name)?.shape,
      read(name, start, count) {
        const tensor = tensors.get(name);
        if (tensor === undefined) throw new RangeError(`no tensor ${name}`);
        const { floatType, bytesPerElement, name: typeName } = tensor.storage.type;
        if (floatType === undefined) {
          throw file.refused(
            `expected tensor ${printableAscii(name)} in a FloatStorage, HalfStorage or BFloat16Storage, got a ${typeName}`,
          );
        }
        const origin = locate(tensor.storage);
        return readStrided(tensor, start, count, (element, elements) =>
          toFloat32(file.read(origin + element * bytesPerElement, elements * bytesPerElement), floatType),
        );
      },
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}
