import { isDefined, type Metric } from '../../../evaluation/metric.js';
import type { Markup } from '../html.js';
import type { NamedMetric } from '../metric-names.js';
import { decimal } from '../numbers.js';
import { drawn } from '../plot.js';
import { intervalPlot } from '../plots/intervals.js';
import { figure, type Key } from './section.js';

/** Metrics that share an axis, with their baselines, in one view. */
export async function overview(metrics: readonly NamedMetric[]): Promise<Markup | undefined> {
  const value = (metric: Metric | undefined) => (metric && isDefined(metric) ? metric.value : undefined);
  const rows = metrics.flatMap(({ title, own, bounded, longest, shortest, random }) =>
    bounded && isDefined(own)
      ? [{ name: title, own, longest: value(longest), shortest: value(shortest), random: value(random) }]
      : [],
  );
  if (rows.length === 0) return undefined;
  const has = (baseline: 'longest' | 'shortest' | 'random') => rows.some((row) => row[baseline] !== undefined);
  const keys: Key[] = [
    ['model', 'model, 95 % interval'],
    ...(has('longest') ? [['up', 'longest'] satisfies Key] : []),
    ...(has('shortest') ? [['down', 'shortest'] satisfies Key] : []),
    ...(has('random') ? [['cross', 'random'] satisfies Key] : []),
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
