/** Which clients are served: all on this machine, or those that have the token. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { Refusal } from './refusal.js';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether an address or name can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  return family === 0 ? host.toLowerCase() === 'localhost' : loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * @param token undefined where none is required
 * @throws Refusal 401 without the token; 403 where a browser was led here under another site's name (DNS rebinding)
 */
export function checkAccess({ authorization = '', host = '' }: IncomingHttpHeaders, token: string | undefined): void {
  if (token === undefined) {
    const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    if (isLoopback(name)) return;
    throw new Refusal(403, `expected a Host header of this machine's own (127.0.0.1, localhost), got ${name}`);
  }
  if (isSame(givenToken(authorization), token)) return;
  throw new Refusal(401, 'expected Authorization: Bearer TOKEN', {
    headers: { 'WWW-Authenticate': 'Bearer realm="reward-score"' },
  });
}

/** A client that takes nothing but a URL gives the token as password: http://any:TOKEN@host. */
function givenToken(authorization: string): string {
  const [, scheme = '', credentials = ''] = /^(\S+) +(\S+)$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() !== 'basic') return scheme.toLowerCase() === 'bearer' ? credentials : '';
  return Buffer.from(credentials, 'base64')
    .toString('utf8')
    .replace(/^[^:]*:/, '');
}

/** Compares in a time that reveals neither how much of the token is right nor its length. */
const isSame = (given: string, token: string): boolean => timingSafeEqual(digest(given), digest(token));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
