import { type Estimate, isDefined } from '../../../evaluation/metric.js';
import { type Content, html, type Markup } from '../html.js';
import type { NamedMetric } from '../named-metrics.js';
import { count, decimal, interval } from '../numbers.js';
import { factList, moment } from '../page.js';
import type { EvaluatedRun, Threshold } from '../report-data.js';
import { preview } from '../visible.js';

const INPUTS = 10;
const NAME = 120;

/** What was evaluated, and the few numbers to see first. */
export function head(
  run: EvaluatedRun,
  main: readonly NamedMetric[],
  thresholds: readonly Threshold[] | undefined,
): Markup {
  return html`<header>
<p class="kicker">Evaluation of a reward model</p>
<h1>${preview(run.model, NAME, 'end')}</h1>
${factList(facts(run))}
<div class="tiles">${main.map(metricTile)}${thresholds && thresholdTile(thresholds)}${rowsTile(run)}</div>
</header>
`;
}

function facts({ inputs, date, version, labels }: EvaluatedRun): [string, Content][] {
  const named = inputs
    .slice(0, INPUTS)
    .map(({ name, rows }) => preview(name, NAME, 'end') + (rows === undefined ? '' : ` (${count(rows)})`));
  const more = inputs.length - named.length;
  return [
    [inputs.length === 1 ? 'Input' : 'Inputs', named.join(', ') + (more > 0 ? ` and ${count(more)} more` : '')],
    ...(labels === undefined ? [] : [['Labels', preview(labels, NAME)] satisfies [string, Content]]),
    ['Date', moment(date)],
    ['Made by', `reward-score ${version}`],
  ];
}

function metricTile({ title, own, baselines }: NamedMetric): Markup | undefined {
  if (!isDefined(own)) return undefined;
  const defined = Object.entries(baselines).flatMap(([name, metric]) => (isDefined(metric) ? [{ name, metric }] : []));
  return html`<div class="tile"><p class="name">${title}</p><p class="value">${decimal(own.value)}</p>
<p class="range">95 % interval ${interval(own)}</p>${
    defined.length > 0 &&
    html`<p class="against">${defined.map(({ name, metric }) => `${name} ${decimal(metric.value)}`).join(' · ')}</p>
<p class="against">${against(own, defined)}</p>`
  }</div>`;
}

function against(own: Estimate, baselines: readonly { readonly name: string; readonly metric: Estimate }[]): string {
  const those = (found: typeof baselines) => new Intl.ListFormat('en').format(found.map(({ name }) => name));
  const above = baselines.filter(({ metric }) => metric.low > own.high);
  if (above.length > 0) return `Below ${those(above)}, intervals included.`;
  const near = baselines.filter(({ metric }) => metric.high >= own.low);
  return near.length > 0
    ? `Not clear of ${those(near)}: the intervals meet.`
    : 'Above every baseline, intervals included.';
}

function thresholdTile(thresholds: readonly Threshold[]): Markup | undefined {
  if (thresholds.length === 0) return undefined;
  const missed = thresholds.filter(({ met }) => !met);
  const state = missed.length > 0 ? 'missed' : 'met';
  return html`<div class="tile"><p class="name">Thresholds</p>
<p class="value ${state}">${thresholds.length - missed.length} of ${thresholds.length} met</p>${
    missed.length > 0 && html`<p class="range">missed: ${missed.map(({ name }) => name).join(', ')}</p>`
  }</div>`;
}

function rowsTile({ rows, failed }: EvaluatedRun): Markup {
  return html`<div class="tile"><p class="name">Rows</p><p class="value">${count(rows)}</p>
<p class="range${failed > 0 && ' missed'}">${failed > 0 ? `${count(failed)} failed, and are in no metric` : 'none failed'}</p></div>`;
}
