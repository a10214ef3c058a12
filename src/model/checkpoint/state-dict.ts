/** The pickled part of a torch checkpoint: which tensors there are, and where in which storage each one is. */

import { printableAscii } from '../../platform/printable.js';
import type { ByteCursor } from './byte-cursor.js';
import { type CheckpointFile, describe, isSize, isSizes } from './file.js';
import type { FloatType } from './float-types.js';
import { unpickle } from './pickle.js';
import { PickleGlobal } from './pickle-machine.js';
import type { Strided } from './strided.js';

/** A type of torch's storages; the bytes of its elements give the size of a storage that is skipped. */
class StorageType extends PickleGlobal {
  readonly name: string;
  readonly bytesPerElement: number;
  /** The type of its elements; undefined where it cannot hold weights. */
  readonly floatType: FloatType | undefined;

  constructor(name: string, bytesPerElement: number, floatType?: FloatType) {
    super();
    this.name = name;
    this.bytesPerElement = bytesPerElement;
    this.floatType = floatType;
  }
}

/** A run of elements that tensors are views of. */
export interface Storage {
  readonly key: string;
  readonly type: StorageType;
  /** Number of elements that the pickle states, not yet checked against the file. */
  readonly elements: number;
}

export interface StoredTensor extends Strided {
  readonly storage: Storage;
}

/** The tensors of a file in either of torch's two forms. */
export interface StoredTensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Position in the file of a storage's first byte. */
  readonly locate: (storage: Storage) => number;
}

/**
 * The arguments of a pickle's rebuild function. They are checked later, so that problems are reported with the tensor's
 * name.
 */
class UncheckedTensor {
  readonly fields: readonly unknown[];

  constructor(fields: readonly unknown[]) {
    this.fields = fields;
  }
}

/** storage, offset, size, stride, requires_grad, hooks and, since torch 1.11, metadata. */
const rebuildTensor = new PickleGlobal((args) => new UncheckedTensor(args.slice(0, 7)));

/** Rebuilds a parameter as its tensor. */
const rebuildParameter = new PickleGlobal(([data]) => (data instanceof UncheckedTensor ? data : undefined));

/**
 * Python 2 gives the items as a list of pairs, which is emptied: a second dict must cost as many bytes as the first.
 */
const orderedDict = new PickleGlobal(([items = []]) =>
  Array.isArray(items) && !Object.isFrozen(items) && items.every((item) => Array.isArray(item) && item.length === 2)
    ? new Map(items.splice(0))
    : undefined,
);

const storageTypes = [
  new StorageType('FloatStorage', 4, 'F32'),
  new StorageType('HalfStorage', 2, 'F16'),
  new StorageType('BFloat16Storage', 2, 'BF16'),
  new StorageType('DoubleStorage', 8),
  new StorageType('LongStorage', 8),
  new StorageType('IntStorage', 4),
  new StorageType('ShortStorage', 2),
  new StorageType('CharStorage', 1),
  new StorageType('ByteStorage', 1),
  new StorageType('BoolStorage', 1),
];

/** All globals that the pickle of a checkpoint may name. */
const globals: ReadonlyMap<string, PickleGlobal> = new Map([
  ['collections.OrderedDict', orderedDict],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_parameter', rebuildParameter],
  ['torch._utils._rebuild_parameter_with_state', rebuildParameter],
  ...storageTypes.map((type) => [`torch.${type.name}`, type] as const),
]);

/**
 * Reads the pickle of a state dict.
 *
 * @returns its tensors by name, each within its storage, and the storages by key
 * @throws FatalError `run` where it is not a dict of tensors by name
 */
export function readStateDict(
  file: CheckpointFile,
  cursor: ByteCursor,
): { tensors: Map<string, StoredTensor>; storages: Map<string, Storage> } {
  const storages = new Map<string, Storage>();
  const value = unpickle(cursor, {
    globals,
    persistent: (id) => {
      const storage = asStorage(id);
      if (storage === undefined) return undefined;
      const known = storages.get(storage.key) ?? storage;
      if (known.type !== storage.type || known.elements !== storage.elements) {
        throw cursor.broken(`storage ${printableAscii(known.key)} is described in two ways`);
      }
      storages.set(known.key, known);
      return known;
    },
  });
  if (!(value instanceof Map)) {
    throw file.refused(`expected a dict of tensors by name (a state dict), got ${describe(value)}`);
  }
  const tensors = new Map<string, StoredTensor>();
  for (const [name, tensor] of value) {
    if (typeof name !== 'string' || !(tensor instanceof UncheckedTensor)) {
      throw file.refused(
        `expected a dict of tensors by name (a state dict), got ${describe(tensor)} under ${describe(name)}`,
      );
    }
    tensors.set(name, checkTensor(file, name, tensor));
  }
  return { tensors, storages };
}

/** ('storage', type, key, location, elements), and in the legacy form None for a view, which torch 0.4 removed. */
function asStorage(id: unknown): Storage | undefined {
  if (!Array.isArray(id) || id.length < 5 || id.length > 6) return undefined;
  const [kind, type, key, , elements, view = null] = id as unknown[];
  return kind === 'storage' &&
    type instanceof StorageType &&
    typeof key === 'string' &&
    isSize(elements) &&
    view === null
    ? { key, type, elements }
    : undefined;
}

function checkTensor(file: CheckpointFile, name: string, { fields }: UncheckedTensor): StoredTensor {
  const [storage, offset, shape, strides, , , metadata] = fields;
  const broken = (what: string): Error => file.broken(`tensor ${printableAscii(name)} ${what}`);
  if (
    !isStorage(storage) ||
    !isSize(offset) ||
    !isSizes(shape) ||
    !isSizes(strides) ||
    shape.length !== strides.length
  ) {
    throw broken('is not described by a storage, an offset, a size and a stride');
  }
  if (metadata instanceof Map && metadata.size > 0) {
    throw file.refused(`tensor ${printableAscii(name)} is a lazy negative or conjugate of what is stored`);
  }
  const end = shape.includes(0)
    ? offset
    : shape.reduce((last, size, axis) => last + (size - 1) * (strides[axis] as number), offset) + 1;
  if (end > storage.elements) {
    throw broken(`reaches element ${end} of storage ${printableAscii(storage.key)}, which has ${storage.elements}`);
  }
  return { storage, offset, shape, strides };
}

const isStorage = (value: unknown): value is Storage => (value as Storage | null)?.type instanceof StorageType;
