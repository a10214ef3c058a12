import { choiceStatistics } from '../groups.js';
import { orderMetric } from './definition.js';

export const lift = orderMetric({
  title: 'best-of-N lift',
  explanation: 'what the chosen candidate is worth more than a random one',
  better: 'higher',
  shown: { headline: 4, slices: 3 },
  needs: ['groups'],
  compute: ({ scores, values, groups }) => choiceStatistics(scores, values, groups).lift,
  random: 0,
});
