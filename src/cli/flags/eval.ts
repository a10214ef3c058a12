/** What `eval` evaluates, and how its results are used. */
import { suiteNames } from '../../evaluation/suites/names.js';
import { ALL_METRICS, type Threshold, thresholdAsGiven } from '../../evaluation/thresholds.js';
import type { Comparable, Flag } from './flag.js';
import { fieldName, fileName, labels, regressions, rewardFields, thresholds, wholeNumber } from './parsers.js';

/** What these flags have in common. */
const evaluated = { group: 'Evaluation', commands: ['eval'], decides: 'output' } as const;
const outcome = { group: 'Results and thresholds', commands: ['eval'] } as const;

const thresholdsAsText = (given: readonly Threshold[]): Comparable => given.map(thresholdAsGiven).join(', ');

export const evalFlags = [
  {
    name: 'label-field',
    value: '<field>',
    ...evaluated,
    doc: 'field that holds the labels (default: label or labels, whichever the rows have)',
    parse: fieldName,
  },
  {
    name: 'fields',
    value: '<a,b>',
    ...evaluated,
    doc: "fields of pairs' rewards, those of the chosen texts and of the rejected ones (default: reward_chosen, reward_rejected)",
    parse: rewardFields,
    compare: (given: readonly string[]): Comparable => given.join(','),
  },
  {
    name: 'suite',
    value: '<name>',
    ...evaluated,
    doc: "read the rows as those of a published suite, and print that suite's own table",
    choices: suiteNames,
  },
  {
    name: 'positive',
    value: '<label>',
    ...evaluated,
    doc: 'label that counts as 1, while all others count as 0; can be repeated',
    parse: labels,
    compare: (given: readonly string[]): Comparable => JSON.stringify(given),
  },
  {
    name: 'group',
    value: '<field>',
    ...evaluated,
    commands: ['eval', 'compare'],
    doc: 'field that groups rows: rows with the same value are candidates of one group',
    parse: fieldName,
  },
  {
    name: 'cluster',
    value: '<field>',
    ...evaluated,
    doc: 'field of what a resample draws whole, as a user or a document (default: the group, else the row)',
    parse: fieldName,
  },
  {
    name: 'by',
    value: '<field>',
    ...evaluated,
    doc: 'also evaluate the rows with each value of this field separately',
    parse: fieldName,
  },
  {
    name: 'baseline',
    value: '<file>',
    ...evaluated,
    doc: 'file with the same rows scored by another model, to compare with',
    parse: fileName,
    compare: 'by content',
  },
  {
    name: 'id',
    value: '<field>',
    ...evaluated,
    commands: ['eval', 'compare'],
    doc: 'field by which rows are matched with those of the other file (default: their order)',
    parse: fieldName,
  },
  {
    name: 'bootstrap',
    value: '<number>',
    ...evaluated,
    commands: ['eval', 'compare'],
    doc: 'number of bootstrap resamples for the intervals',
    parse: wholeNumber(100, 1_000_000),
    default: 2000,
  },
  {
    name: 'seed',
    value: '<number>',
    ...evaluated,
    commands: ['eval', 'compare'],
    doc: 'seed of the resamples',
    parse: wholeNumber(0, 2 ** 31 - 1),
    default: 0,
  },
  { name: 'json', ...outcome, doc: 'print the results as JSON', decides: 'output' },
  {
    name: 'report',
    value: '<file>',
    ...outcome,
    doc: 'write an HTML report to this file',
    parse: fileName,
    decides: 'run',
  },
  {
    name: 'junit',
    value: '<file>',
    ...outcome,
    doc: 'write JUnit XML to this file, with a test case for each threshold',
    parse: fileName,
    decides: 'run',
  },
  {
    name: 'fail-under',
    value: '<name=number>',
    ...outcome,
    doc: 'exit with 4 if the metric is below the number, of all rows or of a slice (auc[source=web]=0.7); can be repeated',
    parse: thresholds('under'),
    decides: 'output',
    compare: thresholdsAsText,
  },
  {
    name: 'fail-over',
    value: '<name=number>',
    ...outcome,
    doc: 'exit with 4 if the metric is above the number, of all rows or of a slice; can be repeated',
    parse: thresholds('over'),
    decides: 'output',
    compare: thresholdsAsText,
  },
  {
    name: 'fail-on-interval',
    ...outcome,
    doc: "compare thresholds with the worse end of the metric's interval, not with its value",
    decides: 'output',
  },
  {
    name: 'fail-on-regression',
    value: '[metric]',
    ...outcome,
    doc: "exit with 4 if the metric is worse than the baseline's, and the interval of the difference says so too; without a name: if any is; can be repeated",
    parse: regressions,
    preset: ALL_METRICS,
    decides: 'output',
    compare: (given: readonly string[]): Comparable => given.join(', '),
  },
] as const satisfies readonly Flag[];
