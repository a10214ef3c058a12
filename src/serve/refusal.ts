/** What is wrong with a request. It is thrown where it is found, and answered in the form that the route's clients read. */
export class Refusal extends Error {
  readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 413 | 415 | 422 | 429 | 503;
  /** Headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** Members of the error, beside its message. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    status: Refusal['status'],
    message: string,
    {
      headers = {},
      details = {},
    }: { readonly headers?: Refusal['headers']; readonly details?: Refusal['details'] } = {},
  ) {
    super(message);
    this.status = status;
    this.headers = headers;
    this.details = details;
  }
}

/** The form of an error where no other server's clients ask. */
export const plainError = ({ message, details }: Refusal): object => ({ error: { message, ...details } });

const RETRY_AFTER_S = 1;

/** The same request may succeed in a moment. */
export const busy = (status: 429 | 503, message: string): Refusal =>
  new Refusal(status, message, { headers: { 'Retry-After': String(RETRY_AFTER_S) } });

/** The client no longer waits for the answer. */
export class ClientGone extends Error {
  override readonly message = 'the client went away';
}
