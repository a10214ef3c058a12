/** How a long run is divided, interrupted, resumed and reported. */
import { parseShard, type Shard } from '../../run/shards.js';
import type { Comparable, Flag } from './flag.js';
import { writesNoRows } from './input-output.js';
import { fileName } from './parsers.js';

/** What the flags about an output have in common. */
const ofOutput = {
  group: 'Long runs',
  commands: ['score', 'best'],
  refusedBy: writesNoRows,
} as const;

export const longRunFlags = [
  {
    name: 'resume',
    ...ofOutput,
    doc: 'continue an interrupted run to the same output file',
    excludes: ['overwrite'],
    decides: 'run',
  },
  {
    name: 'overwrite',
    ...ofOutput,
    doc: 'discard what an unfinished run to the same output file left',
    decides: 'run',
  },
  {
    name: 'shard',
    value: '<i/n>',
    ...ofOutput,
    doc: 'score only the i-th of n shares of the input; merge joins their outputs',
    parse: parseShard,
    excludes: ['limit'],
    decides: 'output',
    compare: ({ index, of }: Shard): Comparable => `${index}/${of}`,
  },
  {
    name: 'stream',
    ...ofOutput,
    doc: 'score and write rows as they arrive',
    excludes: ['resume', 'shard'],
    // Windows depend on when rows arrive, and the neighbours of a row decide the last digits of its reward.
    decides: 'output',
  },
  {
    name: 'dry-run',
    ...ofOutput,
    doc: 'count rows, their forms and tokens, and estimate the time, but score nothing',
    // There is no output to compare.
    decides: 'run',
  },
  {
    name: 'summary',
    value: '<file>',
    group: 'Long runs',
    doc: 'write a JSON summary of the run to this file',
    parse: fileName,
    commands: ['score', 'best', 'eval'],
    decides: 'run',
  },
  {
    name: 'strict',
    group: 'Long runs',
    doc: 'end with an error where there would be a notice, before any row is scored; where it is about a row, that row is bad',
    commands: ['score', 'best', 'eval', 'explain', 'serve'],
    decides: 'run',
  },
] as const satisfies readonly Flag[];
