/** An evaluation as a person reads it, in 80 columns. */

import { baselineNames } from '../evaluation/baselines.js';
import type { BaselineComparison, Evaluation, ScorerReport } from '../evaluation/evaluation.js';
import { isDefined, type Metric } from '../evaluation/metric.js';
import { metrics as definitions, type MetricName, metricNames } from '../evaluation/metrics.js';
import type { Verdict } from '../evaluation/thresholds.js';
import { counted, ends, many, short } from './numbers.js';
import { printable } from './printable.js';
import { clipped, table, wrapped } from './text-layout.js';
import { demand } from './verdicts.js';

/** The most metrics on the line of a slice. */
const METRICS_OF_SLICES = 2;

export interface Shown {
  readonly evaluation: Evaluation;
  readonly verdicts: readonly Verdict[];
  readonly rows: number;
  readonly failed: number;
  readonly resamples: number;
  /** The fields of slices and of clusters, and the file of the other scorer. */
  readonly cluster?: string | undefined;
  readonly by: string | undefined;
  readonly baseline: string | undefined;
  /** Printed below the numbers, each on lines of its own. */
  readonly notes: readonly string[];
}

export function evaluationInWords(shown: Shown): string {
  const { evaluation, verdicts, baseline, by } = shown;
  const parts = [
    headOf(shown),
    metricsTable(evaluation),
    bestOfTable(evaluation),
    evaluation.comparison && differenceTable(evaluation.comparison, baseline ?? ''),
    slicesTable(evaluation, by ?? ''),
    verdictsTable(verdicts),
    reasonsOf(evaluation),
    shown.notes.flatMap((note) => wrapped(note, '')).join('\n'),
  ];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

function headOf({ evaluation, rows, failed, resamples, cluster }: Shown): string {
  const { rewards, pairs, groups } = evaluation;
  const counts = [
    counted(rows, 'row'),
    ...(failed > 0 ? [`${many(failed)} of them bad`] : []),
    ...(rewards > 0 ? [counted(rewards, 'reward')] : []),
    ...(pairs > 0 ? [counted(pairs, 'pair')] : []),
    ...(groups > 0 ? [counted(groups, 'group')] : []),
  ];
  if (rewards + pairs === 0) return counts.join(', ');
  return `${counts.join(', ')}\n95 % intervals from ${many(resamples)} resamples of ${drawnIn(evaluation, cluster)}`;
}

function drawnIn(
  { rewards, pairs, groups, clusters }: Pick<ScorerReport, 'rewards' | 'pairs' | 'groups' | 'clusters'>,
  cluster: string | undefined,
): string {
  if (cluster !== undefined)
    return `${counted(clusters, 'cluster')}: the rows of one ${clipped(cluster)} are drawn together`;
  if (groups > 0 && clusters === groups) return counted(clusters, 'whole group');
  if (clusters < Math.max(rewards, pairs)) return counted(clusters, 'whole conversation');
  return rewards > 0 ? 'rows' : 'pairs';
}

function metricsTable({ metrics, baselines }: ScorerReport): string {
  const defined = metricNames.filter((name) => isDefined(metrics[name]));
  if (defined.length === 0) return '';
  const columns = baselineNames.filter((name) => Object.values(baselines[name] ?? {}).some((each) => isDefined(each)));
  return table([
    ['metric', 'value', '95 % interval', 'n', ...columns],
    ...defined.map((name) => [
      name,
      ...cellsOf(metrics[name]),
      ...columns.map((baseline) =>
        cellOf((baselines[baseline] as Partial<Record<MetricName, Metric>> | undefined)?.[name]),
      ),
    ]),
  ]);
}

function bestOfTable({ bestOf }: ScorerReport): string {
  const points = bestOf.filter(({ choiceValues }) => isDefined(choiceValues.chosen));
  if (points.length < 2) return '';
  return table([
    ['best of', 'chosen', '95 % interval', 'groups', 'random', 'oracle'],
    ...points.map(({ draws, choiceValues: { chosen, random, oracle } }) => [
      String(draws),
      ...cellsOf(chosen),
      cellOf(random),
      cellOf(oracle),
    ]),
  ]);
}

/** Each metric of both on the rows that both have, and the one less the other. */
function differenceTable({ own, baseline: other, difference }: BaselineComparison, baseline: string): string {
  const defined = metricNames.filter((name) => isDefined(difference[name]));
  if (defined.length === 0) return '';
  const lines = table([
    ['metric', 'this', 'baseline', 'difference', '95 % interval', 'n'],
    ...defined.map((name) => [name, cellOf(own[name]), cellOf(other[name]), ...cellsOf(difference[name])]),
  ]);
  return `against the baseline ${printable(baseline)}, row by row\n${lines}`;
}

function slicesTable({ slices, metrics }: Evaluation, by: string): string {
  if (slices.length === 0) return '';
  const shown = byRankInSlices.filter((name) => isDefined(metrics[name])).slice(0, METRICS_OF_SLICES);
  return table([
    [clipped(by), 'n', ...shown.flatMap((name) => [name, '95 % interval'])],
    ...slices.map((slice) => [
      clipped(slice.key),
      many(slice.rewards + slice.pairs),
      ...shown.flatMap((name) => cellsOf(slice.metrics[name]).slice(0, 2)),
    ]),
  ]);
}

const rankInSlices = (name: MetricName): number => definitions[name].shown.slices ?? Number.POSITIVE_INFINITY;

const byRankInSlices = metricNames
  .filter((name) => rankInSlices(name) < Number.POSITIVE_INFINITY)
  .toSorted((a, b) => rankInSlices(a) - rankInSlices(b));

function verdictsTable(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return '';
  return table([
    ['threshold', 'value', '95 % interval', ''],
    ...verdicts.map((verdict) => [
      demand(verdict),
      ...cellsOf(verdict.result).slice(0, 2),
      verdict.missed ? 'missed' : 'met',
    ]),
  ]);
}

/** The names of metrics that cannot be computed, those with one reason together. */
function reasonsOf({ metrics }: ScorerReport): string {
  const names = new Map<string, MetricName[]>();
  for (const name of metricNames) {
    const metric = metrics[name];
    if (isDefined(metric)) continue;
    names.set(metric.reason, [...(names.get(metric.reason) ?? []), name]);
  }
  const lines = [...names].flatMap(([reason, without]) => wrapped(`${without.join(', ')}: ${reason}`, '  '));
  return lines.length === 0 ? '' : ['not computed', ...lines].join('\n');
}

const cellsOf = (metric: Metric): [string, string, string] =>
  isDefined(metric) ? [short(metric.value), ends(metric), many(metric.n)] : ['-', '-', '-'];

const cellOf = (metric: Metric | undefined): string =>
  metric !== undefined && isDefined(metric) ? short(metric.value) : '';
