import type { PairEvaluation } from '../../evaluation/evaluate-pairs.js';
import type { RowEvaluation } from '../../evaluation/evaluate-rows.js';
import type { Metric } from '../../evaluation/metric.js';
import type { RowMetric } from '../../evaluation/statistics.js';

type MetricName = RowMetric | 'pairwise';

interface MetricMeaning {
  readonly name: MetricName;
  readonly title: string;
  /** In a sentence for people who do not know it. */
  readonly meaning: string;
  /** Undefined where neither is better. */
  readonly better?: 'larger' | 'smaller';
  /** It lies between -1 and 1, so it can share an axis with others. */
  readonly bounded?: boolean;
}

/** All metrics, in the order in which a report has them. */
const metricMeanings: readonly MetricMeaning[] = [
  {
    name: 'auc',
    title: 'AUC',
    meaning: 'chance that a positive row has a larger reward than a negative one',
    better: 'larger',
    bounded: true,
  },
  {
    name: 'ap',
    title: 'average precision',
    meaning: 'precision, averaged over all thresholds that find another positive row',
    better: 'larger',
    bounded: true,
  },
  {
    name: 'pairwise',
    title: 'pairwise accuracy',
    meaning: 'share of pairs whose chosen response has the larger reward',
    better: 'larger',
    bounded: true,
  },
  {
    name: 'top1',
    title: 'top-1 rate',
    meaning: 'share of groups in which the largest reward picks a best candidate',
    better: 'larger',
    bounded: true,
  },
  {
    name: 'lift',
    title: 'best-of-N lift',
    meaning: 'what the chosen candidate is worth more than a random one',
    better: 'larger',
  },
  {
    name: 'spearman',
    title: 'Spearman in groups',
    meaning: 'rank correlation of reward and label within a group',
    better: 'larger',
    bounded: true,
  },
  {
    name: 'kendall',
    title: 'Kendall in groups',
    meaning: 'pairs of a group in the right order less those in the wrong one (tau-b)',
    better: 'larger',
    bounded: true,
  },
  {
    name: 'accuracy',
    title: 'accuracy',
    meaning: 'share of rows on the right side of probability 0.5',
    better: 'larger',
  },
  { name: 'brier', title: 'Brier score', meaning: 'mean squared error of the probability', better: 'smaller' },
  { name: 'log_loss', title: 'log loss', meaning: 'mean surprise of the probability, in nats', better: 'smaller' },
  {
    name: 'ece',
    title: 'calibration error',
    meaning: 'mean distance of probability and rate, 15 bins',
    better: 'smaller',
  },
  { name: 'mean', title: 'mean reward', meaning: 'of all rows' },
  { name: 'std', title: 'deviation of rewards', meaning: 'of all rows' },
];

/** Which metric an evaluation is judged by first. */
const first: readonly MetricName[] = ['auc', 'pairwise', 'spearman', 'lift', 'mean'];

type Evaluation = RowEvaluation | PairEvaluation;

/** The metrics of rows or pairs by name, each with those of the baselines. */
export interface NamedMetric extends MetricMeaning {
  readonly own: Metric;
  readonly longest?: Metric | undefined;
  readonly shortest?: Metric | undefined;
  readonly random?: Metric | undefined;
  readonly difference?: Metric | undefined;
}

/** What an evaluation has, in the report's order. */
export function namedMetrics(evaluation: Evaluation): NamedMetric[] {
  return metricMeanings.flatMap((meaning) => {
    const own = metricOf(evaluation, meaning.name);
    if (!own) return [];
    const of = (baseline: 'longest' | 'shortest' | 'random') => baselineOf(evaluation, baseline, meaning.name);
    const difference = differenceOf(evaluation, meaning.name);
    return [{ ...meaning, own, longest: of('longest'), shortest: of('shortest'), random: of('random'), difference }];
  });
}

/** The first of the metrics people judge by that has a value. */
export function mainMetric(metrics: readonly NamedMetric[]): NamedMetric | undefined {
  const ranked = first.map((name) => metrics.find((metric) => metric.name === name));
  return ranked.find((metric) => metric && !('reason' in metric.own));
}

const isPairs = (evaluation: Evaluation): evaluation is PairEvaluation => 'pairwise' in evaluation;

function metricOf(evaluation: Evaluation, name: MetricName): Metric | undefined {
  if (isPairs(evaluation)) return name === 'pairwise' ? evaluation.pairwise : undefined;
  return name === 'pairwise' ? undefined : evaluation.metrics[name];
}

function differenceOf(evaluation: Evaluation, name: MetricName): Metric | undefined {
  if (isPairs(evaluation)) return name === 'pairwise' ? evaluation.difference : undefined;
  return name === 'pairwise' ? undefined : evaluation.difference?.[name];
}

function baselineOf(
  evaluation: Evaluation,
  baseline: 'longest' | 'shortest' | 'random',
  name: MetricName,
): Metric | undefined {
  if (isPairs(evaluation)) return name === 'pairwise' ? evaluation.baselines[baseline] : undefined;
  const metrics: Readonly<Partial<Record<MetricName, Metric>>> | undefined = evaluation.baselines[baseline];
  return metrics?.[name];
}
