import { meanOf } from '../means.js';
import { pairMetric } from './definition.js';

/** The share of pairs whose chosen text has the larger score, where a tie counts half. */
export const pairwise = pairMetric({
  title: 'pairwise accuracy',
  explanation: 'share of pairs whose chosen response has the larger reward',
  better: 'higher',
  shown: { overview: true, headline: 2, slices: 2 },
  compute({ chosen, rejected, clusters }) {
    const wins = chosen.map((score, pair) => (1 + Math.sign(score - (rejected[pair] as number))) / 2);
    return meanOf(wins, clusters, 'pairs');
  },
  random: 0.5,
});
