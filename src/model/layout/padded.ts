/** Lays rows of tokens out in batches, padded on the right to one width. */
import { type DistinctRow, distinctRows } from './distinct-rows.js';

export interface Batch {
  readonly tokens: readonly (readonly number[])[];
  /** Tokens of each row with its padding. */
  readonly width: number;
}

export interface PlacedBatch extends Batch {
  /** Which rows (indices into the input) each row of the batch stands for: equal rows share one. */
  readonly rows: readonly (readonly number[])[];
}

export interface BatchSettings {
  readonly padTokenId: number | undefined;
  readonly maxPositions: number;
  /** Every row alone, without padding. */
  readonly rowByRow: boolean;
}

/** Widths are multiples of this: rows of nearly the same length meet. */
const GRID = 8;

/** In a batch, padding included; bounds a session's working memory. */
const MAX_TOKENS = 2048;
const MAX_ROWS = 64;

/** Batches by width; which rows stand together depends on the rows, not on their order. */
export function buildBatches(rows: readonly (readonly number[])[], settings: BatchSettings): PlacedBatch[] {
  const byWidth = new Map<number, DistinctRow[]>();
  for (const row of distinctRows(rows)) {
    const width = widthOf(row.tokens, settings);
    const others = byWidth.get(width);
    if (others === undefined) byWidth.set(width, [row]);
    else others.push(row);
  }
  return [...byWidth]
    .sort(([a], [b]) => a - b)
    .flatMap(([width, members]) => {
      const size = settings.rowByRow ? 1 : Math.max(1, Math.min(MAX_ROWS, Math.floor(MAX_TOKENS / width)));
      return inGroupsOf(size, members).map((group) => ({
        tokens: group.map(({ tokens }) => tokens),
        width,
        rows: group.map((row) => row.rows),
      }));
    });
}

function widthOf(tokens: readonly number[], { padTokenId, maxPositions, rowByRow }: BatchSettings): number {
  // Rules older than transformers 4.49 look for the first pad token, or count them: what a row that has one of its
  // own means to them depends on whether more follow. So it never gets any.
  if (rowByRow || padTokenId === undefined || tokens.includes(padTokenId)) return tokens.length;
  return Math.min(Math.ceil(tokens.length / GRID) * GRID, maxPositions);
}

const inGroupsOf = <T>(size: number, items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
