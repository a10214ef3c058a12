/** The flags of `merge`. They are few, so that help has no headings between them. */
import type { Flag } from './flag.js';
import { compressionByName } from './input-output.js';
import { fileName } from './parsers.js';

const commands = ['merge'] as const;

export const mergeFlags = [
  {
    name: 'output',
    short: 'o',
    value: '<file>',
    doc: 'file to write to; - is standard output',
    parse: fileName,
    required: true,
    commands,
    decides: 'output',
    compare: compressionByName,
  },
  {
    name: 'overwrite',
    doc: 'discard what an unfinished merge to the same file left',
    commands,
    decides: 'run',
  },
  {
    name: 'strict',
    doc: 'refuse shards from different kinds of processors or versions of onnxruntime',
    commands,
    decides: 'run',
  },
  { name: 'quiet', short: 'q', doc: 'print errors only', commands, decides: 'run' },
  { name: 'debug', doc: 'print the stack trace of an error', commands, decides: 'run' },
] as const satisfies readonly Flag[];
