import type { Clusters } from './clusters.js';
import { meanOf } from './means.js';
import type { NotDefined, Statistic } from './metric.js';

/**
 * The share of pairs whose chosen text has the larger score, where a tie counts half.
 *
 * @param chosen [pairs], finite
 * @param rejected [pairs], finite
 */
export function pairwiseAccuracy(
  chosen: Float64Array,
  rejected: Float64Array,
  clusters: Clusters,
): Statistic | NotDefined {
  const wins = chosen.map((score, pair) => (1 + Math.sign(score - (rejected[pair] as number))) / 2);
  return meanOf(wins, clusters, 'pairs');
}
