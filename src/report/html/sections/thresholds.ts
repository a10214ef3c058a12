import { isDefined } from '../../../evaluation/metric.js';
import { html, type Markup } from '../html.js';
import { change, decimal, interval, plain } from '../numbers.js';
import type { Threshold } from '../report-data.js';
import { preview } from '../visible.js';
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
  const rows = thresholds.map(({ name, demand, metric, met }) => {
    const as = demand.kind === 'bound' ? decimal : change;
    return [
      html`<code>${preview(name, 120)}</code> ${demandInWords(demand)}`,
      html`<b class="${met ? 'met' : 'missed'}">${met ? '✓ met' : '✗ missed'}</b>`,
      isDefined(metric) ? as(metric.value) : 'not defined',
      isDefined(metric) ? interval(metric, as) : metric.reason,
      comparedInWords(demand),
    ];
  });
  return section('thresholds', 'Thresholds', table('Thresholds, met and missed', columns, rows, 'spoken'));
}

const demandInWords = (demand: Threshold['demand']): string =>
  demand.kind === 'bound'
    ? `${demand.side === 'under' ? 'at least' : 'at most'} ${plain(demand.bound)}`
    : 'no worse than the baseline';

function comparedInWords(demand: Threshold['demand']): string {
  if (demand.kind === 'no regression') return 'the difference, beyond its interval';
  return demand.compares === 'value' ? 'the value' : "the interval's worse end";
}
