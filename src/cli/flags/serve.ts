/** Where `serve` listens, which clients it serves, and how much it accepts. */
import { LARGEST_ROW_BYTES } from '../../rows/records.js';
import type { Flag } from './flag.js';
import { hostName, secret, wholeNumber } from './parsers.js';

const MIB = 2 ** 20;

/** What these flags have in common. */
const server = { group: 'Server', commands: ['serve'], decides: 'run' } as const;

export const serveFlags = [
  {
    name: 'host',
    value: '<address>',
    ...server,
    doc: 'address to listen on; --token is required if other machines can reach it',
    parse: hostName,
    default: '127.0.0.1',
  },
  {
    name: 'port',
    value: '<number>',
    ...server,
    doc: 'port to listen on; 0 picks a free one',
    parse: wholeNumber(0, 65_535),
    default: 8080,
  },
  {
    name: 'token',
    value: '<secret>',
    ...server,
    doc: 'secret that clients must send (Authorization: Bearer); other users can see a flag, so prefer the variable',
    parse: secret,
  },
  {
    name: 'max-body-bytes',
    value: '<bytes>',
    ...server,
    doc: 'refuse longer requests (413)',
    parse: wholeNumber(1, LARGEST_ROW_BYTES),
    default: 16 * MIB,
  },
  {
    name: 'max-queue-bytes',
    value: '<bytes>',
    ...server,
    doc: 'refuse requests while those in hand take more than this (429; 503 for clients of other servers)',
    parse: wholeNumber(1),
    default: 64 * MIB,
  },
  {
    name: 'client-timeout',
    value: '<seconds>',
    ...server,
    doc: 'time that a client has to send its request, and to take its answer',
    parse: wholeNumber(1, 86_400),
    default: 60,
  },
] as const satisfies readonly Flag[];
