import { choiceStatistics } from '../groups.js';
import { orderMetric } from './definition.js';

export const top1 = orderMetric({
  title: 'top-1 rate',
  explanation: 'share of groups in which the largest reward picks a best candidate',
  better: 'higher',
  shown: { overview: true },
  needs: ['groups', 'labels'],
  compute: ({ scores, labels, groups }) => choiceStatistics(scores, labels, groups).top1,
  random: ({ labels, groups }) => choiceStatistics(labels, labels, groups).randomTop1,
});
