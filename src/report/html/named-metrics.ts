import { type BaselineName, baselineNames } from '../../evaluation/baselines.js';
import type { PairEvaluation } from '../../evaluation/evaluate-pairs.js';
import type { RowEvaluation } from '../../evaluation/evaluate-rows.js';
import { isDefined, type Metric } from '../../evaluation/metric.js';
import type { MetricDefinition } from '../../evaluation/metrics/definition.js';
import { type MetricName, metricNames, metrics } from '../../evaluation/metrics.js';

/** A metric of an evaluation with all that a report says of it, beside the same metric of each baseline. */
export interface NamedMetric extends Pick<MetricDefinition, 'title' | 'explanation' | 'better' | 'shown'> {
  readonly name: MetricName;
  readonly own: Metric;
  readonly baselines: Readonly<Partial<Record<BaselineName, Metric>>>;
  /** Of the baseline file on the rows that both have, and the difference there. */
  readonly other: Metric | undefined;
  readonly difference: Metric | undefined;
}

type MetricRecord = Readonly<Partial<Record<MetricName, Metric>>>;

/** Metrics that baselines have come first, as one table has the baselines' columns. */
const inReportOrder = [
  ...metricNames.filter((name) => metrics[name].takes !== 'rewards'),
  ...metricNames.filter((name) => metrics[name].takes === 'rewards'),
];

/** The metrics that an evaluation of rows or pairs has, in the report's order. */
export function namedMetrics({
  metrics: found,
  baselines,
  other,
  difference,
}: RowEvaluation | PairEvaluation): NamedMetric[] {
  const [ownMetrics, others, differences]: readonly (MetricRecord | undefined)[] = [found, other, difference];
  return inReportOrder.flatMap((name) => {
    const own = ownMetrics?.[name];
    if (!own) return [];
    const ofBaselines = baselineNames.flatMap((baseline) => {
      const ofBaseline: MetricRecord | undefined = baselines[baseline];
      const metric = ofBaseline?.[name];
      return metric ? [[baseline, metric]] : [];
    });
    return [
      {
        ...metrics[name],
        name,
        own,
        baselines: Object.fromEntries(ofBaselines),
        other: others?.[name],
        difference: differences?.[name],
      },
    ];
  });
}

/** The metric for the head of the report: of those with a value, the one with the least headline number. */
export const mainMetric = (found: readonly NamedMetric[]): NamedMetric | undefined =>
  found
    .filter(({ own, shown }) => isDefined(own) && shown.headline !== undefined)
    .toSorted((a, b) => (a.shown.headline as number) - (b.shown.headline as number))[0];
