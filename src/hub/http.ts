/**
 * One request and its answer. Redirects are followed by hand: the token goes to the hub's own address and to no other,
 * and sometimes the headers of the redirect are wanted and not those of its target.
 */
import { runError } from '../errors.js';
import type { Timeout } from './environment.js';
import type { Timing } from './timing.js';
import type { Token } from './token.js';
import { TransferError, transferError } from './transfer-error.js';

const MAX_REDIRECTS = 20;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface HttpOptions {
  readonly endpoint: string;
  readonly token: Token | undefined;
  readonly timing: Timing;
  readonly signal: AbortSignal | undefined;
}

export interface RequestOptions {
  readonly timeout: Timeout;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the headers of a redirect say all that is needed, so that it need not be followed. */
  readonly isEnough?: (headers: Headers) => boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly host: string;
  /** Whether the answer comes from the hub itself, and not from a host that it redirected to. */
  readonly fromHub: boolean;
  /** The body, piece by piece. The caller reads it to its end, leaves it early, or discards it. */
  body(): AsyncGenerator<Uint8Array>;
  discard(): void;
}

export class Http {
  readonly #options: HttpOptions;
  readonly #hubOrigin: string;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#hubOrigin = new URL(options.endpoint).origin;
  }

  /** @throws TransferError where no answer comes; one of any status counts as an answer */
  async request(method: 'GET' | 'HEAD', address: string, options: RequestOptions): Promise<Answer> {
    let url = new URL(address);
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const answer = await this.#ask(method, url, options);
      const location = redirects.has(answer.status) ? answer.headers.get('location') : null;
      if (location === null || options.isEnough?.(answer.headers)) return answer;
      answer.discard();
      const target = URL.canParse(location, url.href) ? new URL(location, url.href) : undefined;
      if (target === undefined || !/^https?:$/.test(target.protocol)) {
        throw runError(`${url.host} redirects to what is no http or https address`);
      }
      url = target;
    }
    throw runError(`${url.host} redirects more than ${MAX_REDIRECTS} times`);
  }

  async #ask(method: string, url: URL, { timeout, headers }: RequestOptions): Promise<Answer> {
    const { token, timing, signal } = this.#options;
    const { host } = url;
    const fromHub = url.origin === this.#hubOrigin;
    signal?.throwIfAborted();
    const abort = new AbortController();
    const onAbort = (): void => abort.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort);
    const discard = (): void => {
      signal?.removeEventListener('abort', onAbort);
      abort.abort();
    };

    const inTime = async <T>(work: Promise<T>, unreachable: boolean): Promise<T> => {
      const silence = `${host} was silent for ${timeout.ms / 1000} s (${timeout.variable})`;
      const clear = timing.deadline(timeout.ms, () => abort.abort(new TransferError(silence, { unreachable })));
      try {
        return await work;
      } catch (error) {
        const reason: unknown = abort.signal.aborted ? abort.signal.reason : transferError(error, host);
        discard();
        throw reason;
      } finally {
        clear();
      }
    };

    const response = await inTime(
      fetch(url, {
        method,
        redirect: 'manual',
        signal: abort.signal,
        headers: {
          'user-agent': 'reward-score',
          // Sizes and ranges must refer to the file, and not to a compressed form of it.
          'accept-encoding': 'identity',
          ...headers,
          ...(token && fromHub && { authorization: `Bearer ${token.value}` }),
        },
      }),
      true,
    );

    async function* body(): AsyncGenerator<Uint8Array> {
      const reader = response.body?.getReader();
      try {
        while (reader !== undefined) {
          const { done, value } = await inTime(reader.read(), false);
          if (done) return;
          yield value;
        }
      } finally {
        discard();
      }
    }
    return { status: response.status, headers: response.headers, host, fromHub, body, discard };
  }
}
