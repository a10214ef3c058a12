/**
 * The form of torch.save before torch 1.6: five pickles (magic number, protocol, system, the object, keys of storages),
 * then each storage in the order of the keys: the number of its elements (int64), its elements.
 *
 * Source: torch 2.13.0, torch/serialization.py (_legacy_save, _legacy_load)
 */

import { printableAscii } from '../../platform/printable.js';
import { ByteCursor } from './byte-cursor.js';
import { type CheckpointFile, describe } from './file.js';
import { opcodeBytes } from './opcodes.js';
import { MAX_PICKLE_BYTES, unpickle } from './pickle.js';
import { readStateDict, type Storage, type StoredTensors } from './state-dict.js';

const MAGIC_NUMBER = 0x1950a86a20f9469cfc6cn;
const PROTOCOL_VERSION = 1001;

/** The first byte of the magic number's pickle, in protocols 2 and later and in protocol 1. */
const FIRST_BYTES: readonly number[] = [opcodeBytes.PROTO, opcodeBytes.LONG];

export function readTorchLegacy(file: CheckpointFile): StoredTensors {
  const cursor = new ByteCursor(file, 0, Math.min(file.size, MAX_PICKLE_BYTES));
  const plain = (): unknown => unpickle(cursor, { globals: new Map() });
  if (file.size === 0 || !FIRST_BYTES.includes(file.read(0, 1)[0] as number)) {
    throw file.broken('expected a file of torch.save, found neither a zip archive nor a pickle');
  }
  if (plain() !== MAGIC_NUMBER) throw file.refused('expected a file of torch.save, got another pickle');
  const protocol = plain();
  if (protocol !== PROTOCOL_VERSION) {
    throw file.refused(`expected protocol ${PROTOCOL_VERSION} of torch.save, got ${describe(protocol)}`);
  }
  const system = plain();
  if (system instanceof Map && system.get('little_endian') === false) {
    throw file.refused('expected little-endian numbers, got a file of a big-endian machine');
  }
  const { tensors, storages } = readStateDict(file, cursor);
  const keys = plain();
  if (!Array.isArray(keys)) throw cursor.broken('expected a list of the keys of storages');

  const places = new Map<Storage, number>();
  let position = cursor.position;
  for (const key of keys) {
    const storage = storages.get(key);
    if (storage === undefined || places.has(storage)) {
      throw file.broken(`expected each key of a storage that tensors lie in, got ${describe(key)}`);
    }
    const elements = Number(file.read(position, 8).readBigInt64LE());
    if (elements !== storage.elements) {
      throw file.broken(
        `expected ${storage.elements} elements in storage ${printableAscii(storage.key)} at byte ${position}, got ${elements}`,
      );
    }
    places.set(storage, position + 8);
    position += 8 + elements * storage.type.bytesPerElement;
    if (position > file.size) {
      throw file.broken(`storage ${printableAscii(storage.key)} ends at byte ${position}, the file has ${file.size}`);
    }
  }
  for (const storage of storages.values()) {
    if (!places.has(storage)) throw file.broken(`storage ${printableAscii(storage.key)} is not in the file`);
  }
  return { tensors, locate: (storage) => places.get(storage) as number };
}
