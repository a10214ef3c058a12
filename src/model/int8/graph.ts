/**
 * A network's graph with its linear layers in integers: docs/design/006-int8.md.
 *
 * Activations become uint8 with one scale for each node of the pack, so that no node depends on another; weights become
 * 8-bit integers with one scale for each output channel. The head, embeddings, norms and attention stay in float32.
 *
 * At pooled nodes, where rewards are read and errors show most, the residual of rounding is multiplied too: they are
 * few. Where some channels of the activations are far larger than the others, these are multiplied in float32.
 */

import { isOfHead } from '../architectures/heads.js';
import { countElements, type RewardNetwork, type TensorShape } from '../architectures/network.js';
import { branchNodesOf, ElementType, type Graph, GraphBuilder, MICROSOFT, type Node, readsOf } from '../graph/graph.js';
import { type IntegerProduct, type Product, parts } from './products.js';
import { type WeightType, weightZero } from './weight-type.js';

/** The largest activation that is stored. */
const MOST = 255;

/** The integer that stands for 0 where the range of the activations is not known. */
const MIDDLE = 128;

/** Prevents a scale of 0 for a row of zeros; no value that a network computes is so small. */
const LEAST_SCALE = 1e-30;

/** The residual of rounding is at most half a step either way: in this many parts of a step, that is 127 and -127. */
export const RESIDUAL_STEPS = 254;

/** The graph's input of the tokens. */
const TOKENS = 'input_ids';

/** The graph's input that names the pooled nodes. */
const POOLED = 'pooled_nodes';

/** The graph's input, if it has one, that gives the length of each pooled node's row. */
const ROW_LENGTHS = 'row_lengths';

/** A matrix in integers: x [N, inner] is multiplied to [N, outer]. */
export interface Int8Matrix {
  /** The checkpoint's tensor, [inner, outer], or [outer, inner] where it is stored transposed. */
  readonly tensor: string;
  readonly transposed: boolean;
  readonly inner: number;
  readonly outer: number;
  /** Initializer [inner, outer] of the weights' type. */
  readonly values: string;
  /** Initializer, float32 [outer]. */
  readonly scales: string;
  /** Initializer as `values`: the residual of the weights, in 254ths of the scales. */
  readonly residual: string;
  readonly outliers?: OutlierWeights;
}

/** The rows of a matrix that are multiplied in float32, and not in integers. */
interface OutlierWeights {
  /** Their indices. */
  readonly channels: readonly number[];
  /** Initializer, float32 [channels, outer]. */
  readonly weights: string;
}

export interface Int8Network {
  readonly graph: Graph;
  readonly matrices: readonly Int8Matrix[];
  readonly weightType: WeightType;
  /** The activations that the matrices are multiplied by in integers, under their names in the float32 graph. */
  readonly activations: readonly string[];
  /** Those of them that have rows for the pooled nodes only. */
  readonly pooled: ReadonlySet<string>;
  /** The tensors that stay in float32. */
  readonly floats: readonly TensorShape[];
}

/** The channels of an activation that are multiplied in float32, and those that are not. */
export interface OutlierChannels {
  /** In order. */
  readonly channels: readonly number[];
  /** By channel: 0 for one of these, 1 for the others. */
  readonly others: Float32Array;
}

export interface Int8Choices {
  readonly weightType: WeightType;
  /** The integer, from 1 to 254, that stands for 0, by the activations' name. Those not named have MIDDLE. */
  readonly zeroPoints?: ReadonlyMap<string, number>;
  /** The channels that are multiplied in float32, by the activations' name. */
  readonly outliers?: ReadonlyMap<string, OutlierChannels>;
  /** How matrices are multiplied, by the activations' name. Those not named are `int8`. */
  readonly products?: ReadonlyMap<string, Product>;
  /** Whether a row of activations with a NaN is NaN throughout (watched-weights.ts). Default: it may be one of its values. */
  readonly wholeNaN?: boolean;
}

