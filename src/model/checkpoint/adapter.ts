/**
 * A LoRA adapter merged into its base: W + scale·B·A, computed when a part of W is read, so that no more than the
 * adapter is in memory.
 *
 * Source: peft 0.21.2, tuners/lora/layer.py (get_delta_weight, merge), in float32
 */
import { type FatalError, runError, usageError } from '../../errors.js';
import { printableAscii } from '../../platform/printable.js';
import type { RewardNetwork } from '../architectures/network.js';
import { type AdapterConfig, headModules, readAdapterConfig } from './adapter-config.js';
import type { TensorSource } from './tensor-source.js';
import { adapterFileNames, findAdapterWeights, type WeightFiles, wholeModelIn } from './weight-files.js';

export interface Adapter {
  readonly config: AdapterConfig;
  readonly weights: WeightFiles;
  /** Names of the head's tensors that it brings, and their shapes. */
  readonly head: ReadonlyMap<string, readonly number[]>;
}

/**
 * Reads an adapter's config, and which tensors it has.
 *
 * @throws FatalError where it is none that can be merged, or stands beside a whole model
 */
export function readAdapter(directory: string): Adapter {
  const config = readAdapterConfig(directory);
  const whole = wholeModelIn(directory);
  if (whole !== undefined) {
    throw usageError(
      `${directory}: expected an adapter or a whole model, got both (${config.path}, ${whole}); move one of them elsewhere`,
    );
  }
  const weights = findAdapterWeights(directory);
  if (weights === undefined) {
    throw usageError(
      `${directory}: expected ${adapterFileNames.join(' or ')} beside adapter_config.json, found neither`,
    );
  }
  const source = weights.open();
  try {
    const head = [...sortTensors(source, weights.path).whole].map(
      ([name, own]) => [name, source.shapeOf(own) ?? []] as const,
    );
    return { config, weights, head: new Map(head) };
  } finally {
    source.close();
  }
}

/** The tensors of an adapter by what they are. */
interface SortedTensors {
  /** Names of the tensors A and B, by the module that they belong to. */
  readonly modules: ReadonlyMap<string, { readonly A?: string; readonly B?: string }>;
  /** Names of tensors that replace the base's, by the base's name. */
  readonly whole: ReadonlyMap<string, string>;
}

const PREFIX = /^base_model\.model\./;
const LOW_RANK = /^(.+)\.lora_([AB])(?:\.default)?\.weight$/;
const WHOLE = new RegExp(`^(${headModules.join('|')})(?:\\.modules_to_save)?(?:\\.default)?\\.(.+)$`);
/** The base's own head, which some trainers save beside the one that replaces it. */
const REPLACED = new RegExp(`^(?:${headModules.join('|')})\\.original_module\\.`);

function sortTensors(source: TensorSource, path: string): SortedTensors {
  const modules = new Map<string, { A?: string; B?: string }>();
  const whole = new Map<string, string>();
  for (const own of source.names) {
    const name = own.replace(PREFIX, '');
    const [, module, side] = LOW_RANK.exec(name) ?? [];
    if (module !== undefined) {
      const sides = modules.get(module) ?? {};
      sides[side as 'A' | 'B'] = own;
      modules.set(module, sides);
      continue;
    }
    if (REPLACED.test(name)) continue;
    const [, head, part] = WHOLE.exec(name) ?? [];
    if (head === undefined || name === own) throw refused(path, own);
    const replaced = `${head}.${part}`;
    if (whole.has(replaced)) throw refused(path, own);
    whole.set(replaced, own);
  }
  return { modules, whole };
}

const refused = (path: string, tensor: string): FatalError =>
  runError(
    `${path}: expected tensors lora_A and lora_B, and of the head (${headModules.join(', ')}), got ${printableAscii(tensor)}; ` +
      'merge the adapter into its base with peft (merge_and_unload), and save that',
  );

/** A matrix that the adapter changes: `left` [rows, rank] times `right` [rank, columns] is added to it, times `scale`. */
interface Change {
  readonly scale: number;
  readonly rank: number;
  readonly columns: number;
  readonly left: Float32Array;
  readonly right: Float32Array;
}

/**
 * The base's tensors with the adapter merged into them. The result closes both.
 *
 * @param base under the network's names
 * @throws FatalError `run` where the adapter belongs to another base
 */
