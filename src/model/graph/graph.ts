/** A computation graph in ONNX's terms, before it is encoded. */

export const MICROSOFT = 'com.microsoft';

/** TensorProto.DataType */
export const ElementType = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;
export type ElementType = (typeof ElementType)[keyof typeof ElementType];

/** A fixed size, or the name of a size that varies from run to run. */
type Dimension = number | string;

export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dimension[];
}

/** `{ float }` and `{ int }` distinguish the two kinds of number, which JavaScript does not. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly branch: Branch };

/** Nodes that are run if a node chooses them. They read the graph's values by name. */
interface Branch {
  readonly nodes: readonly Node[];
  readonly output: string;
}

export interface Node {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface SmallConstant {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Little-endian elements, row-major. */
  readonly bytes: Uint8Array;
}

export interface Graph {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly constants: readonly SmallConstant[];
}

/** The nodes of a node's branches. */
export const branchNodesOf = ({ attributes }: Node): readonly Node[] =>
  Object.values(attributes).flatMap((attribute) => ('branch' in attribute ? attribute.branch.nodes : []));

/** The names of all values that a node reads, in its branches too. */
export const readsOf = (node: Node): readonly string[] => [...node.inputs, ...branchNodesOf(node).flatMap(readsOf)];

/** Adds nodes one by one and names their outputs. */
export class GraphBuilder {
  readonly nodes: Node[] = [];
  readonly constants: SmallConstant[] = [];
  readonly #prefix: string;
  #names = 0;

  /** @param prefix begins every name, where nodes are added to those of another builder */
  constructor(prefix = '') {
    this.#prefix = prefix;
  }

  /** Adds a node with one output, and returns the output's name. An input of '' is an optional one left out. */
  add(operator: string, inputs: readonly string[], attributes: Node['attributes'] = {}, domain = ''): string {
    return this.addMany(operator, inputs, 1, attributes, domain)[0] as string;
  }

  /** Adds a node with `count` outputs, and returns their names. */
  addMany(
    operator: string,
    inputs: readonly string[],
    count: number,
    attributes: Node['attributes'] = {},
    domain = '',
  ): string[] {
    const outputs = Array.from({ length: count }, () => `${this.#prefix}${operator}_${this.#names++}`);
    this.nodes.push({ operator, domain, inputs, outputs, attributes });
    return outputs;
  }

  /** Adds a value that is made in one of two ways, whichever the condition, of one element, chooses when the graph runs. */
  either(condition: string, ifTrue: () => string, ifFalse: () => string): string {
    const branch = (make: () => string): Attribute => {
      const before = this.nodes.length;
      const output = make();
      return { branch: { nodes: this.nodes.splice(before), output } };
    };
    return this.add('If', [condition], { then_branch: branch(ifTrue), else_branch: branch(ifFalse) });
  }

  float(value: number): string {
    return this.#constant(ElementType.float32, [], new Float32Array([value]));
  }

  int32(value: number): string {
    return this.#constant(ElementType.int32, [], new Int32Array([value]));
  }

  uint8(value: number): string {
    return this.#constant(ElementType.uint8, [], new Uint8Array([value]));
  }

  floats(values: Float32Array): string {
    return this.#constant(ElementType.float32, [values.length], values);
  }

  int64s(values: readonly number[]): string {
    return this.#constant(ElementType.int64, [values.length], new BigInt64Array(values.map(BigInt)));
  }

  #constant(
    type: ElementType,
    shape: readonly number[],
    data: Float32Array | BigInt64Array | Int32Array | Uint8Array,
  ): string {
    const name = `${this.#prefix}constant_${this.#names++}`;
    this.constants.push({ name, type, shape, bytes: new Uint8Array(data.buffer) });
    return name;
  }
}
