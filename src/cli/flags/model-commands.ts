/** The flags that the commands of `model` have of their own. They stand before all headings in help. */
import type { Flag } from './flag.js';
import { fileName, wholeNumber } from './parsers.js';
import { precision, tokenizer } from './scoring.js';

export const modelCommandFlags = [
  {
    name: 'against',
    value: '<file>',
    doc: 'JSON lines with rewards',
    parse: fileName,
    required: true,
    commands: ['model check'],
    decides: 'output',
    compare: 'by content',
  },
  {
    name: 'tolerance',
    value: '<number>',
    doc: 'difference allowed, times max(1, |reward|)',
    parse: (text: string): number => Number(text),
    default: 1e-4,
    commands: ['model check'],
    decides: 'output',
  },
  { name: 'json', doc: 'print JSON', commands: ['model info', 'model check', 'model list'], decides: 'output' },
  { ...precision, commands: ['model prepare'] },
  { ...tokenizer, commands: ['model prepare'] },
  {
    name: 'strict',
    doc: 'exit with 2 where int8 is not near enough to fp32',
    commands: ['model prepare'],
    decides: 'run',
  },
  {
    name: 'days',
    value: '<number>',
    doc: 'those not used for so many days',
    parse: wholeNumber(0),
    default: 30,
    commands: ['model prune'],
    decides: 'run',
  },
  { name: 'all', doc: 'every one', commands: ['model prune'], decides: 'run' },
] as const satisfies readonly Flag[];
