/** From a request's texts to rows, in the texts' own bytes. */
import type { Span } from '../../rows/json-scanner.js';
import { Lines } from '../lines.js';
import { Refusal } from '../refusal.js';
import type { ServedModel } from '../served-model.js';
import type { RequestBody } from './request-body.js';

/** The rows of a request, in order. */
export class Rows {
  readonly #request: RequestBody;
  /** What stands before a text in a row: flags may have named the fields. */
  readonly #before: Readonly<Record<'messages' | 'prompt' | 'response', Buffer>>;
  readonly #rows: Buffer[] = [];

  constructor(request: RequestBody, { fields }: Pick<ServedModel, 'fields'>) {
    this.#request = request;
    const [messages, prompt, response] = (['messages', 'prompt', 'response'] as const).map((role) =>
      JSON.stringify(fields[role] ?? role),
    );
    this.#before = {
      messages: Buffer.from(`{${messages}:`),
      prompt: Buffer.from(`{${prompt}:`),
      response: Buffer.from(`,${response}:`),
    };
  }

  /** A text that is scored as it is. */
  addText(text: Span): void {
    this.#request.takeRow();
    this.#rows.push(this.#request.take(text));
  }

  /** A conversation. */
  addMessages(messages: Span): void {
    this.#request.takeRow();
    this.#rows.push(Buffer.concat([this.#before.messages, this.#request.take(messages), afterRow]));
  }

  /** A prompt, or query, and the text that answers it. */
  addPair(prompt: Span, response: Span): void {
    this.#request.takeRow(prompt.end - prompt.start);
    const [first, second] = [this.#request.take(prompt), this.#request.take(response)];
    this.#rows.push(Buffer.concat([this.#before.prompt, first, this.#before.response, second, afterRow]));
  }

  get lines(): Buffer {
    const lines = new Lines(this.#rows.reduce((sum, row) => sum + row.length + 1, 0));
    for (const row of this.#rows) lines.add(row);
    return lines.bytes;
  }
}

const afterRow = Buffer.from('}');

/**
 * The texts of a member that is one text or an array of them.
 *
 * @throws Refusal 400 where it is neither
 */
export function* textsOf(request: RequestBody, name: string): Generator<Span, void, undefined> {
  const span = request.span(name);
  const kind = span && request.kind(span);
  if (span === undefined || (kind !== 'a string' && kind !== 'an array')) {
    throw request.refusal(name, 'a text or an array of texts');
  }
  if (kind === 'a string') {
    yield span;
    return;
  }
  let index = 0;
  for (const element of request.elements(span)) {
    yield stringAt(request, element, `${name}[${index}]`);
    index++;
  }
}

/** @throws Refusal 400 where the value is no string */
export function stringAt(request: RequestBody, span: Span, place: string): Span {
  const kind = request.kind(span);
  if (kind === 'a string') return span;
  const hint = kind === 'a number' || kind === 'an array' ? '; texts are read here, and no token ids' : '';
  throw new Refusal(400, `expected ${place} to be a string, got ${kind}${hint}`);
}

/** @throws Refusal 400 where there is no row */
export function someRows(count: number, name: string): void {
  if (count === 0) throw new Refusal(400, `expected ${name} to have a text at least, got none`);
}
