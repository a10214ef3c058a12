/** Writes ONNX model files (IR version 10), and reads the prepacked forms from those that onnxruntime saved. */
import { type Attribute, type ElementType, type Graph, MICROSOFT, type Node, type Value } from './graph.js';
import { modelProto } from './onnx-proto.js';

const IR_VERSION = 10;
const ONNX_OPSET = 20;
const MICROSOFT_OPSET = 1;

/** AttributeProto.AttributeType */
const AttributeType = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;

/** Key of an external weight's prepacked forms (onnxruntime 1.30, core/framework/tensor_external_data_info.cc). */
const PREPACKED_KEY = 'prepacked_';

/** A weight in a file beside the model, at `offset`. */
export interface ExternalInitializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly byteLength: number;
  /** The forms that kernels prepack it in, as onnxruntime writes them: the form, and its place in the same file. */
  readonly prepackedForms?: readonly string[];
}

/** Encodes a .onnx file whose large weights are in `weightsFile`, in the same directory. */
export function encodeModel(graph: Graph, weights: readonly ExternalInitializer[], weightsFile: string): Uint8Array {
  const message = modelProto.fromObject({
    irVersion: IR_VERSION,
    producerName: 'reward-score',
    graph: {
      name: 'reward',
      node: graph.nodes.map(encodeNode),
      initializer: [
        ...graph.constants.map(({ name, type, shape, bytes }) => ({
          name,
          dims: shape,
          dataType: type,
          rawData: bytes,
        })),
        ...weights.map((weight) => ({
          name: weight.name,
          dims: weight.shape,
          dataType: weight.type,
          dataLocation: 1, // EXTERNAL
          externalData: Object.entries({
            location: weightsFile,
            offset: String(weight.offset),
            length: String(weight.byteLength),
            ...Object.fromEntries((weight.prepackedForms ?? []).map((form, i) => [`${PREPACKED_KEY}${i}`, form])),
          }).map(([key, value]) => ({ key, value })),
        })),
      ],
      input: graph.inputs.map(encodeValue),
      output: graph.outputs.map(encodeValue),
    },
    opsetImport: [
      { domain: '', version: ONNX_OPSET },
      { domain: MICROSOFT, version: MICROSOFT_OPSET },
    ],
  });
  return modelProto.encode(message).finish();
}

/** Reads the prepacked forms of a weight that a model saved by onnxruntime refers to. */
export function readPrepackedForms(model: Uint8Array, weight: string): string[] {
  interface Initializer {
    readonly name: string;
    readonly externalData: readonly { readonly key: string; readonly value: string }[];
  }
  const { graph } = modelProto.decode(model) as unknown as { graph: { initializer: readonly Initializer[] } };
  const entries = graph.initializer.find(({ name }) => name === weight)?.externalData ?? [];
  return entries.filter(({ key }) => key.startsWith(PREPACKED_KEY)).map(({ value }) => value);
}

const encodeNode = (node: Node, index: number): object => ({
  input: node.inputs,
  output: node.outputs,
  name: `${node.operator}_${index}`,
  opType: node.operator,
  domain: node.domain,
  attribute: Object.entries(node.attributes).map(encodeAttribute),
});

function encodeAttribute([name, attribute]: [string, Attribute]): object {
  if ('int' in attribute) return { name, type: AttributeType.int, i: attribute.int };
  if ('float' in attribute) return { name, type: AttributeType.float, f: attribute.float };
  if ('string' in attribute) return { name, type: AttributeType.string, s: Buffer.from(attribute.string) };
  if ('branch' in attribute) {
    const { nodes, output } = attribute.branch;
    return { name, type: AttributeType.graph, g: { name, node: nodes.map(encodeNode), output: [{ name: output }] } };
  }
  return { name, type: AttributeType.ints, ints: attribute.ints };
}

function encodeValue({ name, type, shape }: Value): object {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: type, shape: { dim } } } };
}
