/** Explains the hub's answers of failure. */
import { FatalError, runError, usageError } from '../errors.js';
import type { Answer } from './http.js';
import { type HubId, pageOf } from './id.js';
import type { Token } from './token.js';
import { TransferError } from './transfer-error.js';

/** The hub has the repository and knows no such revision, so that what is cached under that name is not used. */
export class NoSuchRevision extends FatalError {
  constructor(message: string) {
    super('usage', message);
  }
}

export interface Asked {
  readonly id: HubId;
  /** The file, where one was asked for. */
  readonly file?: string;
  readonly endpoint: string;
  readonly token: Token | undefined;
}

export function refusal(answer: Answer, { id, file, endpoint, token }: Asked): FatalError | TransferError {
  const { status, headers, host } = answer;
  const code = headers.get('x-error-code');
  const page = `${endpoint}/${pageOf(id)}`;
  const what = `${host} answered ${status}`;

  // A storage host's addresses expire: the next request to the hub gets a new one.
  const byStorage = file !== undefined && !answer.fromHub && code === null;
  if (status === 408 || status === 429 || status >= 500 || byStorage) {
    return new TransferError(what, { retryAfterMs: retryAfterMs(headers) });
  }
  if (code === 'RevisionNotFound') return new NoSuchRevision(`${id.text}: ${page} has no revision ${id.revision}`);
  if (code === 'EntryNotFound') return runError(`${id.text}: ${page} lists ${file} and does not have it`);
  if (code === 'GatedRepo') {
    return usageError(
      token === undefined
        ? `${id.text}: access is restricted: accept the licence at ${page}, and set HF_TOKEN to an access token of yours`
        : `${id.text}: the access token from ${token.source} may not read it: accept the licence at ${page} with its account`,
    );
  }
  if (status === 401 && token !== undefined && code !== 'RepoNotFound') {
    return usageError(`${id.text}: ${host} does not accept the access token from ${token.source}`);
  }
  // Without a token the hub answers 401 for private models and for missing ones alike.
  if (status === 401 || status === 404 || code === 'RepoNotFound') {
    const hidden =
      token === undefined
        ? 'if it is private, set HF_TOKEN to an access token that may read it'
        : `or the access token from ${token.source} may not read it`;
    const found = id.kind === 'model' ? `neither a directory of that name nor ${page}` : `no data set ${page}`;
    return usageError(`${id.text}: found ${found}; ${hidden}`);
  }
  if (status === 403) {
    const reason =
      token === undefined ? 'set HF_TOKEN to an access token' : `the token from ${token.source} lacks the right`;
    return usageError(`${id.text}: ${host} forbids it (403): ${serverMessage(headers, token) ?? reason}`);
  }
  return runError(
    `${id.text}: ${what}${file === undefined ? '' : ` for ${file}`}: ${serverMessage(headers, token) ?? 'no reason given'}`,
  );
}

/** One line of the server's message, if it is text, with the token removed. */
function serverMessage(headers: Headers, token: Token | undefined): string | undefined {
  const words = headers
    .get('x-error-message')
    ?.replace(/[^\x20-\x7e]+/g, ' ')
    .slice(0, 200);
  return (token ? words?.replaceAll(token.value, '***') : words) || undefined;
}

/**
 * Reads `Retry-After`, in seconds or as a date; else the hub's own header: `"api";r=0;t=55` is 0 requests left for 55
 * s.
 */
function retryAfterMs(headers: Headers): number | undefined {
  const text = headers.get('retry-after')?.trim() ?? /;r=0;t=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1];
  if (text === undefined) return undefined;
  const ms = /^\d+$/.test(text) ? 1000 * Number(text) : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
