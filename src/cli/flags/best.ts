/** What `best` chooses, and what it writes of it. */
import type { Flag } from './flag.js';
import { fieldName, notNegative, wholeNumber } from './parsers.js';

/** What they have in common. */
const choice = { group: 'Choice', commands: ['best'], decides: 'output' } as const;

export const bestFlags = [
  {
    name: 'group',
    value: '<field>',
    ...choice,
    doc: 'consecutive rows with the same value there are candidates of one group',
    parse: fieldName,
  },
  {
    name: 'response-field',
    value: '<field>',
    ...choice,
    doc: "field of the winner's text, for rows with candidates",
    parse: fieldName,
    default: 'response',
  },
  {
    name: 'top',
    value: '<k>',
    ...choice,
    doc: 'a record for each of the k best, with its rank',
    parse: wholeNumber(1),
  },
  { name: 'rank', ...choice, doc: 'a record for each candidate, best first, with its rank' },
  { name: 'pairs', ...choice, doc: 'best against worst, as a pair to train on' },
  {
    name: 'min-gap',
    value: '<reward>',
    ...choice,
    doc: 'leave out pairs whose rewards are nearer',
    parse: notNegative,
  },
  {
    name: 'to',
    value: '<format>',
    ...choice,
    doc: 'output format (default: as the input; jsonl for --pairs)',
    choices: ['jsonl', 'csv', 'tsv'],
  },
] as const satisfies readonly Flag[];
