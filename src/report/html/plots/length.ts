import type { LengthCurve } from '../length-curve.js';
import type { Plot } from '../plot.js';
import { colour } from '../plot-config.js';
import { free } from './scales.js';

/** The reward against the length: mean and middle 80 % of bins with as many rows each, over a sample of rows. */
export function lengthPlot({ bins, sample }: LengthCurve): Plot {
  const shown = bins.map(({ meanLength, meanReward, low, high }) => ({
    length: meanLength,
    reward: meanReward,
    low,
    high,
  }));
  const x = {
    field: 'length',
    type: 'quantitative' as const,
    // As a logarithm, but with a place for empty texts.
    scale: { type: 'symlog' as const, constant: 10, nice: false },
    axis: { values: [0, 10, 30, 100, 300, 1000, 3000, 10_000, 100_000, 1_000_000], format: '~s' },
    title: 'Length in characters',
  };
  const y = { field: 'reward', ...free('Reward') };
  return {
    label: `Reward against length: the mean reward of ${bins.length} bins of length, over ${sample.length} rows`,
    spec: {
      data: { values: shown },
      layer: [
        {
          data: { values: [...sample] },
          mark: { type: 'point', filled: true, color: colour.chance, size: 12, opacity: 0.55 },
          encoding: { x, y },
        },
        {
          mark: { type: 'area', color: colour.modelBand },
          encoding: { x, y: { field: 'low', ...free() }, y2: { field: 'high' } },
        },
        {
          mark: { type: 'line', color: colour.model, strokeWidth: 2, point: { color: colour.model, size: 36 } },
          encoding: { x, y },
        },
      ],
    },
  };
}
