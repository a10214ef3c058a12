/** What `eval` evaluates, and what comes of it. */
import type { Threshold } from '../../evaluation/thresholds.js';
import type { Comparable, Flag } from './flag.js';
import { fieldName, fileName, labels, thresholds, wholeNumber } from './parsers.js';

/** What they have in common. */
const evaluated = { group: 'What is evaluated', commands: ['eval'], decides: 'output' } as const;
const outcome = { group: 'What comes of it', commands: ['eval'] } as const;

const thresholdsAsText = (given: readonly Threshold[]): Comparable =>
  given.map(({ metric, bound }) => `${metric}=${bound}`).join(', ');

export const evalFlags = [
  {
    name: 'label-field',
    value: '<field>',
    ...evaluated,
    doc: 'field of the labels (default: label or labels, where there)',
    parse: fieldName,
  },
  {
    name: 'positive',
    value: '<label>',
    ...evaluated,
    doc: 'label that counts as 1, all others as 0; can be given again',
    parse: labels,
    compare: (given: readonly string[]): Comparable => JSON.stringify(given),
  },
  {
    name: 'group',
    value: '<field>',
    ...evaluated,
    doc: 'rows with the same value are candidates of one group',
    parse: fieldName,
  },
  {
    name: 'by',
    value: '<field>',
    ...evaluated,
    doc: 'also evaluate the rows of each value apart',
    parse: fieldName,
  },
  {
    name: 'baseline',
    value: '<file>',
    ...evaluated,
    doc: 'the same rows scored by another model, to be compared with',
    parse: fileName,
    compare: 'by content',
  },
  {
    name: 'id',
    value: '<field>',
    ...evaluated,
    doc: 'field that tells which row of the baseline is which (default: their order)',
    parse: fieldName,
  },
  {
    name: 'bootstrap',
    value: '<number>',
    ...evaluated,
    doc: 'resamples that intervals are made of',
    parse: wholeNumber(100, 1_000_000),
    default: 2000,
  },
  {
    name: 'seed',
    value: '<number>',
    ...evaluated,
    doc: 'where the resamples begin',
    parse: wholeNumber(0, 2 ** 31 - 1),
    default: 0,
  },
  { name: 'json', ...outcome, doc: 'print JSON', decides: 'output' },
  { name: 'report', value: '<file>', ...outcome, doc: 'write an HTML page', parse: fileName, decides: 'run' },
  {
    name: 'junit',
    value: '<file>',
    ...outcome,
    doc: 'write JUnit XML, a test case for each threshold',
    parse: fileName,
    decides: 'run',
  },
  {
    name: 'fail-under',
    value: '<name=number>',
    ...outcome,
    doc: 'exit with 4 if the metric is less; can be given again',
    parse: thresholds('under'),
    decides: 'output',
    compare: thresholdsAsText,
  },
  {
    name: 'fail-over',
    value: '<name=number>',
    ...outcome,
    doc: 'exit with 4 if the metric is more; can be given again',
    parse: thresholds('over'),
    decides: 'output',
    compare: thresholdsAsText,
  },
  {
    name: 'fail-on-interval',
    ...outcome,
    doc: "compare the worse end of the metric's interval",
    decides: 'output',
  },
] as const satisfies readonly Flag[];
