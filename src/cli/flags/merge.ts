/** The flags of `merge`. They are few: help has no headings between them. */
import type { Flag } from './flag.js';
import { compressionByName } from './input-output.js';
import { fileName } from './parsers.js';

const commands = ['merge'] as const;

export const mergeFlags = [
  {
    name: 'output',
    short: 'o',
    value: '<file>',
    doc: 'where to write; - is standard output',
    parse: fileName,
    required: true,
    commands,
    decides: 'output',
    compare: compressionByName,
  },
  {
    name: 'overwrite',
    doc: 'throw away what an unfinished merge to the same file left',
    commands,
    decides: 'run',
  },
  { name: 'strict', doc: 'refuse shards of different machines or versions', commands, decides: 'run' },
  { name: 'quiet', short: 'q', doc: 'say nothing but errors', commands, decides: 'run' },
  { name: 'debug', doc: 'show where an error came from', commands, decides: 'run' },
] as const satisfies readonly Flag[];
