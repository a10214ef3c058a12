/**
 * Lays out rows of tokens in packs for networks in which a token sees all of its row: rows stand one after the other in
 * one sequence without padding, and each sees itself alone. Equal rows are computed once.
 */
import { UNSEEN } from '../architectures/network.js';
import { type DistinctRow, distinctRows } from './distinct-rows.js';
import type { Feeds, Layout, Pack } from './layout.js';
import { cheapestBorders, costOf, type PackLimits } from './trie.js';

export interface BlocksOptions extends PackLimits {
  /** How many types of tokens the network tells apart. */
  readonly tokenTypes: number;
  /** The pad token after whose number positions begin, as RoBERTa counts them. */
  readonly positionsAfter: number | undefined;
}

/** Packs for a bidirectional network; each row is read at its first node. */
export const blocksLayout = (options: BlocksOptions): Layout => ({
  lay: (rows, types) =>
    buildBlocks(distinctRows(rows, options.tokenTypes > 1 ? types : undefined), options).map((blocks) =>
      packOf(blocks, options),
    ),
  // A NaN passes through the attention's mask, which multiplies it by 0.
  rowsMeet: true,
  sharesBeginnings: false,
});

/**
 * Finds the cheapest packs among those that hold rows of nearly the same length.
 *
 * @param rows distinct ones, in an order that does not depend on that of the input
 */
function buildBlocks(rows: readonly DistinctRow[], { cost, maxNodes }: BlocksOptions): DistinctRow[][] {
  const byLength = [...rows].sort((a, b) => a.tokens.length - b.tokens.length);
  const lengths = byLength.map(({ tokens }) => tokens.length);
  const nothingShared = lengths.map(() => 0);
  return cheapestBorders(lengths, nothingShared, (nodes) => costOf(nodes, 0, cost), maxNodes).map(([from, to]) =>
    byLength.slice(from, to),
  );
}

function packOf(blocks: readonly DistinctRow[], options: BlocksOptions): Pack {
  const nodes = blocks.reduce((sum, { tokens }) => sum + tokens.length, 0);
  return {
    feeds: () => feedsOf(blocks, options),
    rows: blocks.map(({ rows }) => rows),
    tokens: nodes,
    work: costOf(nodes, 0, options.cost),
  };
}

function feedsOf(blocks: readonly DistinctRow[], { tokenTypes, positionsAfter }: BlocksOptions): Feeds {
  const nodes = (of: (row: DistinctRow) => readonly number[]): Feeds[string] => {
    const data = Int32Array.from(blocks.flatMap(of));
    return { type: 'int32', data, dims: [1, data.length] };
  };
  const lengths = blocks.map(({ tokens }) => tokens.length);
  const bias = blocksBias(lengths);
  const size = Math.sqrt(bias.length);
  let next = 0;
  const firstNodes = Int32Array.from(lengths, (length) => {
    next += length;
    return next - length;
  });
  return {
    input_ids: nodes(({ tokens }) => tokens),
    position_ids: nodes(({ tokens }) => positionsOf(tokens, positionsAfter)),
    attention_bias: { type: 'float32', data: bias, dims: [1, 1, size, size] },
    pooled_nodes: { type: 'int32', data: firstNodes, dims: [firstNodes.length] },
    ...(tokenTypes > 1 && { token_type_ids: nodes(({ tokens, types }) => types ?? tokens.map(() => 0)) }),
  };
}

/**
 * Positions of a row's tokens.
 *
 * Source: transformers 5.23.0, RobertaEmbeddings.create_position_ids_from_input_ids
 */
export function positionsOf(tokens: readonly number[], pad: number | undefined): number[] {
  if (pad === undefined) return tokens.map((_, position) => position);
  let position = pad;
  return tokens.map((token) => {
    if (token === pad) return pad;
    position++;
    return position;
  });
}

/** Makes the attention bias [L, L] of rows of these lengths: 0 where both nodes are of one row, else UNSEEN. */
function blocksBias(lengths: readonly number[]): Float32Array {
  const size = lengths.reduce((a, b) => a + b, 0);
  const bias = new Float32Array(size * size).fill(UNSEEN);
  let first = 0;
  for (const length of lengths) {
    for (let node = first; node < first + length; node++) {
      bias.fill(0, node * size + first, node * size + first + length);
    }
    first += length;
  }
  return bias;
}
