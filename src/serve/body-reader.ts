/** Reads requests' bodies: as many bytes and rows as there is room for, within the time that a client may take. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { optionName } from '../option-name.js';
import { busy, ClientGone, Refusal } from './refusal.js';

export interface BodyLimits {
  /** A longer body is refused. */
  readonly bodyBytes: number;
  /** Bytes that the requests in hand may take together. One alone is always accepted, if its rows fit. */
  readonly queueBytes: number;
  /** How long a client may take to send its body, and to read its answer. */
  readonly clientMs: number;
}

/** Bytes that a request takes beside its body. */
const REQUEST_BYTES = 1024;

/**
 * Bytes that a row takes beside its own, for its record in the answer. A row of one byte may be answered with a hundred
 * and more, so the bytes of a body alone would not bound memory.
 */
const ROW_BYTES = 256;

/** A request's body, with the room that it takes until the answer is sent or the client is gone. */
export interface ReceivedBody {
  readonly bytes: Buffer;
  /**
   * Takes room for a row's record in the answer. To be called for each row as it is found, before it is processed.
   *
   * @throws Refusal 413 where a request may not have so many rows, 429 where other requests take the room
   */
  takeRow(): void;
}

export class BodyReader {
  readonly #limits: BodyLimits;
  readonly #maxRows: number;
  #held = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
    this.#maxRows = Math.max(1, Math.floor(limits.queueBytes / ROW_BYTES));
  }

  /** Bytes that the requests in hand take: their bodies, and room for their answers. */
  get heldBytes(): number {
    return this.#held;
  }

  /**
   * Reads the body of a request.
   *
   * @throws Refusal 413, 429 or 408; ClientGone
   */
  async read(request: IncomingMessage, response: ServerResponse): Promise<ReceivedBody> {
    const { bodyBytes } = this.#limits;
    // A body in chunks has no declared length, so that it may have the greatest.
    const declared = Number(request.headers['content-length'] ?? bodyBytes);
    if (declared > bodyBytes) throw this.#tooLarge();
    let held = 0; // Bytes that this request holds.
    let isOver = false;
    const take = (more: number): void => {
      if (isOver) return;
      if (this.#held > held && this.#held + more > this.#limits.queueBytes) throw this.#busy();
      held += more;
      this.#held += more;
    };
    take(declared + REQUEST_BYTES);
    response.once('close', () => {
      this.#held -= held;
      isOver = true;
    });
    const bytes = await this.#receive(request);
    take(bytes.length - declared);
    let rows = 0;
    const takeRow = (): void => {
      if (++rows > this.#maxRows) throw this.#tooManyRows();
      take(ROW_BYTES);
    };
    return { bytes, takeRow };
  }

  #receive(request: IncomingMessage): Promise<Buffer> {
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

  #busy(): Refusal {
    const { queueBytes } = this.#limits;
    return busy(
      429,
      `expected at most ${queueBytes} bytes of requests in hand (${optionName('maxQueueBytes')}); try again`,
    );
  }

  #tooLarge(): Refusal {
    return new Refusal(
      413,
      `expected a body of at most ${this.#limits.bodyBytes} bytes (${optionName('maxBodyBytes')}); send its rows in several`,
    );
  }

  #tooManyRows(): Refusal {
    return new Refusal(
      413,
      `expected at most ${this.#maxRows} rows in a request (${ROW_BYTES} bytes of ${optionName('maxQueueBytes')} for each), got more; ` +
        'send them in several',
    );
  }
}
