/**
 * The layers that networks are built of, as nodes of a graph, and the weights that these layers take.
 *
 * Shapes: L nodes of a pack, P pooled nodes, D = hidden size.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';
import { attendInBlocks } from '../graph/causal-blocks.js';
import type { KeptValue } from '../graph/continued.js';
import { ElementType, type Graph, GraphBuilder, MICROSOFT } from '../graph/graph.js';
import type { ArchitectureFacts } from './family-facts.js';
import type { HeadLayers } from './heads.js';
import { batchInputs, packInputs, type RewardNetwork, type TensorShape } from './network.js';

/** What a network's config.json says beside the sizes of its layers. */
interface NetworkSizes {
  readonly vocabularySize: number;
  readonly maxPositions: number;
  readonly hiddenSize: number;
  readonly labels: readonly string[];
}

interface LinearOptions {
  readonly bias?: boolean;
  /** The axis of the weight that runs over the MLP's inner activations. */
  readonly innerAxis?: 0 | 1;
}

interface Attention {
  /** [1, L or P, heads·d] */
  readonly query: string;
  /** [1, L, keyValueHeads·d], as `value` */
  readonly key: string;
  readonly value: string;
  /** The bias of all three, [3·heads·d]; left out where there is none. */
  readonly bias?: string;
  /** [1, 1, L or P, L] */
  readonly attentionBias: string;
  readonly heads: number;
  /** Heads of keys and values, each of which serves heads / keyValueHeads heads of queries. Default: heads. */
  readonly keyValueHeads?: number;
  /** d */
  readonly headSize: number;
  readonly scale: number;
}

/** A family, as far as a network says what it is. */
type NamedFacts = ArchitectureFacts & { readonly names: readonly [string, ...string[]] };

/**
 * Class names as sentence-transformers writes them for a CrossEncoder, `torch.nn.modules.activation.Sigmoid`: since its
 * version 4 in a section of its own.
 */
function readStatedActivation(reader: ConfigReader): string | undefined {
  const section = reader.read('sentence_transformers');
  const stated =
    reader.read('sbert_ce_default_activation_function') ??
    (typeof section === 'object' ? (section as { readonly activation_fn?: unknown }).activation_fn : undefined);
  const name = typeof stated === 'string' ? stated.slice(stated.lastIndexOf('.') + 1) : undefined;
  return name === 'Identity' ? undefined : name;
}

/** A network while its layers are added; each method returns the name of its layer's output. */
export class LayerBuilder {
  readonly graph = new GraphBuilder();
  readonly #tensors: TensorShape[] = [];
  readonly #kept: KeptValue[] = [];
  readonly #head: HeadLayers;

  /** @param head what the network has on its states, whatever its family is */
  constructor(head: HeadLayers = 'matrix') {
    this.#head = head;
  }

  /** Declares a tensor of the checkpoint. The weights file holds tensors in the order in which they are declared. */
  weight(name: string, shape: readonly number[], innerAxis?: 0 | 1): string {
    this.#tensors.push({ name, shape, ...(innerAxis !== undefined && { innerAxis }) });
    return name;
  }

  /** The rows of a table of `count` vectors that `indices` name. */
  embedding(name: string, count: number, size: number, indices: string): string {
    return this.graph.add('Gather', [this.weight(`${name}.weight`, [count, size]), indices]);
  }

  /** x [N, from] to [N, to]. The weight is [to, from]; Gemm is prepacked from it as it is, MatMul would need a copy. */
  linear(x: string, name: string, from: number, to: number, { bias = false, innerAxis }: LinearOptions = {}): string {
    const biases = bias ? [this.weight(`${name}.bias`, [to], innerAxis === 0 ? 0 : undefined)] : [];
    const weight = this.weight(`${name}.weight`, [to, from], innerAxis);
    return this.graph.add('Gemm', [x, weight, ...biases], { transB: { int: 1 } });
  }

  /** x [..., from] to [..., to], without its bias. The weight is [from, to], as transformers' Conv1D has it. */
  conv1d(
    x: string,
    name: string,
    from: number,
    to: number,
    { innerAxis }: Pick<LinearOptions, 'innerAxis'> = {},
  ): string {
    return this.graph.add('MatMul', [x, this.weight(`${name}.weight`, [from, to], innerAxis)]);
  }

  addBias(x: string, name: string, size: number): string {
    return this.graph.add('Add', [x, this.weight(`${name}.bias`, [size])]);
  }

  layerNorm(x: string, name: string, size: number, epsilon: number): string {
    const gain = this.weight(`${name}.weight`, [size]);
    const bias = this.weight(`${name}.bias`, [size]);
    return this.graph.add('LayerNormalization', [x, gain, bias], { epsilon: { float: epsilon } });
  }

  /**
   * Adds a branch to the residual stream, then normalises. `SkipLayerNormalization` does both in one operator, with a
   * loop that is not vectorised: three times as slow in onnxruntime 1.30.
   */
  addThenLayerNorm(
    residual: string,
    branch: string,
    name: string,
    size: number,
    epsilon: number,
  ): [normed: string, sum: string] {
    const sum = this.graph.add('Add', [branch, residual]);
    return [this.layerNorm(sum, name, size, epsilon), sum];
  }

