/** How a long run is divided, interrupted and gone on with, and what is known of it. */
import { parseShard, type Shard } from '../../run/shards.js';
import type { Comparable, Flag } from './flag.js';
import { writesNoRows } from './input-output.js';
import { fileName } from './parsers.js';

/** What those of them have in common that are about an output. */
const ofOutput = {
  group: 'Long runs',
  commands: ['score', 'best'],
  refusedBy: writesNoRows,
} as const;

export const longRunFlags = [
  {
    name: 'resume',
    ...ofOutput,
    doc: 'go on where an interrupted run to the same file stopped',
    decides: 'run',
  },
  {
    name: 'overwrite',
    ...ofOutput,
    doc: 'throw away what an unfinished run to the same file left',
    decides: 'run',
  },
  {
    name: 'shard',
    value: '<i/n>',
    ...ofOutput,
    doc: 'score the i-th of n shares; merge joins their outputs',
    parse: parseShard,
    decides: 'output',
    compare: ({ index, of }: Shard): Comparable => `${index}/${of}`,
  },
  {
    name: 'stream',
    ...ofOutput,
    doc: 'answer rows as they arrive',
    // Windows are cut by the time that rows arrive, and the neighbours of a row decide its last digits.
    decides: 'output',
  },
  {
    name: 'dry-run',
    ...ofOutput,
    doc: 'count rows and tokens and estimate the time; score nothing',
    // There is no output to compare.
    decides: 'run',
  },
  {
    name: 'summary',
    value: '<file>',
    group: 'Long runs',
    doc: 'write a JSON account of the run',
    parse: fileName,
    commands: ['score', 'best', 'eval'],
    decides: 'run',
  },
  {
    name: 'strict',
    group: 'Long runs',
    doc: 'end before the start on what would be a warning',
    commands: ['score', 'best', 'eval', 'serve'],
    decides: 'run',
  },
] as const satisfies readonly Flag[];
