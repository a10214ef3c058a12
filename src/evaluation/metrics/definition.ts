/** The definition of a metric for all code that computes, compares, prints or draws it. */
import type { Clusters } from '../clusters.js';
import type { Groups } from '../groups.js';
import { whyNotBinary } from '../labels/binary-labels.js';
import { always, type NotDefined, type Statistic } from '../metric.js';
import type { ScoreMeaning } from '../probability.js';

/** What people read about a metric, and where. */
interface MetricDescription {
  /** Its name in a report. */
  readonly title: string;
  /** The end of a sentence, for people who do not know the metric. */
  readonly explanation: string;
  readonly better: 'higher' | 'lower' | 'neither';
  readonly shown: MetricPlaces;
}

/** Every metric is in the tables of metrics; these are the places that have room for some only. */
interface MetricPlaces {
  /** Whether the report draws it on one axis with the others that are between -1 and 1. */
  readonly overview?: true;
  /** The report puts the metric with the least number, of those with a value, at its head and compares slices by it. */
  readonly headline?: number;
  /** The terminal's table of slices has the two metrics with the least numbers, of those with a value. */
  readonly slices?: number;
}

/** What a metric of rows needs besides their scores. */
export type RowNeed = 'groups' | 'labels' | 'binary labels';

export type Computed = Statistic | NotDefined;

/** The rows from which a metric is computed; each column is [rows]. */
export interface RowSample {
  /** Finite rewards, or the scores of a baseline. */
  readonly scores: Float64Array;
  /** The value of choosing each row as a candidate: its label, or without labels its reward. */
  readonly values: Float64Array;
  readonly labels: Float64Array | undefined;
  readonly groups: Groups | undefined;
  readonly clusters: Clusters;
  /** What the scores mean. Only metrics of rewards read it, as a text's length has no such meaning. */
  readonly meaning: ScoreMeaning;
}

/** A sample that has what a metric needs. */
type SampleWith<Need extends RowNeed> = Omit<RowSample, 'labels' | 'groups'> &
  ('groups' extends Need ? { readonly groups: Groups } : unknown) &
  (Extract<Need, 'labels' | 'binary labels'> extends never ? unknown : { readonly labels: Float64Array });

/** The pairs from which a metric is computed; chosen and rejected are [pairs], finite. */
export interface PairSample {
  readonly chosen: Float64Array;
  readonly rejected: Float64Array;
  readonly clusters: Clusters;
}

/** A metric that depends only on the order of the scores, so that the lengths of the texts have it too. */
export interface OrderMetricDefinition extends MetricDescription {
  readonly takes: 'order';
  readonly needs: readonly RowNeed[];
  readonly compute: (sample: RowSample) => Computed;
  /** Its average for random scores, over all orders of the rows. */
  readonly random: (sample: RowSample) => Computed;
}

/** A metric that depends on the rewards themselves. No baseline has it. */
export interface RewardMetricDefinition extends MetricDescription {
  readonly takes: 'rewards';
  readonly needs: readonly RowNeed[];
  readonly compute: (sample: RowSample) => Computed;
}

/** A metric of pairs, by order. */
export interface PairMetricDefinition extends MetricDescription {
  readonly takes: 'pairs';
  readonly compute: (sample: PairSample) => Computed;
  /** Its average for random scores. */
  readonly random: (sample: PairSample) => Computed;
}

export type MetricDefinition = OrderMetricDefinition | RewardMetricDefinition | PairMetricDefinition;

type Definition<Need extends RowNeed> = MetricDescription & {
  /** Its needs, in the order in which their absence is reported. */
  readonly needs: readonly Need[];
  readonly compute: (sample: SampleWith<Need>) => Computed;
};

/** @param metric `random` is a number where it is the same for all samples that have the metric */
export const orderMetric = <Need extends RowNeed = never>(
  metric: Definition<Need> & { readonly random: number | ((sample: SampleWith<Need>) => Computed) },
): OrderMetricDefinition => {
  const { needs, random } = metric;
  const compute = withNeeds(needs, metric.compute);
  return {
    ...metric,
    takes: 'order',
    compute,
    random:
      typeof random === 'number'
        ? // A random scorer has the metric where a scorer that knows the labels has it.
          (sample) => always(random, compute({ ...sample, scores: sample.values }))
        : withNeeds(needs, random),
  };
};

export const rewardMetric = <Need extends RowNeed = never>(metric: Definition<Need>): RewardMetricDefinition => ({
  ...metric,
  takes: 'rewards',
  compute: withNeeds(metric.needs, metric.compute),
});

export const pairMetric = (
  metric: MetricDescription & { readonly compute: (sample: PairSample) => Computed; readonly random: number },
): PairMetricDefinition => ({
  ...metric,
  takes: 'pairs',
  random: (sample) => always(metric.random, metric.compute(sample)),
});

const withNeeds =
  <Need extends RowNeed>(needs: readonly Need[], compute: (sample: SampleWith<Need>) => Computed) =>
  (sample: RowSample): Computed =>
    whyUnmet(needs, sample) ?? compute(sample as SampleWith<Need>);

/** The reason of the first need that the sample does not meet; undefined where it meets all. */
function whyUnmet(needs: readonly RowNeed[], { labels, groups }: RowSample): NotDefined | undefined {
  for (const need of needs) {
    if (need === 'groups') {
      if (groups === undefined) return { reason: 'expected groups of candidates, got none' };
      continue;
    }
    if (labels === undefined) return { reason: 'expected labels, got none' };
    const problem = need === 'binary labels' ? whyNotBinary(labels) : undefined;
    if (problem !== undefined) return problem;
  }
  return undefined;
}
