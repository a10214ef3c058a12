/** What is read, and what is written where. */

import { inputFormats, outputFormats } from '../../rows/formats/format.js';
import { DEFAULT_MAX_ROW_BYTES, LARGEST_ROW_BYTES } from '../../rows/records.js';
import { containerOfName } from '../../run/containers.js';
import type { Comparable, Flag } from './flag.js';
import { fileName, separator, wholeNumber } from './parsers.js';

const group = 'Input and output';
const readsRows = ['score', 'best', 'eval'] as const;
export const writesNoRows = { eval: 'it writes no rows' } as const;

/** Two files of other names hold the same bytes, unless one of them is compressed. */
export const compressionByName = (path: string): Comparable => containerOfName(path)?.name ?? null;

export const inputOutputFlags = [
  {
    name: 'output',
    short: 'o',
    value: '<file>',
    group,
    doc: 'where to write; - is standard output',
    parse: fileName,
    default: '-',
    commands: ['score', 'best'],
    refusedBy: writesNoRows,
    decides: 'output',
    compare: compressionByName,
  },
  {
    name: 'from',
    value: '<format>',
    group,
    doc: "input format (default: by the file's name, else jsonl)",
    choices: inputFormats,
    commands: readsRows,
    decides: 'output',
  },
  {
    name: 'to',
    value: '<format>',
    group,
    doc: 'output format (default: as the input, jsonl for text)',
    choices: outputFormats,
    commands: ['score'],
    refusedBy: writesNoRows,
    decides: 'output',
  },
  {
    name: 'delimiter',
    value: '<character>',
    group,
    doc: 'CSV separator (default: a comma, for tsv a tab)',
    parse: separator,
    commands: readsRows,
    decides: 'output',
  },
  {
    name: 'limit',
    value: '<rows>',
    group,
    doc: 'read only the first rows',
    parse: wholeNumber(1),
    commands: readsRows,
    // The rows of a smaller limit are the first ones of a larger limit: a run may go on with another one.
    decides: 'run',
  },
  {
    name: 'max-row-bytes',
    value: '<bytes>',
    group,
    doc: 'a longer row is a bad one',
    parse: wholeNumber(1, LARGEST_ROW_BYTES),
    default: DEFAULT_MAX_ROW_BYTES,
    commands: readsRows,
    decides: 'output',
  },
  {
    name: 'details',
    group,
    doc: 'also write how many tokens a text has, and how many were cut',
    // A group has one record, and the details of one of its rows would say nothing of the others.
    commands: ['score', 'serve'],
    refusedBy: writesNoRows,
    decides: 'output',
  },
] as const satisfies readonly Flag[];
