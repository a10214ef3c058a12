/** Reads requests' bodies: as many bytes and rows as there is room for, within the time that a client may take. */

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { messageOf } from '../errors.js';
import { optionName } from '../option-name.js';
import { busy, ClientGone, Refusal } from './refusal.js';

export interface BodyLimits {
  /** A longer body is refused, be it as it came or decompressed. */
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
   * @param copiedBytes of the body that the row has once more, as each pair of a query has the query. Default: 0
   * @throws Refusal 413 where a request may not have so many rows, `busyStatus` where other requests take the room
   */
  takeRow(copiedBytes?: number): void;
}

const gunzipped = promisify(gunzip);

/**
 * How a body is encoded.
 *
 * @throws Refusal 415 for an encoding that is not read
 */
export function encodingOf({ 'content-encoding': encoding = 'identity' }: IncomingHttpHeaders): 'identity' | 'gzip' {
  const name = encoding.trim().toLowerCase();
  if (name === 'identity') return name;
  if (name === 'gzip' || name === 'x-gzip') return 'gzip';
  throw new Refusal(415, `expected Content-Encoding gzip or none, got ${encoding}`);
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
   * Reads the body of a request, and decompresses it where it is gzip.
   *
   * @param busyStatus what a request is refused with for which there is no room now
   * @throws Refusal 400 for damaged gzip, 413, `busyStatus` or 408; ClientGone
   */
  async read(request: IncomingMessage, response: ServerResponse, busyStatus: 429 | 503): Promise<ReceivedBody> {
    const { bodyBytes, queueBytes } = this.#limits;
    // A body in chunks has no declared length, so that it may have the greatest.
    const declared = Number(request.headers['content-length'] ?? bodyBytes);
    if (declared > bodyBytes) throw this.#tooLarge();
    let held = 0; // Bytes that this request holds.
    let isOver = false;
    const take = (more: number): void => {
      if (isOver) return;
      if (this.#held > held && this.#held + more > queueBytes) throw this.#busy(busyStatus);
      held += more;
      this.#held += more;
    };
    take(declared + REQUEST_BYTES);
    response.once('close', () => {
      this.#held -= held;
      isOver = true;
    });
    const received = await this.#receive(request);
    take(received.length - declared);
    let bytes = received;
    if (encodingOf(request.headers) === 'gzip') {
      // How long it will be is not known, so that it may have the greatest length; both are there meanwhile.
      take(bodyBytes);
      bytes = await this.#decompress(received);
      take(bytes.length - bodyBytes - received.length);
    }
    let rows = 0;
    let copied = 0;
    const takeRow = (copiedBytes = 0): void => {
      copied += copiedBytes;
      if (++rows > this.#maxRows) throw this.#tooManyRows();
      if (copied > queueBytes) throw this.#tooMuchCopied();
      take(ROW_BYTES + copiedBytes);
    };
    return { bytes, takeRow };
  }

  async #decompress(bytes: Buffer): Promise<Buffer> {
    try {
      return await gunzipped(bytes, { maxOutputLength: this.#limits.bodyBytes });
    } catch (error) {
      if (error instanceof RangeError) throw this.#tooLarge();
      throw new Refusal(400, `expected a body of gzip, as Content-Encoding says: ${messageOf(error)}`);
    }
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

  #busy(status: 429 | 503): Refusal {
    const { queueBytes } = this.#limits;
    return busy(
      status,
      `expected at most ${queueBytes} bytes of requests in hand (${optionName('maxQueueBytes')}); try again`,
    );
  }

  #tooLarge(): Refusal {
    return new Refusal(
      413,
      `expected a body of at most ${this.#limits.bodyBytes} bytes (${optionName('maxBodyBytes')}); send its rows in several`,
    );
  }

  #tooMuchCopied(): Refusal {
    return new Refusal(
      413,
      `expected pairs of at most ${this.#limits.queueBytes} bytes (${optionName('maxQueueBytes')}), where each has the query ` +
        'once more, got more; send them in several requests',
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