export function quantizeNetwork(
  { graph, tensors }: RewardNetwork,
  { weightType, zeroPoints = new Map(), outliers = new Map(), products = new Map(), wholeNaN = false }: Int8Choices,
): Int8Network {
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const builder = new GraphBuilder('int8_');
  const constants = shared(builder, weightType, wholeNaN);
  const matrices: Int8Matrix[] = [];
  /** Quantised activations by name: parallel layers read the same ones. */
  const quantized = new Map<string, Activations>();
  /** Values that have rows for the pooled nodes only. */
  const pooled = new Set<string>([ROW_LENGTHS]);
  /** Values that depend on the tokens. Others have no rows for nodes, and stay in float32. */
  const ofTokens = new Set<string>([TOKENS]);

  for (const node of graph.nodes) {
    const [x, tensor, bias] = node.inputs as [string, string, string?];
    const [output] = node.outputs as [string];
    const onlyPooled = pooled.has(x);
    if (isOfPooled(node, pooled)) for (const name of node.outputs) pooled.add(name);
    if (readsOf(node).some((input) => ofTokens.has(input))) for (const name of node.outputs) ofTokens.add(name);
    const isMatrix = isLinear(node) && shapes.has(tensor) && !outputs.has(output) && !isOfHead(tensor);
    const product = products.get(x) ?? 'int8';
    if (!isMatrix || !ofTokens.has(x) || product === 'fp32') {
      builder.nodes.push(node);
      continue;
    }
    const transposed = node.operator === 'Gemm';
    const [a, b] = shapes.get(tensor) as [number, number];
    const [inner, outer] = transposed ? [b, a] : [a, b];
    const names = { values: `${tensor}.int8`, scales: `${tensor}.scales`, residual: `${tensor}.residual` };
    const apart = outliers.get(x);
    const matrix = {
      tensor,
      transposed,
      inner,
      outer,
      ...names,
      ...(apart && { outliers: { channels: apart.channels, weights: `${tensor}.outliers` } }),
    };
    matrices.push(matrix);
    const how = { inner, zero: zeroPoints.get(x) ?? MIDDLE, onlyPooled, outliers: apart, product };
    const activations = quantized.get(x) ?? quantizeActivations(builder, x, how, constants);
    quantized.set(x, activations);
    const rows = multiply(builder, activations, matrix, constants);
    const inputs = [
      bias === undefined ? rows : builder.add('Add', [rows, bias]),
      builder.int64s(transposed ? [-1, outer] : [1, -1, outer]),
    ];
    builder.nodes.push({ operator: 'Reshape', domain: '', inputs, outputs: [output], attributes: {} });
  }
  const inFloat = new Set(builder.nodes.flatMap(readsOf));
  return {
    graph: { ...graph, nodes: builder.nodes, constants: [...graph.constants, ...builder.constants] },
    matrices,
    weightType,
    activations: [...quantized.keys()],
    pooled: new Set([...quantized.keys()].filter((x) => pooled.has(x))),
    floats: tensors.filter(({ name }) => inFloat.has(name)),
  };
}

/** Whether a node's outputs have rows for the pooled nodes only: those of its first input, as of the queries of attention. */
function isOfPooled(node: Node, pooled: ReadonlySet<string>): boolean {
  const inner = branchNodesOf(node);
  if (inner.length > 0) return inner.some((other) => isOfPooled(other, pooled));
  return pooled.has(node.inputs[0] as string) || (node.operator === 'Gather' && node.inputs[1] === POOLED);
}

/** What every product uses. */
interface Shared {
  readonly one: string;
  /** 1/RESIDUAL_STEPS */
  readonly part: string;
  /** int64 [P, 1] */
  readonly pooledIndices: string;
  /** The weights' zero point, where it is not 0. */
  readonly zeroWeight: readonly string[];
  /** A zero point, uint8, for each node of the pack or for each pooled one: [L] or [P]. */
  readonly zeroPoints: (zero: number, pooled: boolean) => string;
  readonly wholeNaN: boolean;
}

function shared(builder: GraphBuilder, weightType: WeightType, wholeNaN: boolean): Shared {
  const column = builder.add('Reshape', [POOLED, builder.int64s([-1, 1])]);
  const zero = weightZero[weightType];
  return {
    one: builder.float(1),
    part: builder.float(1 / RESIDUAL_STEPS),
    pooledIndices: builder.add('Cast', [column], { to: { int: ElementType.int64 } }),
    zeroWeight: zero === 0 ? [] : [builder.uint8(zero)],
    zeroPoints: sharedZeroPoints(builder),
    wholeNaN,
  };
}

