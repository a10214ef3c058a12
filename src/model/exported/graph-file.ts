/** Facts of an .onnx file that onnxruntime does not expose. */
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { messageOf, runError } from '../../errors.js';
import { isFile } from '../checkpoint/file.js';
import { modelProto } from '../graph/onnx-proto.js';

export interface GraphFile {
  /** Number of elements of the weights. */
  readonly parameters: number;
  /** The files with weights beside it, in the order in which they are first named. */
  readonly dataFiles: readonly DataFile[];
  /**
   * An operator that quantises with one scale for everything that goes through the network at once; undefined where
   * there is none.
   */
  readonly dynamicQuantizer: string | undefined;
}

export interface DataFile {
  /** The path in the graph, relative to the graph's directory. */
  readonly location: string;
  readonly path: string;
}

/** A graph as protobufjs decodes it: an absent list is empty, an absent message is null. */
interface Graph {
  readonly node: readonly Node[];
  readonly initializer: readonly Tensor[];
}
interface Node {
  readonly opType: string;
  readonly attribute: readonly {
    readonly t: Tensor | null;
    readonly g: Graph | null;
    readonly graphs: readonly Graph[];
  }[];
}
interface Tensor {
  /** Numbers, or protobufjs's own form of 64-bit ones. */
  readonly dims: readonly unknown[];
  readonly dataType: number;
  readonly externalData: readonly { readonly key: string; readonly value: string }[];
}

/** TensorProto.DataType of weights: float, uint8, int8, float16, double, bfloat16. Others are sizes and indices. */
const WEIGHT_TYPES: readonly number[] = [1, 2, 3, 10, 11, 16];

/** DynamicQuantizeLinear, DynamicQuantizeMatMul, MatMulInteger, MatMulIntegerToFloat, ConvInteger, QAttention, … */
const DYNAMIC_QUANTIZER = /^DynamicQuantize|^(MatMul|Conv)Integer|^QAttention$/;

/** @throws FatalError `run` where the file cannot be read, is not an ONNX model, or names data that is not beside it */
export function readGraphFile(path: string): GraphFile {
  let parameters = 0;
  const locations = new Set<string>();
  let dynamicQuantizer: string | undefined;

  const visitTensor = ({ externalData }: Tensor): void => {
    const location = externalData.find(({ key }) => key === 'location')?.value;
    if (location !== undefined) locations.add(location);
  };
  const visitNodes = (nodes: readonly Node[]): void => {
    for (const { opType, attribute } of nodes) {
      if (DYNAMIC_QUANTIZER.test(opType)) dynamicQuantizer ??= opType;
      for (const { t, g, graphs } of attribute) {
        if (t !== null) visitTensor(t);
        for (const graph of g === null ? graphs : [g]) visitGraph(graph);
      }
    }
  };
  const visitGraph = ({ node, initializer }: Graph): void => {
    for (const tensor of initializer) {
      if (WEIGHT_TYPES.includes(tensor.dataType)) parameters += tensor.dims.reduce<number>((a, b) => a * Number(b), 1);
      visitTensor(tensor);
    }
    visitNodes(node);
  };

  const { graph, functions } = decode(path);
  visitGraph(graph);
  for (const { node } of functions) visitNodes(node);
  const dataFiles = [...locations].map((location) => ({ location, path: dataFile(path, location) }));
  return { parameters, dataFiles, dynamicQuantizer };
}

function decode(path: string): { graph: Graph; functions: readonly { readonly node: readonly Node[] }[] } {
  let model: { graph: Graph | null; functions: readonly { readonly node: readonly Node[] }[] };
  try {
    model = modelProto.decode(readFileSync(path)) as unknown as typeof model;
  } catch (error) {
    throw runError(`${path}: expected an ONNX model: ${messageOf(error)}; export or download it again`, {
      cause: error,
    });
  }
  if (model.graph === null)
    throw runError(`${path}: expected an ONNX model, found no graph; export or download it again`);
  return { graph: model.graph, functions: model.functions };
}

function dataFile(path: string, location: string): string {
  const file = join(dirname(path), location);
  if (normalize(location).startsWith('..') || !isFile(file)) {
    throw runError(`${path}: expected its weights beside it in ${location}, found no such file`);
  }
  return file;
}
