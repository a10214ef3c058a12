/**
 * The zip form of torch.save (torch 1.6 and later): NAME/data.pkl is the pickle, NAME/data/KEY each storage, stored
 * without compression; NAME may be any name.
 *
 * Source: torch 2.13.0, torch/serialization.py and caffe2/serialize/inline_container.cc
 */

import { printableAscii } from '../../platform/printable.js';
import { ByteCursor } from './byte-cursor.js';
import { type CheckpointFile, describe } from './file.js';
import { MAX_PICKLE_BYTES } from './pickle.js';
import { readStateDict, type Storage, type StoredTensors } from './state-dict.js';
import { ZipArchive, type ZipEntry } from './zip.js';

const PICKLE = '/data.pkl';

export function readTorchZip(file: CheckpointFile): StoredTensors {
  const archive = new ZipArchive(file);
  const pickles = archive.names.filter(
    (name) => name.endsWith(PICKLE) && name.indexOf('/') === name.length - PICKLE.length,
  );
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1) {
    throw file.refused(`expected an archive of torch.save with one NAME${PICKLE}, found ${pickles.length}`);
  }
  const directory = pickle.slice(0, -PICKLE.length);
  if (archive.names.includes(`${directory}/constants.pkl`)) {
    throw file.refused('expected an archive of torch.save, got TorchScript (torch.jit.save)');
  }
  const entry = (name: string): ZipEntry => {
    const found = archive.entry(`${directory}/${name}`);
    if (found === undefined)
      throw file.broken(`expected entry ${printableAscii(`${directory}/${name}`)} in the archive`);
    return found;
  };

  if (archive.entry(`${directory}/byteorder`) !== undefined) {
    const length = Math.min(entry('byteorder').size, 16);
    const order = file.read(archive.locate(entry('byteorder')), length).toString('latin1');
    if (order !== 'little') throw file.refused(`expected little-endian numbers, got byteorder ${describe(order)}`);
  }
  const start = archive.locate(entry('data.pkl'));
  const end = start + Math.min(entry('data.pkl').size, MAX_PICKLE_BYTES);
  const { tensors, storages } = readStateDict(file, new ByteCursor(file, start, end));
  const places = new Map<Storage, number>();
  for (const storage of storages.values()) {
    const { name, size } = entry(`data/${storage.key}`);
    const expected = storage.elements * storage.type.bytesPerElement;
    if (size !== expected) {
      throw file.broken(
        `expected ${expected} bytes in entry ${printableAscii(name)} (${storage.type.name} of ${storage.elements}), got ${size}`,
      );
    }
  }
  return {
    tensors,
    locate(storage) {
      const place = places.get(storage) ?? archive.locate(entry(`data/${storage.key}`));
      places.set(storage, place);
      return place;
    },
  };
}
