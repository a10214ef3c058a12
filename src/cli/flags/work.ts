/** How the work is done, which changes neither rewards nor output. */
import { MOST_TIMEOUT_S, MOST_WORKERS } from '../../scorer/request.js';
import type { Flag } from './flag.js';
import { wholeNumber } from './parsers.js';

const group = 'Workers and messages';
const scores = ['score', 'best', 'eval', 'explain', 'serve', 'model check'] as const;
const readsModels = [...scores, 'model pull', 'model prepare', 'model info'] as const;
const prints = [...readsModels, 'compare', 'summary', 'doctor'] as const;

export const workFlags = [
  {
    name: 'workers',
    short: 'j',
    value: '<number>',
    group,
    doc: 'number of worker threads; 0 means one for each core, as far as there is memory',
    parse: wholeNumber(0, MOST_WORKERS),
    default: 0,
    commands: scores,
    decides: 'run',
  },
  {
    name: 'worker-timeout',
    value: '<seconds>',
    group,
    doc: 'treat a worker that shows no sign of life for this long as crashed (default: 600)',
    parse: wholeNumber(1, MOST_TIMEOUT_S),
    commands: scores,
    decides: 'run',
  },
  { name: 'no-cache', group, doc: 'do not keep the prepared model on disk', commands: scores, decides: 'run' },
  { name: 'offline', group, doc: 'never use the network', commands: [...readsModels, 'doctor'], decides: 'run' },
  { name: 'quiet', short: 'q', group, doc: 'print errors only', commands: prints, decides: 'run' },
  { name: 'no-progress', group, doc: 'do not show progress', commands: readsModels, decides: 'run' },
  { name: 'debug', group, doc: 'print the stack trace of an error', commands: prints, decides: 'run' },
] as const satisfies readonly Flag[];
