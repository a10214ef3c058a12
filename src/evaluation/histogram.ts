/** How many scores of each label are between which edges. */
export interface Histogram {
  /** [bins + 1]; a bin holds its lower edge, the last one both. */
  readonly edges: readonly number[];
  /** The counts [bins] of each label, from the least label up. */
  readonly byLabel: readonly { readonly label: number; readonly counts: readonly number[] }[];
}

/**
 * Counts scores by label in bins of equal width from the least score to the largest, as numpy's `histogram`. Where all
 * scores are equal, the bins span a width of 1 around that score.
 *
 * @param scores [rows], finite; at least one
 * @param labels [rows]
 */
export function histogramByLabel(scores: Float64Array, labels: Float64Array, bins = 30): Histogram {
  let low = scores.reduce((least, score) => Math.min(least, score), Number.POSITIVE_INFINITY);
  let high = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const width = (high - low) / bins;
  const edges = Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high : Math.min(high, low + i * width)));
  const counts = new Map<number, number[]>();
  for (const [row, score] of scores.entries()) {
    const label = labels[row] as number;
    const ofLabel = counts.get(label) ?? new Array<number>(bins).fill(0);
    counts.set(label, ofLabel);
    const bin = Math.min(
      bins - 1,
      edges.findLastIndex((edge) => edge <= score),
    );
    ofLabel[bin] = (ofLabel[bin] as number) + 1;
  }
  const labelsUp = [...counts.keys()].sort((a, b) => a - b);
  return { edges, byLabel: labelsUp.map((label) => ({ label, counts: counts.get(label) as number[] })) };
}
