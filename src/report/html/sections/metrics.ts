import { baselineNames } from '../../../evaluation/baselines.js';
import { isDefined, type Metric } from '../../../evaluation/metric.js';
import { type Content, html, type Markup } from '../html.js';
import type { NamedMetric } from '../named-metrics.js';
import { count, decimal, interval } from '../numbers.js';
import { table } from './section.js';

/** All metrics beside the baselines, and why others are not defined. */
export function metricsOf(metrics: readonly NamedMetric[]): Markup {
  const defined = metrics.filter(({ own }) => isDefined(own));
  const shown = baselineNames.filter((name) => defined.some(({ baselines }) => baselines[name]));
  const columns = [
    { title: 'Metric' },
    { title: 'Model', kind: 'number' as const },
    { title: '95 % interval', kind: 'number' as const },
    ...shown.map((title) => ({ title, kind: 'number' as const })),
    { title: 'n', kind: 'number' as const },
  ];
  const rows = defined.map((metric) => [
    html`<b>${metric.title}</b> <code>${metric.name}</code><span class="meaning">${metric.explanation}${metric.better === 'lower' && '; smaller is better'}</span>`,
    isDefined(metric.own) && html`<b>${decimal(metric.own.value)}</b>`,
    isDefined(metric.own) && interval(metric.own),
    ...shown.map((baseline) => baselineCell(metric.baselines[baseline])),
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
  for (const { name, own, baselines } of metrics) {
    note(name, own);
    if (!isDefined(own)) continue;
    for (const baseline of baselineNames) note(`${name} of ${baseline}`, baselines[baseline]);
  }
  if (byReason.size === 0) return undefined;
  return html`<p>Not defined here:</p>
<ul class="reasons">${[...byReason].map(([reason, names]) => html`<li><code>${names.join(', ')}</code>: ${reason}</li>`)}</ul>`;
}
