import { calibrationCurve } from '../../evaluation/calibration.js';
import { alone } from '../../evaluation/clusters.js';
import { histogramByLabel } from '../../evaluation/histogram.js';
import type { ScoreMeaning } from '../../evaluation/probability.js';
import { rocCurve } from '../../evaluation/roc.js';
import type { Rows } from '../../evaluation/rows.js';
import { lengthCurve } from './length-curve.js';
import type { RowPlots } from './report-data.js';

const unlabelled = { reason: 'expected labels, got none' };

/**
 * Makes the data of a report's plots of rows.
 *
 * @param rows at least one, all values finite
 */
export function rowPlots({ rewards, labels, lengths, groups, conversations }: Rows, meaning: ScoreMeaning): RowPlots {
  const ids = conversations ?? groups;
  const clusters = ids ? { ids, count: ids.length } : alone(rewards.length);
  return {
    calibration: labels ? calibrationCurve(rewards, labels, clusters, meaning) : unlabelled,
    roc: labels ? rocCurve(rewards, labels) : unlabelled,
    // Without labels all rows have the same one, so that the plot has one part.
    histogram: histogramByLabel(rewards, labels ?? new Float64Array(rewards.length)),
    lengths: lengths && lengthCurve(lengths, rewards),
  };
}
