/** The flags that only the commands of `model` have. They come before all headings in help. */
import type { Flag } from './flag.js';
import { fileName, wholeNumber } from './parsers.js';
import { head, precision, tokenizer } from './scoring.js';

export const modelCommandFlags = [
  {
    name: 'against',
    value: '<file>',
    doc: 'JSON Lines file of rows with rewards, to compare with',
    parse: fileName,
    required: true,
    commands: ['model check'],
    decides: 'output',
    compare: 'by content',
  },
  {
    name: 'tolerance',
    value: '<number>',
    doc: 'largest difference allowed, as a multiple of max(1, |reward|)',
    parse: (text: string): number => Number(text),
    default: 1e-4,
    commands: ['model check'],
    decides: 'output',
  },
  { name: 'json', doc: 'print JSON', commands: ['model info', 'model check', 'model list'], decides: 'output' },
  { ...precision, commands: ['model prepare'] },
  { ...tokenizer, commands: ['model prepare'] },
  { ...head, commands: ['model prepare', 'model info'] },
  {
    name: 'strict',
    doc: 'exit with 2 if the rewards of int8 are not close enough to those of fp32',
    commands: ['model prepare'],
    decides: 'run',
  },
  {
    name: 'days',
    value: '<number>',
    doc: 'remove models that were not used for this many days',
    parse: wholeNumber(0),
    default: 30,
    commands: ['model prune'],
    decides: 'run',
  },
  { name: 'all', doc: 'remove all prepared models', commands: ['model prune'], decides: 'run' },
] as const satisfies readonly Flag[];
