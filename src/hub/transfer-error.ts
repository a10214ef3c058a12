/** A failure of the transfer that may succeed when it is tried again; every other failure is a FatalError. */
import { isTrue, type Variables } from './environment.js';

export class TransferError extends Error {
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | undefined;
  /** Whether no answer came at all: there is no network or no such host, or a firewall or proxy is in between. */
  readonly unreachable: boolean;

  constructor(
    message: string,
    options: ErrorOptions & { retryAfterMs?: number | undefined; unreachable?: boolean } = {},
  ) {
    super(message, options);
    this.name = 'TransferError';
    this.retryAfterMs = options.retryAfterMs;
    this.unreachable = options.unreachable ?? false;
  }
}

const connectCodes = new Set([
  'EACCES',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPERM',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Wraps what fetch, or reading from its body, threw. fetch says `fetch failed`, and gives the reason in the cause. */
export function transferError(thrown: unknown, host: string): TransferError {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = code ?? message;
  if (code !== undefined && /CERT|SIGNATURE|SELF_SIGNED|ERR_SSL|ERR_TLS/.test(code)) {
    return new TransferError(`${host} has a certificate that is not trusted (${why}; see NODE_EXTRA_CA_CERTS)`, {
      cause: thrown,
      unreachable: true,
    });
  }
  if (code !== undefined && connectCodes.has(code)) {
    return new TransferError(`${host} cannot be reached (${why})`, { cause: thrown, unreachable: true });
  }
  return new TransferError(`the connection to ${host} broke (${why})`, { cause: thrown });
}

/** For users behind a proxy, who find that Python reaches the hub and Node.js does not. */
export function proxyHint(variables: Variables): string {
  const name = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].find((variable) => variables[variable]);
  if (name === undefined || isTrue(variables.NODE_USE_ENV_PROXY)) return '';
  return `; Node.js uses ${name} only from 22.21 and 24 on, with NODE_USE_ENV_PROXY=1`;
}
