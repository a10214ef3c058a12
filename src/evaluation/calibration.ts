import type { Clusters } from './clusters.js';
import { whyNotBinary } from './labels/binary-labels.js';
import { isDefined, type NotDefined } from './metric.js';
import { probabilitiesOf, type ScoreMeaning } from './probability.js';

/**
 * Bins of equal width; each holds its upper edge, and the first also 0. Source: scikit-learn 1.9 `calibration_curve`
 */
export const BINS = 15;
const innerEdges = Float64Array.from({ length: BINS - 1 }, (_, i) => (i + 1) / BINS);

/** The 97.5 % quantile of the normal distribution. */
const Z = 1.959963984540054;

/** The predicted and the actual share of positives of one bin's rows. */
export interface CalibrationBin {
  /** The bin is (from, to], the first one [0, to]. */
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  readonly meanProbability: number;
  /** The share of positives, and its 95 % Wilson interval. */
  readonly rate: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The bins that hold rows, from the least probability up. The interval is Wilson's (JASA 1927) for as many trials as
 * there are clusters in the bin: rows of one conversation may all have the same label, so that with more rows than
 * clusters the interval is conservative. A bootstrap would give an interval of no width where a bin's rows are all
 * alike.
 *
 * @param scores [rows]
 * @param labels [rows], 0 or 1
 */
export function calibrationCurve(
  scores: Float64Array,
  labels: Float64Array,
  clusters: Clusters,
  meaning: ScoreMeaning,
): CalibrationBin[] | NotDefined {
  const probabilities = probabilitiesOf(scores, meaning);
  const problem = whyNotBinary(labels);
  if (problem) return problem;
  if (!isDefined(probabilities)) return probabilities;
  const bins = Array.from({ length: BINS }, () => ({ rows: 0, sum: 0, positives: 0, clusters: new Set<number>() }));
  for (const [row, probability] of probabilities.entries()) {
    const bin = bins[binOf(probability)] as (typeof bins)[number];
    bin.rows++;
    bin.sum += probability;
    bin.positives += labels[row] as number;
    bin.clusters.add(clusters.ids[row] as number);
  }
  return bins.flatMap(({ rows, sum, positives, clusters }, bin) => {
    if (rows === 0) return [];
    const rate = positives / rows;
    const edges = { from: bin / BINS, to: (bin + 1) / BINS };
    return { ...edges, rows, meanProbability: sum / rows, rate, ...wilson(rate, clusters.size) };
  });
}

/** The number of the bin that holds a probability. */
export function binOf(probability: number): number {
  const bin = innerEdges.findIndex((edge) => probability <= edge);
  return bin < 0 ? BINS - 1 : bin;
}

function wilson(rate: number, trials: number): { low: number; high: number } {
  const shrink = 1 + Z ** 2 / trials;
  const middle = (rate + Z ** 2 / (2 * trials)) / shrink;
  const half = (Z * Math.sqrt((rate * (1 - rate)) / trials + Z ** 2 / (4 * trials ** 2))) / shrink;
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}
