/** What becomes of rows that cannot be scored. */
import { errorActions, parseErrorLimit } from '../../run/error-policy.js';
import type { Comparable, Flag } from './flag.js';
import { fileName } from './parsers.js';

const group = 'Rows that cannot be scored';
const commands = ['score', 'best', 'eval'] as const;

export const badRowFlags = [
  {
    name: 'on-error',
    value: '<action>',
    group,
    doc: 'a bad row gets a null reward, is left out, or ends the run',
    choices: errorActions,
    default: 'null',
    commands,
    decides: 'output',
  },
  {
    name: 'max-errors',
    value: '<n|p%>',
    group,
    doc: 'give up at the n-th bad row, or when more than p % are bad',
    parse: parseErrorLimit,
    commands,
    // It ends a run, whose output up to there is the same: a run may go on with a higher limit.
    decides: 'run',
  },
  {
    name: 'errors',
    value: '<file>',
    group,
    doc: 'list bad rows there, as JSON lines, and not in the output',
    parse: fileName,
    commands,
    decides: 'output',
    // Reasons are in the output or they are not; which other file has them is no matter.
    compare: (): Comparable => true,
  },
  {
    name: 'exit-zero',
    group,
    doc: 'exit with 0 even if some rows are bad',
    commands,
    decides: 'run',
  },
] as const satisfies readonly Flag[];
