import { isDefined, type Metric } from '../../../evaluation/metric.js';
import { html, type Markup } from '../html.js';
import type { NamedMetric } from '../named-metrics.js';
import { change, count, decimal, interval } from '../numbers.js';
import { preview } from '../visible.js';
import { section, table } from './section.js';

/** The metrics less those of the other scores, paired. */
export function differenceTo(baseline: string, metrics: readonly NamedMetric[]): Markup | undefined {
  const compared = metrics.flatMap((metric) =>
    metric.difference ? [{ ...metric, difference: metric.difference }] : [],
  );
  if (compared.length === 0) return undefined;
  const columns = [
    { title: 'Metric' },
    { title: 'Difference', kind: 'number' as const },
    { title: '95 % interval', kind: 'number' as const },
    { title: 'This model is' },
    { title: 'This model', kind: 'number' as const },
    { title: 'Baseline', kind: 'number' as const },
    { title: 'n', kind: 'number' as const },
  ];
  const rows = compared.flatMap(({ title, name, other, better, difference }) =>
    isDefined(difference) && other && isDefined(other)
      ? [
          [
            html`<b>${title}</b> <code>${name}</code>`,
            html`<b>${change(difference.value)}</b>`,
            interval(difference, change),
            verdict(difference, better),
            // On the rows that both have.
            decimal(other.value + difference.value),
            decimal(other.value),
            count(difference.n),
          ],
        ]
      : [],
  );
  return section(
    'difference',
    'Difference to the baseline',
    html`<p>This model less <b>${preview(baseline, 120, 'end')}</b> on the same rows. Both see the same resamples, so the interval is of the difference itself.</p>`,
    rows.length > 0
      ? table('Differences, paired', columns, rows, 'spoken')
      : html`<p>No metric is defined for both.</p>`,
  );
}

function verdict({ low, high }: Metric & { low: number; high: number }, better: NamedMetric['better']): Markup {
  if (low <= 0 && high >= 0) return html`<span class="none">no clear difference</span>`;
  const larger = low > 0;
  if (better === 'neither') return html`${larger ? 'larger' : 'smaller'}`;
  const isBetter = larger === (better === 'higher');
  return html`<b class="${isBetter ? 'met' : 'missed'}">${isBetter ? '▲ better' : '▼ worse'}</b>`;
}
