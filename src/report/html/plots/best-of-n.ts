import type { RowEvaluation } from '../../../evaluation/evaluate-rows.js';
import type { Choice } from '../../../evaluation/groups.js';
import { isDefined } from '../../../evaluation/metric.js';
import type { Plot } from '../plot.js';
import { colour } from '../plot-config.js';
import { free } from './scales.js';

/** The value of the chosen one of N candidates, between those of a random one and of the best. */
export function bestOfNPlot(curve: RowEvaluation['bestOf'], labelled: boolean): Plot {
  const points = (choice: Choice) =>
    curve.flatMap(({ draws, choiceValues: { [choice]: metric } }) => {
      return isDefined(metric) ? [{ n: draws, value: metric.value, low: metric.low, high: metric.high }] : [];
    });
  const x = {
    field: 'n',
    type: 'quantitative' as const,
    scale: { type: 'log' as const, base: 2, nice: false },
    axis: { values: curve.map(({ draws }) => draws), format: 'd', labelOverlap: true },
    title: 'N, candidates to choose from',
  };
  const y = { field: 'value', ...free(labelled ? 'Mean label' : 'Mean reward') };
  const curveOf = (choice: Choice, color: string, strokeDash: number[], shape: string) => ({
    data: { values: points(choice) },
    mark: {
      type: 'line' as const,
      color,
      strokeDash,
      strokeWidth: 2,
      point: { shape, filled: true, color, size: 50 },
    },
    encoding: { x, y },
  });
  return {
    label: `Best-of-N curve: the ${labelled ? 'label' : 'reward'} of the chosen candidate, of a random one and of the best, for N of ${curve.map(({ draws }) => draws).join(', ')}`,
    spec: {
      layer: [
        {
          data: { values: points('chosen') },
          mark: { type: 'area', color: colour.modelBand },
          encoding: { x, y: { field: 'low', ...free() }, y2: { field: 'high' } },
        },
        curveOf('random', colour.chance, [4, 4], 'square'),
        curveOf('oracle', colour.best, [2, 2], 'triangle-up'),
        curveOf('chosen', colour.model, [], 'circle'),
      ],
    },
  };
}
