import { isDefined } from '../../../evaluation/metric.js';
import { html, type Markup } from '../html.js';
import { decimal, interval, plain } from '../numbers.js';
import type { Threshold } from '../report-data.js';
import { section, table } from './section.js';

/** The bounds that the evaluation must meet. */
export function thresholdsOf(thresholds: readonly Threshold[] = []): Markup | undefined {
  if (thresholds.length === 0) return undefined;
  const columns = [
    { title: 'Threshold' },
    { title: 'Result' },
    { title: 'Value', kind: 'number' as const },
    { title: '95 % interval', kind: 'number' as const },
    { title: 'Compared' },
  ];
  const rows = thresholds.map(({ name, bound, side, compares, metric, met }) => [
    html`<code>${name}</code> ${side === 'under' ? 'at least' : 'at most'} ${plain(bound)}`,
    html`<b class="${met ? 'met' : 'missed'}">${met ? '✓ met' : '✗ missed'}</b>`,
    isDefined(metric) ? decimal(metric.value) : 'not defined',
    isDefined(metric) ? interval(metric) : metric.reason,
    compares === 'value' ? 'the value' : "the interval's worse end",
  ]);
  return section('thresholds', 'Thresholds', table('Thresholds, met and missed', columns, rows, 'spoken'));
}
