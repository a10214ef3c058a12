/** How the work is done, which changes neither rewards nor output. */
import type { Flag } from './flag.js';
import { wholeNumber } from './parsers.js';

const group = 'How the work is done';
const scores = ['score', 'best', 'eval', 'serve', 'model check'] as const;
const readsModels = [...scores, 'model pull', 'model prepare', 'model info'] as const;

/** Threads beyond this are a slip of the finger, and Node ends without a word when memory for them runs out. */
const MOST_WORKERS = 256;

/** A timer of Node's takes no more milliseconds than an int32 holds. */
const MOST_TIMEOUT_S = 1_000_000;

export const workFlags = [
  {
    name: 'workers',
    short: 'j',
    value: '<number>',
    group,
    doc: 'worker threads; 0 for one a core',
    parse: wholeNumber(0, MOST_WORKERS),
    default: 0,
    commands: scores,
    decides: 'run',
  },
  {
    name: 'worker-timeout',
    value: '<seconds>',
    group,
    doc: 'a worker that shows no sign of life for so long is dead (default: 600)',
    parse: wholeNumber(1, MOST_TIMEOUT_S),
    commands: scores,
    decides: 'run',
  },
  { name: 'no-cache', group, doc: 'keep no prepared model on disk', commands: scores, decides: 'run' },
  { name: 'offline', group, doc: 'never reach the network', commands: readsModels, decides: 'run' },
  { name: 'quiet', short: 'q', group, doc: 'say nothing but errors', commands: readsModels, decides: 'run' },
  { name: 'no-progress', group, doc: 'show no progress', commands: readsModels, decides: 'run' },
  { name: 'debug', group, doc: 'show where an error came from', commands: readsModels, decides: 'run' },
] as const satisfies readonly Flag[];
