/** What happens to rows that cannot be scored. */
import { resolve } from 'node:path';
import { errorActions, parseErrorLimit } from '../../run/error-policy.js';
import type { Comparable, Flag } from './flag.js';
import { fileName } from './parsers.js';

const group = 'Bad rows';
const commands = ['score', 'best', 'eval'] as const;

export const badRowFlags = [
  {
    name: 'on-error',
    value: '<action>',
    group,
    doc: 'what to do with a row that cannot be scored: give it a null reward, leave it out, or end the run',
    choices: errorActions,
    default: 'null',
    commands,
    decides: 'output',
  },
  {
    name: 'max-errors',
    value: '<n|p%>',
    group,
    doc: 'end the run at the n-th bad row, or when more than p % of the rows are bad',
    parse: parseErrorLimit,
    commands,
    // It ends a run, whose output up to there is the same: a run may be resumed with a higher limit.
    decides: 'run',
  },
  {
    name: 'errors',
    value: '<file>',
    group,
    doc: 'list bad rows in this file, as JSON lines, and leave the reasons out of the output',
    parse: fileName,
    commands,
    decides: 'output',
    // Two lists of one name in two places are two lists.
    compare: (path: string): Comparable => resolve(path),
  },
  {
    name: 'exit-zero',
    group,
    doc: 'exit with 0 even if some rows are bad',
    commands,
    decides: 'run',
  },
] as const satisfies readonly Flag[];
