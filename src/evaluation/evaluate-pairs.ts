import { type BootstrapOptions, bootstrap, difference, estimate } from './bootstrap.js';
import { canonicalOrder } from './canonical.js';
import { always, type Metric, type NotDefined, type Statistic } from './metric.js';
import { pairwiseAccuracy } from './pairwise.js';
import { mapValues } from './record.js';
import { type Pairs, select, whyNot } from './rows.js';

/** What a scorer is worth on a set of pairs. */
export interface PairEvaluation {
  readonly pairs: number;
  readonly clusters: number;
  readonly pairwise: Metric;
  /** `longest` and `shortest` take lengths. */
  readonly baselines: Readonly<Partial<Record<'longest' | 'shortest' | 'random', Metric>>>;
  /** The accuracy less that of the baseline's rewards, paired. */
  readonly difference?: Metric;
}

/**
 * The accuracy of scored pairs, with intervals. Shuffled pairs give the same to the last bit.
 *
 * @returns a reason where there is no pair or a value is not finite
 */
export function evaluatePairs(given: Pairs, options: BootstrapOptions = {}): PairEvaluation | NotDefined {
  const refused = whyNot(given);
  if (refused) return refused;
  const { conversations, ...columns } = given;
  const { order, clusters } = canonicalOrder(Object.values(columns), undefined, conversations);
  const pairs = select<Pairs>(given, order);
  const { chosenLengths, rejectedLengths, baselineChosen, baselineRejected } = pairs;

  const own = pairwiseAccuracy(pairs.chosen, pairs.rejected, clusters);
  const other = baselineChosen && baselineRejected && pairwiseAccuracy(baselineChosen, baselineRejected, clusters);
  const baselines = {
    ...(chosenLengths &&
      rejectedLengths && {
        longest: pairwiseAccuracy(chosenLengths, rejectedLengths, clusters),
        shortest: pairwiseAccuracy(rejectedLengths, chosenLengths, clusters),
      }),
    random: always(0.5, own),
  };
  const replicates = bootstrap(
    [own, ...(other ? [other] : []), ...Object.values<Statistic | NotDefined>(baselines)],
    clusters.count,
    options,
  );
  return {
    pairs: pairs.chosen.length,
    clusters: clusters.count,
    pairwise: estimate(replicates, own),
    baselines: mapValues(baselines, (statistic) => estimate(replicates, statistic)),
    ...(other && { difference: difference(replicates, own, other) }),
  };
}
