import { isDefined, type Metric } from '../../../evaluation/metric.js';
import { type Content, html, type Markup } from '../html.js';
import type { NamedMetric } from '../metric-names.js';
import { count, decimal, interval } from '../numbers.js';
import { table } from './section.js';

const baselines = ['longest', 'shortest', 'random'] as const;

/** All metrics beside the baselines; why others are not there. */
export function metricsOf(metrics: readonly NamedMetric[]): Markup {
  const defined = metrics.filter(({ own }) => isDefined(own));
  const shown = baselines.filter((baseline) => defined.some((metric) => metric[baseline]));
  const columns = [
    { title: 'Metric' },
    { title: 'Model', kind: 'number' as const },
    { title: '95 % interval', kind: 'number' as const },
    ...shown.map((title) => ({ title, kind: 'number' as const })),
    { title: 'n', kind: 'number' as const },
  ];
  const rows = defined.map((metric) => [
    html`<b>${metric.title}</b> <code>${metric.name}</code><span class="meaning">${metric.meaning}${metric.better === 'smaller' && '; smaller is better'}</span>`,
    isDefined(metric.own) && html`<b>${decimal(metric.own.value)}</b>`,
    isDefined(metric.own) && interval(metric.own),
    ...shown.map((baseline) => baselineCell(metric[baseline])),
    isDefined(metric.own) && count(metric.own.n),
  ]);
  return html`${defined.length > 0 && table('Metrics and baselines', columns, rows, 'spoken')}
${notDefined(metrics)}`;
}

function baselineCell(metric: Metric | undefined): Content {
  if (!metric || !isDefined(metric)) return html`<span class="none">–</span>`;
  const { value, low, high } = metric;
  return html`${decimal(value)}${low < high && html`<span class="meaning">${interval(metric)}</span>`}`;
}

/** The metrics that are not defined, those with one reason together. */
function notDefined(metrics: readonly NamedMetric[]): Markup | undefined {
  const byReason = new Map<string, string[]>();
  const note = (name: string, metric: Metric | undefined) => {
    if (metric && !isDefined(metric)) byReason.set(metric.reason, [...(byReason.get(metric.reason) ?? []), name]);
  };
  for (const metric of metrics) {
    note(metric.name, metric.own);
    if (isDefined(metric.own))
      for (const baseline of baselines) note(`${metric.name} of ${baseline}`, metric[baseline]);
  }
  if (byReason.size === 0) return undefined;
  return html`<p>Not defined here:</p>
<ul class="reasons">${[...byReason].map(([reason, names]) => html`<li><code>${names.join(', ')}</code>: ${reason}</li>`)}</ul>`;
}
