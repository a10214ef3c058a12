import type { CalibrationBin } from '../../../evaluation/calibration.js';
import type { Plot } from '../plot.js';
import { colour } from '../plot-config.js';
import { share } from './scales.js';

/** The share of positives against the probability that the model gave, with Wilson intervals. */
export function calibrationPlot(bins: readonly CalibrationBin[]): Plot {
  const values = bins.map(({ rows, meanProbability, rate, low, high }) => ({ rows, meanProbability, rate, low, high }));
  const x = { field: 'meanProbability', ...share('Mean probability of the bin') };
  return {
    label: `Calibration curve: the share of positives in ${bins.length} bins of probability, beside the diagonal`,
    spec: {
      data: { values },
      layer: [
        {
          data: { values: [{ at: 0 }, { at: 1 }] },
          mark: { type: 'line', color: colour.chance, strokeDash: [4, 4] },
          encoding: { x: { field: 'at', ...share() }, y: { field: 'at', ...share() } },
        },
        {
          mark: { type: 'rule', color: colour.model, strokeWidth: 2, opacity: 0.55 },
          encoding: { x, y: { field: 'low', ...share('Share of positives') }, y2: { field: 'high' } },
        },
        {
          mark: { type: 'line', color: colour.model, strokeWidth: 1.5 },
          encoding: { x, y: { field: 'rate', ...share() } },
        },
        {
          mark: { type: 'point', filled: true, color: colour.model, opacity: 1, stroke: colour.page, strokeWidth: 1 },
          encoding: {
            x,
            y: { field: 'rate', ...share() },
            size: { field: 'rows', type: 'quantitative', scale: { range: [25, 160], zero: true }, legend: null },
          },
        },
      ],
    },
  };
}
