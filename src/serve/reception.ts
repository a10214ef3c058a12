/** Takes requests' bodies in: as many bytes as there is room for, and no longer than a client may take. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { busy, ClientGone, Refusal } from './refusal.js';

export interface Limits {
  /** A longer body is refused. */
  readonly bodyBytes: number;
  /** Of the requests that are in hand together. One alone is always taken. */
  readonly queueBytes: number;
  /** For a client to send its body, and to take its answer. */
  readonly clientMs: number;
}

/** What a request takes beside its body. */
const REQUEST_BYTES = 1024;

export class Reception {
  readonly #limits: Limits;
  #held = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Of the requests in hand. */
  get heldBytes(): number {
    return this.#held;
  }

  /**
   * The body of a request. It takes its room until the answer is out, or the client gone.
   *
   * @throws Refusal 413, 429 or 408; ClientGone
   */
  async receive(request: IncomingMessage, response: ServerResponse): Promise<Buffer> {
    const { bodyBytes, queueBytes } = this.#limits;
    // A body in chunks may be as long as one can be.
    const declared = Number(request.headers['content-length'] ?? bodyBytes);
    if (declared > bodyBytes) throw this.#tooLarge();
    const held = { bytes: declared + REQUEST_BYTES };
    if (this.#held > 0 && this.#held + held.bytes > queueBytes) {
      throw busy(429, `expected at most ${queueBytes} bytes of requests in hand (--max-queue-bytes); try again`);
    }
    this.#held += held.bytes;
    response.once('close', () => {
      this.#held -= held.bytes;
      held.bytes = 0;
    });
    const body = await this.#read(request);
    if (held.bytes > 0) {
      this.#held -= declared - body.length;
      held.bytes -= declared - body.length;
    }
    return body;
  }

  #read(request: IncomingMessage): Promise<Buffer> {
    const { bodyBytes, clientMs } = this.#limits;
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const settle = (outcome: () => void) => (): void => {
        clearTimeout(timer);
        request.off('data', take).off('end', end).off('close', gone).off('error', gone);
        outcome();
      };
      const end = settle(() => resolve(Buffer.concat(chunks)));
      const gone = settle(() => reject(new ClientGone()));
      const tooLarge = settle(() => reject(this.#tooLarge()));
      const late = settle(() => reject(new Refusal(408, `expected the whole body within ${clientMs / 1000} s`)));
      const timer = setTimeout(late, clientMs);
      const take = (chunk: Buffer): void => {
        length += chunk.length;
        if (length > bodyBytes) tooLarge();
        else chunks.push(chunk);
      };
      request.on('data', take).on('end', end).on('close', gone).on('error', gone);
      if (request.destroyed) gone();
    });
  }

  #tooLarge(): Refusal {
    return new Refusal(
      413,
      `expected a body of at most ${this.#limits.bodyBytes} bytes (--max-body-bytes); send its rows in several`,
    );
  }
}
