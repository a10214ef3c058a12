/** Which rewards `compare` compares, what it lists, and how it, `summary` and `doctor` print. */
import type { Comparable, Flag } from './flag.js';
import { fileName, rewardFields, wholeNumber } from './parsers.js';

/** What these flags have in common. */
const compared = { group: 'Comparison', commands: ['compare'], decides: 'output' } as const;

export const compareFlags = [
  {
    name: 'fields',
    value: '<a,b>',
    ...compared,
    doc: 'fields of the rewards of A and of B; two of them may be in one file (default: reward in both)',
    parse: rewardFields,
    compare: (given: readonly string[]): Comparable => given.join(','),
  },
  {
    name: 'disagreements',
    value: '<number>',
    ...compared,
    doc: 'how many rows to list that B ranks higher than A does, and how many that it ranks lower',
    parse: wholeNumber(0, 1000),
    default: 5,
  },
  {
    name: 'report',
    value: '<file>',
    doc: 'write an HTML page to this file',
    parse: fileName,
    commands: ['compare'],
    decides: 'run',
  },
  { name: 'json', doc: 'print JSON', commands: ['compare', 'summary', 'doctor'], decides: 'output' },
] as const satisfies readonly Flag[];
