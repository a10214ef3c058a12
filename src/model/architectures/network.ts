import type { KeptValue } from '../graph/continued.js';
import { ElementType, type Graph, type Value } from '../graph/graph.js';
import type { ArchitectureFacts, PadOfTokenizer, RowDefaults } from './family-facts.js';

/** What the rest of the program knows about a network, whoever built its graph. */
export interface NetworkFacts {
  /** Its name in config.json's `architectures`. */
  readonly architecture: string;
  /** Label names by output index. */
  readonly labels: readonly string[];
  readonly vocabularySize: number;
  /** Longest row that the network takes, in tokens. */
  readonly maxPositions: number;
  readonly padTokenId: number | PadOfTokenizer | undefined;
  readonly eosTokenId: number | undefined;
  readonly defaults: RowDefaults;
  /** `problem_type`, the loss that its head was trained with, where config.json says it; only what other servers would answer follows from it. */
  readonly problemType?: string;
  /** The activation that sentence-transformers applies to its logits, where config.json says it; it is not applied here. */
  readonly statedActivation?: string;
}

/**
 * A network whose graph is built here. Every architecture has this form.
 *
 * The graph computes rewards for a pack (layout/), L token nodes in one sequence:
 *
 *   input_ids       int32 [1, L]        vocabulary index of each node
 *   position_ids    int32 [1, L]        its position in its own row, from 0 (but see positionsAfter)
 *   attention_bias  float [1, 1, L, L]  of causal networks: 0 where the node (third axis) sees the other (fourth), else
 *                                       UNSEEN
 *   row_lengths     int32 [B]           of bidirectional ones: how many of the L / B nodes that each row has are its
 *                                       tokens; those that fill it up, which are its last, no node sees
 *   pooled_nodes    int32 [P]           the nodes at which a logit is read
 *   token_type_ids  int32 [1, L]        the text that each node belongs to; only where the network tells types apart
 *   logits          float [P, labels]   the only output, whatever its name
 */
export interface RewardNetwork extends NetworkFacts, ArchitectureFacts {
  /** Embedding width; the cost of attention against that of the linear layers follows from it. */
  readonly hiddenSize: number;
  /** The tensors a checkpoint must hold, under their Hugging Face names: the graph's initializers of the same names. */
  readonly tensors: readonly TensorShape[];
  readonly graph: Graph;
  /** How many types of tokens it tells apart: more than one where the texts of a pair are of two types. */
  readonly tokenTypes: number;
  /**
   * The pad token after whose number positions begin, as RoBERTa counts them: such a token in a text has its number as
   * its position, and does not advance those of others. Undefined: positions are 0, 1, …
   */
  readonly positionsAfter: number | undefined;
  /** What nodes of a later run see of the nodes before them: the keys and values of each layer. */
  readonly kept: readonly KeptValue[];
}

/** A network whose graph another tool exported, and which is run unchanged (exported/). */
export interface ExportedNetwork extends NetworkFacts {
  readonly padTokenId: number | undefined;
  /** How many types of tokens it tells apart; undefined where its config.json does not say it. */
  readonly tokenTypes: number | undefined;
  /** Positions are numbered after that of the pad token, as RoBERTa's are. */
  readonly countsFromPad: boolean;
  /** Bytes of its file, and of the data beside it. */
  readonly bytes: number;
}

/** Added to the attention score of a node that must not be seen; the least float32, as in transformers. */
export const UNSEEN = -3.4028234663852886e38;

/** The inputs of every causal network's graph that is built here. */
export const packInputs: readonly Value[] = [
  { name: 'input_ids', type: ElementType.int32, shape: [1, 'nodes'] },
  { name: 'position_ids', type: ElementType.int32, shape: [1, 'nodes'] },
  { name: 'attention_bias', type: ElementType.float32, shape: [1, 1, 'nodes', 'nodes'] },
  { name: 'pooled_nodes', type: ElementType.int32, shape: ['pooled'] },
];

/** The inputs of every bidirectional network's graph that is built here. */
export const batchInputs: readonly Value[] = [
  { name: 'input_ids', type: ElementType.int32, shape: [1, 'nodes'] },
  { name: 'position_ids', type: ElementType.int32, shape: [1, 'nodes'] },
  { name: 'row_lengths', type: ElementType.int32, shape: ['rows'] },
  { name: 'pooled_nodes', type: ElementType.int32, shape: ['rows'] },
];

/** A further input, of networks that tell types of tokens apart. */
export const tokenTypesInput: Value = { name: 'token_type_ids', type: ElementType.int32, shape: [1, 'nodes'] };

export interface TensorShape {
  readonly name: string;
  readonly shape: readonly number[];
  /** The axis that runs over the MLP's inner activations, which may be stored longer (weights.ts). */
  readonly innerAxis?: 0 | 1;
}

/** What a network's use of memory follows from. */
export type SizedNetwork =
  | Pick<RewardNetwork, 'tensors' | 'hiddenSize' | 'vocabularySize' | 'attention' | 'kept'>
  | Pick<ExportedNetwork, 'bytes' | 'vocabularySize'>;

export const countElements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Number of parameters; for an exported network, as many as its files have room for in float32. */
export const countParameters = (network: Pick<RewardNetwork, 'tensors'> | Pick<ExportedNetwork, 'bytes'>): number =>
  'bytes' in network
    ? Math.ceil(network.bytes / 4)
    : network.tensors.reduce((sum, { shape }) => sum + countElements(shape), 0);
