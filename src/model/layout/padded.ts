/** Lays out rows of tokens in batches, padded on the right to one width. */
import { type DistinctRow, distinctRows } from './distinct-rows.js';
import type { Feed, Feeds, Layout, LayoutLimits, RowTypes } from './layout.js';

/** A row of tokens, and the type of each; without types, all are of type 0. */
type BatchRow = Pick<DistinctRow, 'tokens' | 'types'>;

/** The value at a position of a row, by the input's name: the inputs that a text classifier may have. */
const values = {
  input_ids: ({ tokens }, position, padTokenId) => tokens[position] ?? padTokenId,
  attention_mask: ({ tokens }, position) => (position < tokens.length ? 1 : 0),
  position_ids: (_, position) => position,
  token_type_ids: ({ types }, position) => types?.[position] ?? 0,
} satisfies Record<string, (row: BatchRow, position: number, padTokenId: number) => number>;

export type PaddedInput = keyof typeof values;

export const paddedInputs = Object.keys(values) as readonly PaddedInput[];

/** The inputs that a graph has, and the integers that it takes. */
export type PaddedInputs = ReadonlyMap<PaddedInput, 'int32' | 'int64'>;

export interface Batch {
  readonly tokens: readonly (readonly number[])[];
  /** Default: no row has types. */
  readonly types?: RowTypes;
  /** Tokens of each row with its padding. */
  readonly width: number;
}

export interface PlacedBatch extends Batch {
  /** Which rows (indices into the input) each row of the batch represents: equal rows share one. */
  readonly rows: readonly (readonly number[])[];
}

export interface BatchSettings {
  readonly padTokenId: number | undefined;
  readonly maxPositions: number;
  /** Whether every row is a batch of its own, without padding. */
  readonly rowByRow: boolean;
  readonly limits: Pick<LayoutLimits, 'batchTokens' | 'batchRows'>;
}

interface PaddedSettings extends BatchSettings {
  readonly inputs: PaddedInputs;
  /** Whether the network tells types of tokens apart; otherwise all are given as 0. */
  readonly typed: boolean;
}

/** Widths are multiples of this, so that rows of nearly the same length share a batch. */
const GRID = 8;

/** Batches for a network that pools by a rule of its own, and in whose graph rows do not affect each other. */
export const paddedLayout = (settings: PaddedSettings): Layout => ({
  lay: (rows, types) =>
    buildBatches(rows, settings, settings.typed && settings.inputs.has('token_type_ids') ? types : undefined).map(
      (batch) => ({
        feeds: () => batchFeeds(batch, settings),
        rows: batch.rows,
        tokens: batch.tokens.length * batch.width,
        work: batch.tokens.length * batch.width,
      }),
    ),
  rowsMeet: false,
  sharesBeginnings: false,
});

/** Makes the inputs of a graph for one batch, [rows, width] each. */
export function batchFeeds(
  { tokens, types, width }: Batch,
  { inputs, padTokenId = 0 }: { readonly inputs: PaddedInputs; readonly padTokenId?: number | undefined },
): Feeds {
  const dims = [tokens.length, width];
  const feeds = [...inputs].map(([name, type]): [string, Feed] => {
    const numbers = tokens.flatMap((row, index) =>
      Array.from({ length: width }, (_, i) => values[name]({ tokens: row, types: types?.[index] }, i, padTokenId)),
    );
    return type === 'int32'
      ? [name, { type, data: Int32Array.from(numbers), dims }]
      : [name, { type, data: BigInt64Array.from(numbers, BigInt), dims }];
  });
  return Object.fromEntries(feeds);
}

/** Groups rows into batches by width; which rows share a batch depends on the rows, not on their order. */
export function buildBatches(
  rows: readonly (readonly number[])[],
  settings: BatchSettings,
  types?: RowTypes,
): PlacedBatch[] {
  const { batchTokens, batchRows } = settings.limits;
  const byWidth = new Map<number, DistinctRow[]>();
  for (const row of distinctRows(rows, types)) {
    const width = widthOf(row.tokens, settings);
    const others = byWidth.get(width);
    if (others === undefined) byWidth.set(width, [row]);
    else others.push(row);
  }
  return [...byWidth]
    .sort(([a], [b]) => a - b)
    .flatMap(([width, members]) => {
      const size = settings.rowByRow ? 1 : Math.max(1, Math.min(batchRows, Math.floor(batchTokens / width)));
      return inGroupsOf(size, members).map((group) => ({
        tokens: group.map(({ tokens }) => tokens),
        types: group.map((row) => row.types),
        width,
        rows: group.map((row) => row.rows),
      }));
    });
}

function widthOf(tokens: readonly number[], { padTokenId, maxPositions, rowByRow }: BatchSettings): number {
  // Rules older than transformers 4.49 look for the first pad token, or count them: where a row has one of its own,
  // their result depends on whether more follow. So such a row never gets any.
  if (rowByRow || padTokenId === undefined || tokens.includes(padTokenId)) return tokens.length;
  return Math.min(Math.ceil(tokens.length / GRID) * GRID, maxPositions);
}

const inGroupsOf = <T>(size: number, items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
