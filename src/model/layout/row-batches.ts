/**
 * Lays out rows of tokens in batches for networks in which a token sees all of its row: rows of nearly the same length go
 * together, each filled up to the longest. Equal rows are computed once.
 *
 * What fills rows up is counted as what it costs, so most batches have none of it. Those run without a mask, by a faster
 * kernel (architectures/row-attention.ts).
 */
import { type DistinctRow, distinctRows } from './distinct-rows.js';
import type { Feeds, Layout, Pack } from './layout.js';
import { costOf, type PackLimits } from './trie.js';

export interface RowBatchesOptions extends PackLimits {
  /** How many types of tokens the network tells apart. */
  readonly tokenTypes: number;
  /** The pad token after whose number positions begin, as RoBERTa counts them. */
  readonly positionsAfter: number | undefined;
}

/** Packs for a bidirectional network; each row is read at its first node. */
export const rowBatchesLayout = (options: RowBatchesOptions): Layout => ({
  lay: (rows, types) =>
    cheapestBatches(distinctRows(rows, options.tokenTypes > 1 ? types : undefined), options).map((batch) =>
      packOf(batch, options),
    ),
  rowsMeet: false,
  sharesBeginnings: false,
});

const widthOf = (batch: readonly DistinctRow[]): number => (batch.at(-1) as DistinctRow).tokens.length;

/** The cost of a batch, whose nodes see those of their row. */
const costOfBatch = (rows: number, width: number, { cost }: PackLimits): number =>
  cost.fixed + rows * (costOf(width, 0, cost) - cost.fixed);

/**
 * Finds the cheapest batches among those that hold rows of nearly the same length: the least total cost by dynamic
 * programming over the last border.
 *
 * @param rows distinct ones, in an order that does not depend on that of the input
 */
function cheapestBatches(rows: readonly DistinctRow[], options: PackLimits): DistinctRow[][] {
  const byLength = [...rows].sort((a, b) => a.tokens.length - b.tokens.length);
  const best = new Float64Array(byLength.length + 1); // best[i]: cost of the first i rows
  const start = new Int32Array(byLength.length + 1); // start[i]: where the batch that ends before row i begins
  for (let end = 1; end <= byLength.length; end++) {
    const width = (byLength[end - 1] as DistinctRow).tokens.length;
    const most = Math.max(1, Math.floor(options.maxNodes / width));
    best[end] = Number.POSITIVE_INFINITY;
    for (let from = end - 1; from >= Math.max(0, end - most); from--) {
      const total = (best[from] as number) + costOfBatch(end - from, width, options);
      if (total < (best[end] as number)) {
        best[end] = total;
        start[end] = from;
      }
    }
  }
  const batches: DistinctRow[][] = [];
  for (let end = byLength.length; end > 0; end = start[end] as number) batches.push(byLength.slice(start[end], end));
  return batches.reverse();
}

function packOf(batch: readonly DistinctRow[], options: RowBatchesOptions): Pack {
  const width = widthOf(batch);
  return {
    feeds: () => feedsOf(batch, options),
    rows: batch.map(({ rows }) => rows),
    tokens: batch.length * width,
    work: costOfBatch(batch.length, width, options),
  };
}

function feedsOf(batch: readonly DistinctRow[], { tokenTypes, positionsAfter }: RowBatchesOptions): Feeds {
  const width = widthOf(batch);
  const ints = (values: readonly number[], ...dims: number[]): Feeds[string] => ({
    type: 'int32',
    data: Int32Array.from(values),
    dims: dims.length > 0 ? dims : [values.length],
  });
  const nodes = (of: (row: DistinctRow) => readonly number[]): Feeds[string] =>
    ints(batch.flatMap(of), 1, batch.length * width);
  // A row is filled up with a token of its own, so that a NaN among the weights of another row's tokens stays there.
  const filled = (values: readonly number[]): readonly number[] =>
    values.length === width
      ? values
      : [...values, ...new Array<number>(width - values.length).fill(values[0] as number)];
  const positions = (tokens: readonly number[]): readonly number[] => positionsOf(filled(tokens), positionsAfter);
  return {
    input_ids: nodes(({ tokens }) => filled(tokens)),
    position_ids: nodes(({ tokens }) => positions(tokens)),
    row_lengths: ints(batch.map(({ tokens }) => tokens.length)),
    pooled_nodes: ints(batch.map((_, row) => row * width)),
    ...(tokenTypes > 1 && { token_type_ids: nodes(({ tokens, types }) => filled(types ?? tokens.map(() => 0))) }),
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