export function mergeAdapter({ config, weights }: Adapter, base: TensorSource, network: RewardNetwork): TensorSource {
  const source = weights.open();
  try {
    const { modules, whole } = sortTensors(source, weights.path);
    const conv1d = conv1dWeights(network);
    const changed = new Map(
      [...modules].map(([module, sides]) => {
        const name = `${module}.weight`;
        return [name, checkModule({ module, sides, isConv1d: conv1d.has(name), base, source, config, weights })];
      }),
    );
    let last: { readonly name: string; readonly change: Change } | undefined;
    const changeOf = (name: string, read: () => Change): Change => {
      if (last?.name !== name) last = { name, change: read() };
      return last.change;
    };
    return {
      names: [...new Set([...base.names, ...whole.keys()])],
      shapeOf(name) {
        const own = whole.get(name);
        return own === undefined ? base.shapeOf(name) : source.shapeOf(own);
      },
      read(name, start, count) {
        const own = whole.get(name);
        if (own !== undefined) return source.read(own, start, count);
        const values = base.read(name, start, count);
        const read = changed.get(name);
        if (read !== undefined) add(values, start, changeOf(name, read));
        return values;
      },
      close() {
        source.close();
        base.close();
      },
    };
  } catch (error) {
    source.close();
    throw error;
  }
}

/** Weights that are stored as transformers' Conv1D has them, [in, out]: for them the adapter's matrix is transposed. */
const conv1dWeights = ({ graph }: RewardNetwork): ReadonlySet<string | undefined> =>
  new Set(graph.nodes.filter(({ operator }) => operator === 'MatMul').map(({ inputs }) => inputs[1]));

interface Module {
  readonly module: string;
  readonly sides: { readonly A?: string; readonly B?: string };
  readonly isConv1d: boolean;
  readonly base: TensorSource;
  readonly source: TensorSource;
  readonly config: AdapterConfig;
  readonly weights: WeightFiles;
}

/** @returns what reads the change of the module's weight */
function checkModule({ module, sides: { A, B }, isConv1d, base, source, config, weights }: Module): () => Change {
  const rank = config.rankOf(module);
  const shape = base.shapeOf(`${module}.weight`);
  const shown = (sizes: readonly number[] | undefined): string => `[${sizes?.join(', ') ?? 'none'}]`;
  if (shape?.length !== 2) {
    throw runError(
      `${weights.path}: expected modules of ${config.base.name}, got ${printableAscii(module)}, which it has no matrix for; ` +
        'is it another base?',
    );
  }
  const [rows, columns] = shape as [number, number];
  const [out, into] = isConv1d ? [columns, rows] : [rows, columns];
  const [shapeA, shapeB] = [A, B].map((name) => (name === undefined ? undefined : source.shapeOf(name)));
  if (
    A === undefined ||
    B === undefined ||
    shown(shapeA) !== shown([rank, into]) ||
    shown(shapeB) !== shown([out, rank])
  ) {
    throw runError(
      `${weights.path}: expected lora_A ${shown([rank, into])} and lora_B ${shown([out, rank])} of ${printableAscii(module)}, ` +
        `as ${config.path} and ${config.base.name} mean, got ${shown(shapeA)} and ${shown(shapeB)}`,
    );
  }
  const scale = Math.fround(config.scaleOf(module));
  return () => {
    const a = source.read(A, 0, rank * into);
    const b = source.read(B, 0, out * rank);
    const [left, right] = isConv1d ? [transposed(a, rank, into), transposed(b, out, rank)] : [b, a];
    return { scale, rank, columns, left, right };
  };
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = values[row * columns + column] as number;
    }
  }
  return result;
}

/** Adds the change to elements [start, start + values.length) of the matrix. */
function add(values: Float32Array, start: number, { scale, rank, columns, left, right }: Change): void {
  const sums = new Float64Array(Math.min(columns, values.length));
  for (let done = 0; done < values.length; ) {
    const row = Math.floor((start + done) / columns);
    const first = (start + done) % columns;
    const count = Math.min(columns - first, values.length - done);
    sums.fill(0, 0, count);
    let k = 0;
    for (; k + 4 <= rank; k += 4)
      addFour(sums, count, left.subarray(row * rank + k), right, k * columns + first, columns);
    for (; k < rank; k++) {
      const factor = left[row * rank + k] as number;
      const from = k * columns + first;
      for (let i = 0; i < count; i++) sums[i] = (sums[i] as number) + factor * (right[from + i] as number);
    }
    for (let i = 0; i < count; i++) {
      values[done + i] = (values[done + i] as number) + Math.fround(Math.fround(sums[i] as number) * scale);
    }
    done += count;
  }
}

/** Adds four rows of `right` at once, which is twice as fast: the sums are read and written once for all. */
function addFour(
  sums: Float64Array,
  count: number,
  factors: Float32Array,
  right: Float32Array,
  from: number,
  columns: number,
): void {
  const [a = 0, b = 0, c = 0, d = 0] = factors;
  const [r0, r1, r2, r3] = [from, from + columns, from + 2 * columns, from + 3 * columns];
  for (let i = 0; i < count; i++) {
    sums[i] =
      (sums[i] as number) +
      (a * (right[r0 + i] as number) + b * (right[r1 + i] as number)) +
      (c * (right[r2 + i] as number) + d * (right[r3 + i] as number));
  }
}
