import { meanOf } from '../means.js';
import { rewardMetric } from './definition.js';

export const mean = rewardMetric({
  title: 'mean reward',
  explanation: 'of all rows',
  better: 'neither',
  shown: { headline: 5, slices: 5 },
  needs: [],
  compute: ({ scores, clusters }) => meanOf(scores, clusters),
});
