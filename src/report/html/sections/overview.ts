import { type BaselineName, baselineNames } from '../../../evaluation/baselines.js';
import { isDefined } from '../../../evaluation/metric.js';
import type { Markup } from '../html.js';
import type { NamedMetric } from '../named-metrics.js';
import { decimal } from '../numbers.js';
import { drawn } from '../plot.js';
import { type IntervalRow, intervalPlot } from '../plots/intervals.js';
import { figure, type Key } from './section.js';

/** Metrics that share an axis, with their baselines, in one view. */
export async function overview(metrics: readonly NamedMetric[]): Promise<Markup | undefined> {
  const rows = metrics.flatMap(({ title, own, baselines, shown }): IntervalRow[] =>
    shown.overview && isDefined(own) ? [{ name: title, own, baselines: definedValues(baselines) }] : [],
  );
  if (rows.length === 0) return undefined;
  const present = baselineNames.filter((baseline) => rows.some(({ baselines }) => baselines[baseline] !== undefined));
  const keys: Key[] = [
    ['model', 'model, 95 % interval'],
    ...present.map((baseline) => [baselineKeys[baseline], baseline] satisfies Key),
  ];
  const label = `Metrics with their intervals beside the baselines: ${rows.map(({ name, own }) => `${name} ${decimal(own.value)}`).join(', ')}`;
  const drawing = await drawn(intervalPlot(label, 'Value', rows));
  return figure(
    'Against the baselines',
    drawing,
    keys,
    'A model that has learned more than length lies right of all baselines.',
  );
}

const baselineKeys: Readonly<Record<BaselineName, Key[0]>> = { longest: 'up', shortest: 'down', random: 'cross' };

const definedValues = (baselines: NamedMetric['baselines']): IntervalRow['baselines'] =>
  Object.fromEntries(
    Object.entries(baselines).flatMap(([name, metric]) => (isDefined(metric) ? [[name, metric.value]] : [])),
  );
