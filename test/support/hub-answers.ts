/** What the hosts of a hub's double are asked, and how they answer. */
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';

export interface Request {
  readonly by: 'hub' | 'storage';
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

const digests = new WeakMap<Uint8Array, string>();

/** Of a file's content, which is never changed in place. */
export function sha256(content: string | Uint8Array): string {
  const known = typeof content === 'string' ? undefined : digests.get(content);
  const digest = known ?? createHash('sha256').update(content).digest('hex');
  if (typeof content !== 'string') digests.set(content, digest);
  return digest;
}

export const gitHash = (content: string | Uint8Array): string =>
  createHash('sha1')
    .update(`blob ${Buffer.byteLength(content)}\0`)
    .update(content)
    .digest('hex');

export type Refusal = readonly [status: number, code: string | undefined, message: string];

/** A refusal as the hub words it: a code and a message in the headers. */
export function refuse(response: ServerResponse, status: number, code?: string, message?: string): void {
  if (code !== undefined) response.setHeader('x-error-code', code);
  if (message !== undefined) response.setHeader('x-error-message', message);
  response.writeHead(status).end();
}

/** A file, or the part of it that is asked for. */
export function serve(method: string, content: Buffer, range: string | undefined, response: ServerResponse): void {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  const start = Number(from ?? 0);
  response.setHeader('accept-ranges', 'bytes');
  if (from !== undefined && start >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  const part = content.subarray(start, to ? Number(to) + 1 : undefined);
  if (from !== undefined) {
    response.setHeader('content-range', `bytes ${start}-${start + part.length - 1}/${content.length}`);
  }
  response.writeHead(from !== undefined ? 206 : 200, { 'content-length': part.length });
  response.end(method === 'HEAD' ? undefined : part);
}
