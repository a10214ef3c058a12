/** Which row `explain` explains, and how. */
import type { Flag } from './flag.js';
import { fileName, wholeNumber } from './parsers.js';

/** What these flags have in common. */
const explained = { group: 'Explanation', commands: ['explain'] } as const;

export const explainFlags = [
  {
    name: 'row',
    value: '<number>',
    ...explained,
    doc: 'number of the row, from 1; a header and, but for text files, blank lines are not counted',
    parse: wholeNumber(1),
    default: 1,
    decides: 'output',
  },
  {
    name: 'trace',
    ...explained,
    doc: 'also give the reward at each token of the response, as if the text ended there (causal models)',
    decides: 'output',
  },
  { name: 'json', ...explained, doc: 'print the explanation as JSON', decides: 'output' },
  {
    name: 'report',
    value: '<file>',
    ...explained,
    doc: 'write an HTML page to this file',
    parse: fileName,
    decides: 'run',
  },
] as const satisfies readonly Flag[];
