import type { Clusters } from './clusters.js';

/** The rows from the least score up. */
interface ScoreOrder {
  /** [rows], the cluster of each row. */
  readonly cluster: Int32Array;
  /** [rows], 1 for a positive row. */
  readonly positive: Uint8Array;
  /** [rows], 1 where the next row has another score. */
  readonly lastOfTie: Uint8Array;
}

export function byScore(scores: Float64Array, labels: Float64Array, clusters: Clusters): ScoreOrder {
  const rows = Int32Array.from({ length: scores.length }, (_, i) => i);
  rows.sort((a, b) => (scores[a] as number) - (scores[b] as number));
  return {
    cluster: rows.map((row) => clusters.ids[row] as number),
    positive: Uint8Array.from(rows, (row) => labels[row] as number),
    lastOfTie: Uint8Array.from(rows, (row, i) => (scores[row] === scores[rows[i + 1] as number] ? 0 : 1)),
  };
}
