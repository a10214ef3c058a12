import { spearman as correlation, correlationInGroups } from '../correlation.js';
import { orderMetric } from './definition.js';

export const spearman = orderMetric({
  title: 'Spearman in groups',
  explanation: 'rank correlation of reward and label within a group',
  better: 'higher',
  shown: { overview: true, headline: 3, slices: 4 },
  needs: ['groups', 'labels'],
  compute: ({ scores, labels, groups }) => correlationInGroups(correlation, scores, labels, groups),
  random: 0,
});
