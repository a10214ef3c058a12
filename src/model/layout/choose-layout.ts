import type { RewardNetwork } from '../architectures/network.js';
import type { Backend } from '../backend/backend.js';
import { causalLayout } from './causal.js';
import type { Layout } from './layout.js';
import { rowBatchesLayout } from './row-batches.js';

/** What decides how rows are laid out for a network that is built here. */
export type LayoutFacts = Pick<RewardNetwork, 'attention' | 'pooling' | 'hiddenSize' | 'tokenTypes' | 'positionsAfter'>;

export const layoutFactsOf = (network: RewardNetwork): LayoutFacts => {
  const { attention, pooling, hiddenSize, tokenTypes, positionsAfter } = network;
  return { attention, pooling, hiddenSize, tokenTypes, positionsAfter };
};

/**
 * @param padTokenId right-most tokens of this id are skipped
 * @param apart whether every pack stands alone, for a session that keeps nothing
 */
export function chooseLayout(
  { attention, pooling, hiddenSize, tokenTypes, positionsAfter }: LayoutFacts,
  padTokenId: number | undefined,
  { cost, limits }: Backend,
  apart = false,
): Layout {
  if (attention === 'causal' && pooling === 'last') {
    return causalLayout({ padTokenId, cost: cost(hiddenSize), maxNodes: limits.nodes, apart });
  }
  // The mean of a row is taken in the graph.
  if (attention === 'bidirectional' && pooling !== 'last') {
    return rowBatchesLayout({ tokenTypes, positionsAfter, cost: cost(hiddenSize), maxNodes: limits.nodes });
  }
  throw new Error(`no layout for a network of ${attention} attention that pools its ${pooling} node`);
}
