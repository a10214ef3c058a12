import { kendall as correlation, correlationInGroups } from '../correlation.js';
import { orderMetric } from './definition.js';

export const kendall = orderMetric({
  title: 'Kendall in groups',
  explanation: 'pairs of a group in the right order less those in the wrong one (tau-b)',
  better: 'higher',
  shown: { overview: true },
  needs: ['groups', 'labels'],
  compute: ({ scores, labels, groups }) => correlationInGroups(correlation, scores, labels, groups),
  random: 0,
});
