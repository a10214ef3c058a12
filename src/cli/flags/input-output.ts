/** What is read, and where results are written. */

import { inputFormats, outputFormats } from '../../rows/formats/format.js';
import { DEFAULT_MAX_ROW_BYTES, LARGEST_ROW_BYTES } from '../../rows/records.js';
import { containerOfName } from '../../run/containers.js';
import type { Comparable, Flag } from './flag.js';
import { fieldNames, fileName, number, percent, separator, wholeNumber } from './parsers.js';

const group = 'Input and output';
const readsRows = ['score', 'best', 'eval', 'explain', 'compare'] as const;
export const writesNoRows = { eval: 'it writes no rows' } as const;

/** Two files with different names hold the same bytes, unless one of them is compressed. */
export const compressionByName = (path: string): Comparable => containerOfName(path)?.name ?? null;

export const inputOutputFlags = [
  {
    name: 'output',
    short: 'o',
    value: '<file>',
    group,
    doc: 'file to write to; - is standard output',
    parse: fileName,
    default: '-',
    commands: ['score', 'best'],
    refusedBy: writesNoRows,
    decides: 'output',
    compare: compressionByName,
  },
  {
    name: 'output-dir',
    value: '<dir>',
    group,
    doc: 'write a scored file for each input into this folder',
    parse: fileName,
    commands: ['score', 'best'],
    refusedBy: writesNoRows,
    // Each output is compared with the run that wrote it.
    decides: 'run',
  },
  {
    name: 'from',
    value: '<format>',
    group,
    doc: "input format (default: from the file's name, of Parquet also from its content, else jsonl)",
    choices: inputFormats,
    commands: readsRows,
    decides: 'output',
  },
  {
    name: 'to',
    value: '<format>',
    group,
    doc: 'output format (default: from the name of -o, else as the input; jsonl for text and json, and for Parquet on standard output)',
    choices: outputFormats,
    commands: ['score'],
    refusedBy: writesNoRows,
    decides: 'output',
  },
  {
    name: 'delimiter',
    value: '<character>',
    group,
    doc: 'CSV separator (default: a comma; for tsv a tab)',
    parse: separator,
    commands: readsRows,
    decides: 'output',
  },
  // What these two choose are files, which a run file names one by one.
  {
    name: 'subset',
    value: '<name>',
    group,
    doc: 'subset of hf://datasets/ORG/NAME (default: default)',
    commands: readsRows,
    decides: 'run',
  },
  {
    name: 'split',
    value: '<name>',
    group,
    doc: 'split of hf://datasets/ORG/NAME (default: train)',
    commands: readsRows,
    decides: 'run',
  },
  {
    name: 'quote',
    value: '<style>',
    group,
    doc:
      'whether cells of CSV and TSV input may stand in quotes, as in RFC 4180, or quotes are characters like others; CSV that is written of TSV, or TSV of CSV, ' +
      'has quotes where it needs them in any case, and that of other input where this allows them',
    choices: ['rfc4180', 'none'],
    default: 'rfc4180',
    commands: readsRows,
    decides: 'output',
  },
  {
    name: 'limit',
    value: '<rows>',
    group,
    doc: 'read only this many rows from the beginning',
    parse: wholeNumber(1),
    commands: ['score', 'best', 'eval'],
    // The rows of a smaller limit are the first rows of a larger limit, so that a run may be resumed with another one.
    decides: 'run',
  },
  {
    name: 'max-row-bytes',
    value: '<bytes>',
    group,
    doc: 'treat a longer row as a bad row',
    parse: wholeNumber(1, LARGEST_ROW_BYTES),
    default: DEFAULT_MAX_ROW_BYTES,
    commands: readsRows,
    decides: 'output',
  },
  {
    name: 'keep',
    value: '<fields>',
    group,
    doc: 'write only these fields of a row (a,b,c), in this order, and the reward; with it, JSON lines can become CSV',
    parse: fieldNames,
    commands: ['score', 'best'],
    refusedBy: writesNoRows,
    decides: 'output',
    compare: (names: readonly string[]): Comparable => names.join(','),
  },
  {
    name: 'min-reward',
    value: '<x>',
    group,
    doc: 'write only rows whose reward is at least this (of several, the best)',
    parse: number,
    excludes: ['top-percent'],
    commands: ['score'],
    refusedBy: writesNoRows,
    decides: 'output',
  },
  {
    name: 'top-percent',
    value: '<p>',
    group,
    doc: 'write only the best p percent of the rows, in their order; ties are kept',
    parse: percent,
    commands: ['score'],
    refusedBy: writesNoRows,
    decides: 'output',
  },
  {
    name: 'report',
    value: '<file>',
    group,
    doc: 'write an HTML page on the run and its rewards to this file; it reads the output (-o FILE) once more',
    parse: fileName,
    commands: ['score'],
    decides: 'run',
  },
  {
    name: 'details',
    group,
    doc: 'also write how many tokens each text has, how many were cut off, and how many stand before the response',
    // A group has one record, and the details of one of its rows would say nothing about the others.
    commands: ['score', 'serve'],
    refusedBy: writesNoRows,
    decides: 'output',
  },
] as const satisfies readonly Flag[];
