/** Where `serve` listens, to whom, and how much it takes. */
import { LARGEST_ROW_BYTES } from '../../rows/records.js';
import type { Flag } from './flag.js';
import { hostName, secret, wholeNumber } from './parsers.js';

const MIB = 2 ** 20;

/** What they have in common. */
const server = { group: 'Server', commands: ['serve'], decides: 'run' } as const;

export const serveFlags = [
  {
    name: 'host',
    value: '<address>',
    ...server,
    doc: 'where to listen; elsewhere than on this machine alone, --token is needed',
    parse: hostName,
    default: '127.0.0.1',
  },
  {
    name: 'port',
    value: '<number>',
    ...server,
    doc: 'where to listen; 0 for one that is free',
    parse: wholeNumber(0, 65_535),
    default: 8080,
  },
  {
    name: 'token',
    value: '<secret>',
    ...server,
    doc: 'what clients must show (Authorization: Bearer); others can see a flag: better use the variable',
    parse: secret,
  },
  {
    name: 'max-body-bytes',
    value: '<bytes>',
    ...server,
    doc: 'a longer request is refused (413)',
    parse: wholeNumber(1, LARGEST_ROW_BYTES),
    default: 16 * MIB,
  },
  {
    name: 'max-queue-bytes',
    value: '<bytes>',
    ...server,
    doc: 'requests in hand beyond these are refused (429)',
    parse: wholeNumber(1),
    default: 64 * MIB,
  },
  {
    name: 'client-timeout',
    value: '<seconds>',
    ...server,
    doc: 'for a client to send its request, and to take its answer',
    parse: wholeNumber(1, 86_400),
    default: 60,
  },
] as const satisfies readonly Flag[];
