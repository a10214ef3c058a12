import { html, type Markup } from '../html.js';
import { count } from '../numbers.js';
import type { EvaluatedRun } from '../report-data.js';
import { section } from './section.js';

/** What the intervals mean, and how they were made. */
export function method({ clusters = 'rows', resamples, seed }: EvaluatedRun): Markup {
  const draws = resamples === undefined ? 'resamples' : `${count(resamples)} resamples`;
  return section(
    'method',
    'What the intervals mean',
    html`<p>Were the evaluation done again on other ${clusters} of the same kind, about 95 of 100 such intervals would hold the value that all ${clusters} of that kind have.</p>
<p>They are percentile bootstrap intervals of ${draws} of ${drawn[clusters]}${seed !== undefined && `, seed ${seed}`}; that of the calibration error allows for the noise of its bins, and the rates of the calibration curve have Wilson intervals. <b>longest</b> and <b>shortest</b> take a text's length for its reward, <b>random</b> is what any order of the rows has on average.</p>`,
  );
}

const drawn = { rows: 'rows', pairs: 'pairs', groups: 'whole groups', conversations: 'whole conversations' } as const;
