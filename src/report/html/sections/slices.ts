import { isDefined } from '../../../evaluation/metric.js';
import { type Content, html, type Markup } from '../html.js';
import { mainMetric, type NamedMetric, namedMetrics } from '../named-metrics.js';
import { count, decimal, interval } from '../numbers.js';
import { drawn } from '../plot.js';
import { type IntervalRow, intervalPlot } from '../plots/intervals.js';
import type { SlicedBy } from '../report-data.js';
import { preview } from '../visible.js';
import { figure, type Key, section, table } from './section.js';

const PLOTTED = 24;
const LISTED = 200;

/** The main metric of each slice as a dot and an interval, and the others in a table. */
export async function slicesOf(
  slicings: readonly SlicedBy[] = [],
  main: NamedMetric | undefined,
): Promise<Markup | undefined> {
  const parts = await Promise.all(slicings.filter(({ slices }) => slices.length > 0).map((by) => sliced(by, main)));
  return parts.length > 0 ? section('slices', 'Slices', parts) : undefined;
}

interface Slice {
  readonly key: string;
  readonly rows: number;
  readonly metrics: readonly NamedMetric[];
  /** Why there are no metrics. */
  readonly reason?: string;
}

async function sliced({ field, slices: given }: SlicedBy, overall: NamedMetric | undefined): Promise<Markup> {
  const slices = given.map(({ key, evaluation }): Slice => {
    if (!isDefined(evaluation)) return { key, rows: 0, metrics: [], reason: evaluation.reason };
    const rows = 'pairs' in evaluation ? evaluation.pairs : evaluation.rows;
    return { key, rows, metrics: namedMetrics(evaluation) };
  });
  const defined = slices.flatMap(({ metrics }) => metrics.filter(({ own }) => isDefined(own)));
  // Slices that divide groups lack the metrics of groups.
  const main = overall && named(defined, overall) ? overall : mainMetric(defined);
  return html`<div class="beside">${main && (await dots(field, slices, main, overall))}${main && tableOf(field, slices, main)}</div>`;
}

async function dots(
  field: string,
  slices: readonly Slice[],
  main: NamedMetric,
  overall: NamedMetric | undefined,
): Promise<Markup | undefined> {
  const rows = largest(slices, PLOTTED).flatMap(({ key, rows, metrics }): IntervalRow[] => {
    const metric = named(metrics, main);
    if (!metric || !isDefined(metric.own)) return [];
    const longest = definedValue(metric.baselines.longest);
    return [
      {
        name: `${preview(key, 30)} (${count(rows)})`,
        own: metric.own,
        baselines: longest === undefined ? {} : { longest },
      },
    ];
  });
  if (rows.length === 0) return undefined;
  const all = main === overall && isDefined(overall.own) ? overall.own.value : undefined;
  const keys: Key[] = [
    ['model', 'model, 95 % interval'],
    ...(rows.some(({ baselines }) => baselines.longest !== undefined) ? [['up', 'longest'] satisfies Key] : []),
    ...(all === undefined ? [] : [['chance', 'model, all rows'] satisfies Key]),
  ];
  const label = `${main.title} of ${rows.length} slices by ${field}, with intervals`;
  const drawing = await drawn(intervalPlot(label, main.title, rows, all));
  const left = slices.length > PLOTTED ? ` The ${PLOTTED} largest of ${count(slices.length)} slices.` : '';
  return figure(`${main.title} by ${field}`, drawing, keys, `Rows in brackets.${left} Few rows make wide intervals.`);
}

function tableOf(field: string, slices: readonly Slice[], main: NamedMetric): Markup {
  const others = slices
    .flatMap(({ metrics }) => metrics)
    .filter(
      (metric, i, all) => isDefined(metric.own) && metric.name !== main.name && !named(all.slice(0, i), metric, true),
    );
  const columns = [
    { title: field },
    { title: 'Rows', kind: 'number' as const },
    { title: main.title, kind: 'number' as const },
    { title: '95 % interval', kind: 'number' as const },
    ...others.map(({ title }) => ({ title, kind: 'number' as const })),
  ];
  const rows = largest(slices, LISTED).map(({ key, rows, metrics, reason }): Content[] => {
    const own = named(metrics, main)?.own;
    return [
      preview(key, 60),
      reason === undefined ? count(rows) : none,
      own && isDefined(own) ? html`<b>${decimal(own.value)}</b>` : none,
      own && isDefined(own) ? interval(own) : html`<span class="none">${own?.reason ?? reason}</span>`,
      ...others.map((other) => {
        const value = definedValue(named(metrics, other)?.own);
        return value === undefined ? none : decimal(value);
      }),
    ];
  });
  const left =
    slices.length > LISTED && html`<p>The ${LISTED} largest of ${count(slices.length)} slices are listed.</p>`;
  return html`<div>${table(`Slices by ${preview(field, 60)}`, columns, rows)}${left}</div>`;
}

const none = html`<span class="none">–</span>`;

const definedValue = (metric: NamedMetric['own'] | undefined): number | undefined =>
  metric && isDefined(metric) ? metric.value : undefined;

/** The metric with the name of another. */
const named = (metrics: readonly NamedMetric[], { name }: NamedMetric, defined = false): NamedMetric | undefined =>
  metrics.find((metric) => metric.name === name && (!defined || isDefined(metric.own)));

/** The slices with the most rows, in the given order. */
function largest(slices: readonly Slice[], most: number): readonly Slice[] {
  if (slices.length <= most) return slices;
  const chosen = new Set(slices.toSorted((a, b) => b.rows - a.rows).slice(0, most));
  return slices.filter((slice) => chosen.has(slice));
}
