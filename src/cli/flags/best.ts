/** What `best` chooses, and what it writes. */
import type { Flag } from './flag.js';
import { fieldName, notNegative, wholeNumber } from './parsers.js';

/** What these flags have in common. */
const choice = { group: 'Selection', commands: ['best'], decides: 'output' } as const;

export const bestFlags = [
  {
    name: 'group',
    value: '<field>',
    ...choice,
    doc: 'field that groups rows: consecutive rows with the same value are candidates of one group',
    parse: fieldName,
  },
  { name: 'gather', ...choice, doc: 'hold all rows in memory, so that rows of a group need not follow one another' },
  {
    name: 'response-field',
    value: '<field>',
    ...choice,
    doc: "field to write the winner's text to, for rows with candidates",
    parse: fieldName,
    default: 'response',
  },
  {
    name: 'top',
    value: '<k>',
    ...choice,
    doc: 'write the k best candidates of each group, each with its rank',
    parse: wholeNumber(1),
    excludes: ['rank', 'pairs'],
  },
  { name: 'rank', ...choice, doc: 'write all candidates, best first, each with its rank', excludes: ['pairs'] },
  {
    name: 'pairs',
    ...choice,
    doc: 'write the best and the worst candidate as a pair to train on',
  },
  {
    name: 'min-gap',
    value: '<reward>',
    ...choice,
    doc: 'leave out pairs whose rewards differ by less than this',
    parse: notNegative,
  },
  {
    name: 'to',
    value: '<format>',
    ...choice,
    doc: 'output format (default: from the name of -o, which may end in .parquet, else as the input; jsonl with --pairs and for Parquet)',
    choices: ['jsonl', 'csv', 'tsv'],
  },
] as const satisfies readonly Flag[];
