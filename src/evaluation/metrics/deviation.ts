import { deviationOf } from '../means.js';
import { rewardMetric } from './definition.js';

export const deviation = rewardMetric({
  title: 'deviation of rewards',
  explanation: 'of all rows',
  better: 'neither',
  shown: { slices: 6 },
  needs: [],
  compute: ({ scores, clusters }) => deviationOf(scores, clusters),
});
