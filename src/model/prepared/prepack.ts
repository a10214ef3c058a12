/**
 * Prepacks a graph's matrices the way onnxruntime's kernels read them, so that sessions map them instead of each making
 * a copy.
 *
 * onnxruntime does this when it saves a model, but then holds all matrices in memory twice and writes them both ways:
 * gigabytes for a large model. So each is prepacked by a model of its own, one operator with one weight, and the result
 * is appended to the weights file. The names of the prepacked forms are onnxruntime's, which finds them by a hash of
 * their content: where it does not, it prepacks the matrix again, with the same rewards.
 */
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { RewardNetwork } from '../architectures/network.js';
import { CONTINUED_FILE } from '../backend/continued-session.js';
import { MODEL_FILE, savePrepacked, WEIGHTS_FILE } from '../backend/session.js';
import { continueGraph } from '../graph/continued.js';
import { ElementType, type Graph, type Node, type Value } from '../graph/graph.js';
import { type ExternalInitializer, encodeModel, readPrepackedForms } from '../graph/onnx.js';

/** Prepacked matrices begin on pages of their own, as onnxruntime lays them out. */
const PAGE = 4096;

/** Operators whose second input is a matrix that their kernel prepacks. */
const prepackingOperators = new Set(['MatMul', 'Gemm', 'MatMulIntegerToFloat']);

/**
 * Appends the prepacked form of each matrix to the weights file.
 *
 * @param directory holds the weights file
 * @returns the weights; those that were prepacked have the place of their prepacked form
 */
export async function prepackWeights(
  graph: Graph,
  weights: readonly ExternalInitializer[],
  directory: string,
): Promise<ExternalInitializer[]> {
  const weightsFile = join(directory, WEIGHTS_FILE);
  const readers = new Map(
    graph.nodes.filter(({ operator }) => prepackingOperators.has(operator)).map((node) => [node.inputs[1], node]),
  );
  const prepacked: ExternalInitializer[] = [];
  for (const weight of weights) {
    const node = readers.get(weight.name);
    prepacked.push(node === undefined ? weight : await prepackOne(node, weight, directory, weightsFile));
  }
  return prepacked;
}

/** Writes the graph of a model whose weights are in the weights file. */
export function writeGraph(
  graph: Graph,
  weights: readonly ExternalInitializer[],
  directory: string,
  file: string = MODEL_FILE,
): void {
  writeFileSync(join(directory, file), encodeModel(graph, weights, WEIGHTS_FILE));
}

/** Writes the graphs of a prepared model: that of its network, and of a causal one that which goes on after earlier runs. */
export function writeGraphs(
  graph: Graph,
  { attention, kept }: Pick<RewardNetwork, 'attention' | 'kept'>,
  weights: readonly ExternalInitializer[],
  directory: string,
): void {
  writeGraph(graph, weights, directory);
  if (attention === 'causal') writeGraph(continueGraph(graph, kept), weights, directory, CONTINUED_FILE);
}

async function prepackOne(
  node: Node,
  weight: ExternalInitializer,
  directory: string,
  weightsFile: string,
): Promise<ExternalInitializer> {
  // onnxruntime reads external data from the model's own directory only.
  const modelFile = join(directory, 'one-matrix.onnx');
  const results = join(directory, 'one-matrix');
  mkdirSync(results);
  try {
    writeFileSync(modelFile, encodeModel(oneOperator(node, weight), [weight], WEIGHTS_FILE));
    await savePrepacked(modelFile, results);
    const forms = readPrepackedForms(readFileSync(join(results, MODEL_FILE)), weight.name);
    return { ...weight, prepackedForms: forms.map((form) => moveForm(form, join(results, WEIGHTS_FILE), weightsFile)) };
  } finally {
    rmSync(modelFile, { force: true });
    rmSync(results, { recursive: true });
  }
}

/** A graph of the operator alone, with its weight and any number of rows to multiply. */
function oneOperator({ operator, domain, attributes }: Node, { name, type, shape }: ExternalInitializer): Graph {
  const transposed = attributes.transB !== undefined;
  const [inner, outer] = (transposed ? [shape[1], shape[0]] : [shape[0], shape[1]]) as [number, number];
  const { float32, uint8 } = ElementType;
  const integers = type !== float32;
  const scales: Value[] = integers
    ? [
        { name: 'scale', type: float32, shape: [] },
        { name: 'scales', type: float32, shape: [outer] },
      ]
    : [];
  return {
    inputs: [{ name: 'x', type: integers ? uint8 : float32, shape: ['rows', inner] }, ...scales],
    outputs: [{ name: 'y', type: float32, shape: ['rows', outer] }],
    nodes: [
      { operator, domain, attributes, inputs: ['x', name, ...scales.map((scale) => scale.name)], outputs: ['y'] },
    ],
    constants: [],
  };
}

/**
 * Copies the bytes that a prepacked form refers to and returns it with their new places.
 *
 * @param form `OPERATOR+HASH|OFFSET;BYTES;FLAG`, the last part once for each of the kernel's buffers
 */
function moveForm(form: string, from: string, to: string): string {
  const [key, ...buffers] = form.split('|');
  const moved = buffers.map((buffer) => {
    const [offset, length, ...rest] = buffer.split(';');
    const { size } = statSync(to);
    const position = Math.ceil(size / PAGE) * PAGE;
    const padded = Buffer.alloc(position - size + Number(length));
    const file = openSync(from, 'r');
    try {
      readSync(file, padded, position - size, Number(length), Number(offset));
    } finally {
      closeSync(file);
    }
    appendFileSync(to, padded);
    return [position, length, ...rest].join(';');
  });
  return [key, ...moved].join('|');
}