  rmsNorm(x: string, name: string, size: number, epsilon: number): string {
    const gain = this.weight(`${name}.weight`, [size]);
    return this.graph.add('SimplifiedLayerNormalization', [x, gain], { epsilon: { float: epsilon } });
  }

  /** Adds a branch to the residual stream, then normalises: both in one pass over memory. */
  addThenRmsNorm(
    residual: string,
    branch: string,
    name: string,
    size: number,
    epsilon: number,
  ): [normed: string, sum: string] {
    const [normed, , , sum] = this.graph.addMany(
      'SkipSimplifiedLayerNormalization',
      [branch, residual, this.weight(`${name}.weight`, [size])],
      4,
      { epsilon: { float: epsilon } },
      MICROSOFT,
    ) as [string, string, string, string];
    return [normed, sum];
  }

  attention({ query, key, value, bias = '', attentionBias, heads, headSize, scale, ...rest }: Attention): string {
    const { keyValueHeads = heads } = rest;
    const size = keyValueHeads * headSize;
    this.keep({ name: key, type: ElementType.float32, size });
    this.keep({ name: value, type: ElementType.float32, size });
    const repeated = [key, value].map((x) => this.#repeatHeads(x, keyValueHeads, heads / keyValueHeads, headSize));
    const inputs = [query, ...repeated, bias, '', attentionBias];
    return this.graph.add(
      'MultiHeadAttention',
      inputs,
      { num_heads: { int: heads }, scale: { float: scale } },
      MICROSOFT,
    );
  }

  /** Declares a value that nodes of later runs look up in those before them (graph/continued.ts). */
  keep(value: KeptValue): void {
    this.#kept.push(value);
  }

  /** Keys or values [1, L, K·d] to [1, L, K·repeats·d]: each head is repeated for each of its heads of queries. */
  #repeatHeads(x: string, keyValueHeads: number, repeats: number, headSize: number): string {
    if (repeats === 1) return x;
    const apart = this.reshape(x, 1, -1, keyValueHeads, 1, headSize);
    const repeated = this.graph.add('Expand', [apart, this.graph.int64s([1, 1, 1, repeats, 1])]);
    return this.reshape(repeated, 1, -1, keyValueHeads * repeats * headSize);
  }

  reshape(x: string, ...shape: number[]): string {
    return this.graph.add('Reshape', [x, this.graph.int64s(shape)]);
  }

  /** Cuts the last axis into parts of these sizes. */
  split<Sizes extends number[]>(x: string, ...sizes: Sizes): { [I in keyof Sizes]: string } {
    const parts = this.graph.addMany('Split', [x, this.graph.int64s(sizes)], sizes.length, { axis: { int: -1 } });
    return parts as { [I in keyof Sizes]: string };
  }

  /**
   * Takes the pooled nodes of x, whose nodes are along `axis`: past the last layer's keys and values no others are
   * used.
   */
  pooledNodes(x: string, axis: number): string {
    return this.graph.add('Gather', [x, 'pooled_nodes'], { axis: { int: axis } });
  }

  /** The reward head of a causal network: the states of the pooled nodes [P, D] to logits [P, labels]. */
  head(states: string, size: number, labels: number): string {
    switch (this.#head) {
      case 'matrix':
        return this.linear(states, 'score', size, labels);
      case 'linear':
        return this.linear(states, 'score', size, labels, { bias: true });
      case 'two layers': {
        const inner = this.graph.add('Relu', [this.linear(states, 'score.0', size, size, { bias: true })]);
        return this.linear(inner, 'score.2', size, labels, { bias: true });
      }
    }
  }

  /** Returns the network, once its last layer has given the logits [P, labels]. */
  finish(architecture: NamedFacts, reader: ConfigReader, sizes: NetworkSizes, logits: string): RewardNetwork {
    const { attention, pooling, defaultPad, input, bufferNames, defaults, names } = architecture;
    const { vocabularySize, maxPositions, hiddenSize, labels } = sizes;
    const problemType = reader.read('problem_type');
    const statedActivation = readStatedActivation(reader);
    const graph: Graph = {
      inputs: attention === 'causal' ? packInputs : batchInputs,
      outputs: [{ name: logits, type: ElementType.float32, shape: ['pooled', labels.length] }],
      nodes: this.graph.nodes,
      constants: this.graph.constants,
    };
    return {
      architecture: names[0],
      attention,
      pooling,
      defaultPad,
      input,
      bufferNames,
      defaults,
      labels,
      vocabularySize,
      maxPositions,
      hiddenSize,
      padTokenId: reader.tokenId('pad_token_id') ?? defaultPad,
      eosTokenId: reader.tokenId('eos_token_id'),
      tensors: this.#tensors,
      ...(typeof problemType === 'string' && { problemType }),
      ...(statedActivation !== undefined && { statedActivation }),
      kept: this.#kept,
      tokenTypes: 1,
      positionsAfter: undefined,
      graph: attention === 'causal' ? attendInBlocks(graph) : graph,
    };
  }
}
