import { isDefined, type NotDefined } from '../../evaluation/metric.js';
import { html, type Markup } from './html.js';
import { mainMetric, type NamedMetric, namedMetrics } from './named-metrics.js';
import { page } from './page.js';
import type { ReportData } from './report-data.js';
import { differenceTo } from './sections/difference.js';
import { disagreementsOf } from './sections/disagreements.js';
import { head } from './sections/head.js';
import { method } from './sections/method.js';
import { metricsOf } from './sections/metrics.js';
import { plotsOf } from './sections/plots.js';
import { provenanceOf } from './sections/provenance.js';
import { section } from './sections/section.js';
import { slicesOf } from './sections/slices.js';
import { thresholdsOf } from './sections/thresholds.js';

/**
 * Writes a report for people: one HTML file that needs no network and runs no script. The same data gives the same
 * bytes.
 *
 * @returns the file's text, to be written as UTF-8
 */
export async function renderReport(data: ReportData): Promise<string> {
  const { run, rows, pairs, plots, slices, disagreements, baseline, thresholds, provenance } = data;
  const evaluations = [rows, pairs].filter((evaluation) => evaluation !== undefined);
  const metrics = evaluations.map((evaluation) => (isDefined(evaluation) ? namedMetrics(evaluation) : []));
  const mains = metrics.map(mainMetric).filter((main) => main !== undefined);
  const refusals = evaluations.filter((evaluation): evaluation is NotDefined => !isDefined(evaluation));
  const all = metrics.flat();
  const sections = [
    thresholdsOf(thresholds),
    metricSection(all, refusals),
    baseline !== undefined && differenceTo(baseline, all),
    await plotsOf(all, plots, rows && isDefined(rows) ? rows : undefined, run.labels !== undefined),
    await slicesOf(slices, mains[0]),
    disagreementsOf(disagreements),
    all.length > 0 && method(run),
    provenance !== undefined && provenanceOf(provenance),
  ];
  const body = html`${head(run, mains, thresholds)}
${sections}`;
  return page(`${run.model}: evaluation`, body);
}

function metricSection(metrics: readonly NamedMetric[], refusals: readonly NotDefined[]): Markup | undefined {
  if (metrics.length + refusals.length === 0) return undefined;
  const reasons = refusals.map(({ reason }) => html`<p>No metrics: ${reason}.</p>`);
  return section('metrics', 'Metrics', reasons, metrics.length > 0 && metricsOf(metrics));
}
