import { whyNotBinary } from './labels/binary-labels.js';
import type { NotDefined } from './metric.js';

/** Points of the ROC curve from (0, 0) to (1, 1), one for each threshold: score >= threshold is positive. */
export interface RocCurve {
  readonly falsePositiveRate: readonly number[];
  readonly truePositiveRate: readonly number[];
  /** The first is Infinity, at which nothing is positive. */
  readonly thresholds: readonly number[];
}

/**
 * The ROC curve for a picture. A point is left out where it is nearer than 1/resolution, in both rates, to the last
 * point that was not left out, so that there are at most 2 x resolution + 2; with Infinity it has all distinct scores,
 * as in scikit-learn 1.9 `roc_curve` with `drop_intermediate=False`.
 *
 * @param scores [rows], finite
 * @param labels [rows], 0 or 1
 */
export function rocCurve(scores: Float64Array, labels: Float64Array, resolution = 256): RocCurve | NotDefined {
  const problem = whyNotBinary(labels);
  if (problem) return problem;
  const rows = Int32Array.from({ length: scores.length }, (_, i) => i);
  rows.sort((a, b) => (scores[b] as number) - (scores[a] as number));
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const negatives = labels.length - positives;

  const curve = { falsePositiveRate: [0], truePositiveRate: [0], thresholds: [Number.POSITIVE_INFINITY] };
  let truePositives = 0;
  for (const [i, row] of rows.entries()) {
    truePositives += labels[row] as number;
    const score = scores[row] as number;
    if (score === scores[rows[i + 1] as number]) continue;
    const falsePositiveRate = (i + 1 - truePositives) / negatives;
    const truePositiveRate = truePositives / positives;
    const far =
      falsePositiveRate - (curve.falsePositiveRate.at(-1) as number) >= 1 / resolution ||
      truePositiveRate - (curve.truePositiveRate.at(-1) as number) >= 1 / resolution;
    if (!far && i + 1 < rows.length) continue;
    curve.falsePositiveRate.push(falsePositiveRate);
    curve.truePositiveRate.push(truePositiveRate);
    curve.thresholds.push(score);
  }
  return curve;
}
