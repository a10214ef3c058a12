/** Weights in several files, with an index that says which tensor is in which (model.safetensors.index.json). */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, runError } from '../../errors.js';
import { printableAscii } from '../../platform/printable.js';
import { describe, isFile } from './file.js';
import type { TensorSource } from './tensor-source.js';

/** GPT-2 XL takes 50 kB. */
const MAX_INDEX_BYTES = 4 << 20;

export interface ShardIndex {
  readonly path: string;
  /** Path of the file that holds a tensor, by the tensor's name. */
  readonly fileOf: ReadonlyMap<string, string>;
  /** The files, in the order in which the index first names them. */
  readonly files: readonly string[];
}

/** @throws FatalError `run` where the index is malformed, or names a file that is missing or outside of its folder */
export function readShardIndex(path: string): ShardIndex {
  const fileOf = new Map<string, string>();
  for (const [tensor, name] of Object.entries(readWeightMap(path))) {
    if (typeof name !== 'string' || !isBelow(name)) {
      throw runError(
        `${path}: expected the names of files beside it, got ${describe(name)} for ` +
          `${printableAscii(tensor)}; download the index again, or do not trust it`,
      );
    }
    fileOf.set(tensor, join(dirname(path), name));
  }
  const files = [...new Set(fileOf.values())];
  const missing = files.filter((file) => !isFile(file));
  if (missing.length > 0) {
    throw runError(
      `${path}: expected ${files.length} files of weights, ${missing.length} missing, the first is ${missing[0]}; download them`,
    );
  }
  return { path, fileOf, files };
}

function readWeightMap(path: string): object {
  const { size } = statSync(path);
  if (size > MAX_INDEX_BYTES) {
    throw runError(`${path}: expected an index of at most ${MAX_INDEX_BYTES} bytes, got ${size}`);
  }
  let index: unknown;
  try {
    index = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw runError(`${path}: expected JSON (${printableAscii(messageOf(error))}); download it again`, { cause: error });
  }
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== 'object' || map === null || Array.isArray(map) || Object.keys(map).length === 0) {
    throw runError(`${path}: expected an object weight_map with a file for each tensor; download it again`);
  }
  return map;
}

/** Whether a path of an index is printable and stays below the index's folder, on any system. */
const isBelow = (name: string): boolean =>
  printableAscii(name) === name &&
  !/\\|^[A-Za-z]:/.test(name) &&
  name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');

/** The tensors of all files, each of which is opened when one of its tensors is first read. */
export function openShards({ path, fileOf }: ShardIndex, open: (path: string) => TensorSource): TensorSource {
  const shards = new Map<string, TensorSource>();
  const shardOf = (tensor: string): TensorSource | undefined => {
    const file = fileOf.get(tensor);
    if (file === undefined) return undefined;
    const shard = shards.get(file) ?? checkShard(file, open(file));
    shards.set(file, shard);
    return shard;
  };
  /** Checks that a file and the index name the same tensors. */
  const checkShard = (file: string, shard: TensorSource): TensorSource => {
    const held = new Set(shard.names);
    const promised = [...fileOf].filter(([, place]) => place === file).map(([tensor]) => tensor);
    const problems = [
      ['lacks', promised.filter((tensor) => !held.has(tensor))],
      ['holds, without the index saying so,', shard.names.filter((tensor) => fileOf.get(tensor) !== file)],
    ] as const;
    for (const [what, [tensor]] of problems) {
      if (tensor === undefined) continue;
      shard.close();
      throw runError(
        `${path}: ${file} ${what} tensor ${printableAscii(tensor)}; download the index and its files again`,
      );
    }
    return shard;
  };
  return {
    names: [...fileOf.keys()],
    shapeOf: (name) => shardOf(name)?.shapeOf(name),
    read(name, start, count) {
      const shard = shardOf(name);
      if (shard === undefined) throw new RangeError(`no tensor ${name}`);
      return shard.read(name, start, count);
    },
    close() {
      for (const shard of shards.values()) shard.close();
    },
  };
}