/** One vector for all that have the same: most have MIDDLE. */
function sharedZeroPoints(builder: GraphBuilder): Shared['zeroPoints'] {
  const made = new Map<string, string>();
  const once = (key: string, make: () => string): string => {
    const name = made.get(key) ?? make();
    made.set(key, name);
    return name;
  };
  return (zero, pooled) =>
    once(`${zero} ${pooled}`, () => {
      const count = once(`${pooled}`, () =>
        pooled ? builder.add('Shape', [POOLED]) : builder.add('Shape', [TOKENS], { start: { int: 1 } }),
      );
      return builder.add('Expand', [builder.uint8(zero), count]);
    });
}

/** Multiplies x by a matrix, [N, outer]: every row by its integers, the rows of pooled nodes also by the residuals. */
function multiply(
  builder: GraphBuilder,
  { all, residual: finer, pooled, onlyPooled, outliers: large }: Activations,
  { values, scales, residual, outliers }: Int8Matrix,
  { one, part, pooledIndices, zeroWeight }: Shared,
): string {
  const times = (rows: string, zeroPoint: string, weights: string, unit: string): string =>
    builder.add('MatMulIntegerToFloat', [rows, weights, unit, scales, zeroPoint, ...zeroWeight], {}, MICROSOFT);
  const add = (terms: readonly string[]): string => terms.reduce((sum, term) => builder.add('Add', [sum, term]));
  const terms = [times(all.values, all.zeroPoint, values, one)];
  if (finer.activations !== undefined) terms.push(times(finer.activations, finer.zeroPoint, values, part));
  if (finer.weights) terms.push(times(all.values, all.zeroPoint, residual, part));
  // The operator takes one scale for all rows, so the scale of each row is multiplied afterwards.
  const coarse = builder.add('Mul', [add(terms), all.scales]);
  const left: string[] = [];
  if (pooled.residual !== undefined) left.push(times(pooled.residual, finer.zeroPoint, values, part));
  if (!finer.weights) left.push(times(pooled.values, all.zeroPoint, residual, part));
  const missing = builder.add('Mul', [add(left), pooled.scales]);
  const product = onlyPooled
    ? builder.add('Add', [coarse, missing])
    : builder.add('ScatterND', [coarse, pooledIndices, missing], { reduction: { string: 'add' } });
  return large === undefined || outliers === undefined
    ? product
    : builder.add('Gemm', [large, outliers.weights, product]);
}

interface Activations {
  readonly all: QuantizedRows;
  readonly residual: Residual;
  readonly pooled: PooledRows;
  /** Whether all rows belong to pooled nodes. */
  readonly onlyPooled: boolean;
  /** float32 [N, outliers]: the channels that are not in integers. */
  readonly outliers?: string;
}

/** What of the rounding is multiplied at every node. */
interface Residual {
  /** uint8 [N, inner], in 254ths of the scales; undefined where only pooled nodes have it. */
  readonly activations: string | undefined;
  readonly zeroPoint: string;
  /** Whether that of the weights is. */
  readonly weights: boolean;
}

interface HowQuantized {
  readonly inner: number;
  readonly zero: number;
  readonly onlyPooled: boolean;
  readonly outliers: OutlierChannels | undefined;
  readonly product: IntegerProduct;
}

/** Quantises x [..., inner] to rows of integers, without its outliers. */
function quantizeActivations(builder: GraphBuilder, x: string, how: HowQuantized, shared: Shared): Activations {
  const { inner, zero, onlyPooled, outliers, product } = how;
  const whole = builder.add('Reshape', [x, builder.int64s([-1, inner])]);
  // What is 0 costs no precision: the largest of the other channels decides a row's scale.
  const rows = outliers === undefined ? whole : builder.add('Mul', [whole, builder.floats(outliers.others)]);
  const all = quantizeRows(builder, rows, how, shared);
  const { activations, weights } = onlyPooled ? parts.int8 : parts[product];
  const finer = activations ? residualOf(builder, rows, { ...all, zero, pooled: onlyPooled }, shared) : undefined;
  const pooled = pooledRows(builder, rows, { ...all, zero }, { onlyPooled, residual: finer === undefined }, shared);
  const residual = { activations: finer?.values, zeroPoint: finer?.zeroPoint ?? pooled.zeroPoint, weights };
  if (outliers === undefined) return { all, residual, pooled, onlyPooled };
  const large = builder.add('Gather', [whole, builder.int64s(outliers.channels)], { axis: { int: 1 } });
  return { all, residual, pooled, onlyPooled, outliers: large };
}

interface QuantizedRows {
  /** uint8 [N, inner] */
  readonly values: string;
  /** float32 [N, 1] */
  readonly scales: string;
  readonly zeroPoint: string;
}

