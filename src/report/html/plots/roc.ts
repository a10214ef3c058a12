import type { RocCurve } from '../../../evaluation/roc.js';
import type { Plot } from '../plot.js';
import { colour } from '../plot-config.js';
import { share } from './scales.js';

/** The true positive rate against the false one at each threshold. */
export function rocPlot({ falsePositiveRate, truePositiveRate }: RocCurve): Plot {
  const values = falsePositiveRate.map((fpr, i) => ({ fpr, tpr: truePositiveRate[i] }));
  const x = { field: 'fpr', ...share('False positive rate') };
  const y = { field: 'tpr', ...share('True positive rate') };
  return {
    label: `ROC curve: true against false positive rate at ${values.length} thresholds, beside the diagonal`,
    spec: {
      data: { values },
      layer: [
        { mark: { type: 'area', color: colour.modelBand }, encoding: { x, y, y2: { datum: 0 } } },
        {
          data: { values: [{ at: 0 }, { at: 1 }] },
          mark: { type: 'line', color: colour.chance, strokeDash: [4, 4] },
          encoding: { x: { field: 'at', ...share() }, y: { field: 'at', ...share() } },
        },
        { mark: { type: 'line', color: colour.model, strokeWidth: 2 }, encoding: { x, y, order: { field: 'fpr' } } },
      ],
    },
  };
}
