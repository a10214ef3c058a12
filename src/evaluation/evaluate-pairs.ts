import type { Baselines } from './baselines.js';
import { type BootstrapOptions, bootstrap, difference, estimate } from './bootstrap.js';
import { canonicalOrder } from './canonical.js';
import type { Metrics, NotDefined, Statistic, Statistics } from './metric.js';
import type { PairMetric } from './metrics.js';
import { mapValues } from './record.js';
import { type Pairs, select, whyNot } from './rows.js';
import { pairStatistics, randomPairStatistics } from './statistics.js';

/** All metrics of one scorer on a set of pairs. */
export interface PairEvaluation {
  readonly pairs: number;
  readonly clusters: number;
  readonly metrics: Metrics<PairMetric>;
  readonly baselines: Baselines<Metrics<PairMetric>>;
  /** The metrics of the baseline's rewards, and this scorer's less those, paired. */
  readonly other?: Metrics<PairMetric>;
  readonly difference?: Metrics<PairMetric>;
}

/**
 * All metrics of scored pairs, with intervals. Shuffled pairs give the same to the last bit.
 *
 * @returns a reason where there is no pair or a value is not finite
 */
export function evaluatePairs(given: Pairs, options: BootstrapOptions = {}): PairEvaluation | NotDefined {
  const problem = whyNot(given);
  if (problem) return problem;
  const { conversations, ...columns } = given;
  const { order, clusters } = canonicalOrder(Object.values(columns), undefined, conversations);
  const { chosen, rejected, chosenLengths, rejectedLengths, baselineChosen, baselineRejected } = select<Pairs>(
    given,
    order,
  );
  const statisticsOf = (chosen: Float64Array, rejected: Float64Array) => pairStatistics({ chosen, rejected, clusters });

  const own = statisticsOf(chosen, rejected);
  const other = baselineChosen && baselineRejected && statisticsOf(baselineChosen, baselineRejected);
  const baselines = {
    ...(chosenLengths &&
      rejectedLengths && {
        longest: statisticsOf(chosenLengths, rejectedLengths),
        shortest: statisticsOf(rejectedLengths, chosenLengths),
      }),
    random: randomPairStatistics({ chosen, rejected, clusters }),
  };
  const replicates = bootstrap(
    [own, other, ...Object.values<Statistics<PairMetric>>(baselines)].flatMap((table) =>
      Object.values<Statistic | NotDefined>(table ?? {}),
    ),
    clusters.count,
    options,
  );
  const estimates = (table: Statistics<PairMetric>) => mapValues(table, (statistic) => estimate(replicates, statistic));
  return {
    pairs: chosen.length,
    clusters: clusters.count,
    metrics: estimates(own),
    baselines: mapValues(baselines, estimates),
    ...(other && {
      other: estimates(other),
      difference: mapValues(own, (statistic, name) => difference(replicates, statistic, other[name])),
    }),
  };
}
