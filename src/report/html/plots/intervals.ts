import type { BaselineName } from '../../../evaluation/baselines.js';
import type { Estimate } from '../../../evaluation/metric.js';
import type { Plot } from '../plot.js';
import { colour } from '../plot-config.js';
import { preview, visible } from '../visible.js';
import { free } from './scales.js';

/** A named value with its interval, and the values to compare it with. */
export interface IntervalRow {
  readonly name: string;
  readonly own: Estimate;
  readonly baselines: Readonly<Partial<Record<BaselineName, number>>>;
}

const STEP = 44;

/**
 * A dot and an interval for each row, its name above them.
 *
 * @param title the axis
 * @param reference a line through all rows
 */
export function intervalPlot(label: string, title: string, rows: readonly IntervalRow[], reference?: number): Plot {
  const values = rows.map(({ name, own, baselines }, i) => {
    const { longest, shortest, random } = baselines;
    const { value, low, high } = own;
    return {
      name: visible(preview(name, 44)),
      at: i + 0.76,
      top: i + 0.1,
      value,
      low,
      high,
      longest,
      shortest,
      random,
    };
  });
  const x = { ...free(title), axis: { tickCount: 5, grid: true } };
  const y = {
    field: 'at',
    type: 'quantitative' as const,
    scale: { domain: [0, rows.length], nice: false, reverse: true },
    axis: null,
  };
  const marks = (field: BaselineName, shape: string, color: string) => ({
    transform: [{ filter: `isValid(datum.${field})` }],
    mark: { type: 'point' as const, shape, color, size: 55, strokeWidth: 1.75, opacity: 1, filled: false },
    encoding: { x: { ...x, field }, y },
  });
  return {
    label,
    height: 58 + STEP * rows.length,
    spec: {
      data: { values },
      layer: [
        ...(reference === undefined
          ? []
          : [
              {
                data: { values: [{ reference }] },
                mark: { type: 'rule' as const, color: colour.chance, strokeDash: [4, 4] },
                encoding: { x: { ...x, field: 'reference' } },
              },
            ]),
        {
          mark: { type: 'text', align: 'left', baseline: 'top' },
          encoding: { x: { value: 0 }, y: { ...y, field: 'top' }, text: { field: 'name', type: 'nominal' } },
        },
        {
          mark: { type: 'rule', color: colour.model, strokeWidth: 3, opacity: 0.5 },
          encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y },
        },
        marks('random', 'M-1,-1L1,1M-1,1L1,-1', colour.chance),
        marks('shortest', 'triangle-down', colour.other),
        marks('longest', 'triangle-up', colour.other),
        {
          mark: { type: 'point', filled: true, color: colour.model, size: 70, opacity: 1 },
          encoding: { x: { ...x, field: 'value' }, y },
        },
      ],
    },
  };
}