/** Quantises x [N, inner], each row by itself. */
function quantizeRows(
  builder: GraphBuilder,
  x: string,
  { zero, onlyPooled }: Pick<HowQuantized, 'zero' | 'onlyPooled'>,
  { zeroPoints, wholeNaN }: Shared,
): QuantizedRows {
  const zeroPoint = builder.uint8(zero);
  const lastAxis = builder.int64s([-1]);
  const reduce = (operator: string): string => builder.add(operator, [x, lastAxis], { keepdims: { int: 1 } });
  const least = builder.add('Max', [
    builder.add('Div', [reduce('ReduceMax'), builder.float(MOST - zero)]),
    builder.add('Div', [reduce('ReduceMin'), builder.float(-zero)]),
    builder.float(LEAST_SCALE),
  ]);
  // ReduceMax ignores a NaN: such a row must give NaN, not a number. A sum takes time, the first value none.
  const anyNaN = wholeNaN ? builder.add('Gather', [x, builder.int64s([0])], { axis: { int: 1 } }) : reduce('ReduceSum');
  const scales = builder.add('Add', [least, builder.add('Mul', [anyNaN, builder.float(0)])]);
  const values = byRow(builder, 'QuantizeLinear', x, scales, zeroPoints(zero, onlyPooled));
  return { values, scales, zeroPoint };
}

/** The rows of the pooled nodes, and the residual of their integers where that of all rows is not multiplied. */
interface PooledRows {
  /** uint8 [P, inner] */
  readonly values: string;
  /** float32 [P, 1] */
  readonly scales: string;
  /** uint8 [P, inner], in 254ths of the scales. */
  readonly residual: string | undefined;
  readonly zeroPoint: string;
}

function pooledRows(
  builder: GraphBuilder,
  x: string,
  all: QuantizedRows & { readonly zero: number },
  { onlyPooled, residual }: { readonly onlyPooled: boolean; readonly residual: boolean },
  shared: Shared,
): PooledRows {
  const pool = (rows: string): string =>
    onlyPooled ? rows : builder.add('Gather', [rows, POOLED], { axis: { int: 0 } });
  if (!residual) {
    const [values, scales] = [pool(all.values), pool(all.scales)];
    return { values, scales, residual: undefined, zeroPoint: all.zeroPoint };
  }
  const [exact, values, scales] = [pool(x), pool(all.values), pool(all.scales)];
  const left = residualOf(builder, exact, { values, scales, zero: all.zero, pooled: true }, shared);
  return { values, scales, residual: left.values, zeroPoint: left.zeroPoint };
}

/** What rounding cut off rows of activations, in 254ths of their scales. */
function residualOf(
  builder: GraphBuilder,
  exact: string,
  {
    values,
    scales,
    zero,
    pooled,
  }: Pick<QuantizedRows, 'values' | 'scales'> & { readonly zero: number; readonly pooled: boolean },
  { zeroPoints }: Shared,
): { readonly values: string; readonly zeroPoint: string } {
  const left = builder.add('Sub', [
    exact,
    byRow(builder, 'DequantizeLinear', values, scales, zeroPoints(zero, pooled)),
  ]);
  const residualScales = builder.add('Mul', [scales, builder.float(1 / RESIDUAL_STEPS)]);
  const residual = byRow(builder, 'QuantizeLinear', left, residualScales, zeroPoints(MIDDLE, pooled));
  return { values: residual, zeroPoint: builder.uint8(MIDDLE) };
}

/** Quantises or dequantises, with one scale and one zero point for each row. */
function byRow(builder: GraphBuilder, operator: string, x: string, scales: string, zeroPoints: string): string {
  const scaleOfRow = builder.add('Reshape', [scales, builder.int64s([-1])]); // [N]
  return builder.add(operator, [x, scaleOfRow, zeroPoints], { axis: { int: 0 } });
}

const isLinear = ({ operator, attributes }: Node): boolean =>
  operator === 'MatMul' || (operator === 'Gemm' && attributes.transB !== undefined);

/** Bytes of the weights: each matrix twice, and each in its prepacked form too. */
export const int8Bytes = ({ floats, matrices }: Int8Network): number =>
  4 * floats.reduce((sum, { shape }) => sum + countElements(shape), 0) +
  matrices.reduce((sum, { inner, outer }) => sum + 4 * inner * outer + 4 * outer, 0);
