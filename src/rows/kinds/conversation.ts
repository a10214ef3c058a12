/** Messages as rows carry them, under any of the usual field names, and the conversation that a template renders. */
import { preview, typeInWords } from '../describe-value.js';
import { failure, isFailure, type RowFailure } from '../failure.js';

export interface Message {
  /** The author that the row states: `user`, `Anna`, `system` … */
  readonly author: string;
  readonly content: string;
  /** Other members of the message, as parsed JSON, for chat templates: `tool_calls`, `name` … */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface Conversation {
  /** Never empty; the last one is scored. */
  readonly messages: readonly Message[];
  /** Whether the last message is a response that the row has in another field than the messages before it. */
  readonly hasResponse: boolean;
  /** The row's tools, as parsed JSON, for chat templates: an array of objects. */
  readonly tools?: unknown;
}

export const authorFields = ['role', 'speaker', 'name', 'from'] as const;
export const contentFields = ['content', 'text', 'message', 'value'] as const;

export function readMessages(value: unknown, field: string): Message[] | RowFailure {
  if (!Array.isArray(value))
    return failure('BAD_ROW', `expected ${field} to be an array of messages, got ${typeInWords(value)}`);
  const messages: Message[] = [];
  for (const [index, item] of value.entries()) {
    const author = firstString(item, authorFields);
    const content = firstString(item, contentFields);
    if (author === undefined || content === undefined) {
      const missing = author === undefined ? authorFields : contentFields;
      return failure(
        'BAD_ROW',
        `expected ${field}[${index}] to have a string ${missing.join(', ')} or so, got ${preview(item)}`,
      );
    }
    messages.push({ author, content });
  }
  return messages;
}

/**
 * Appends a response to a context. A response in messages is the last of them, after any that repeat the context's.
 *
 * @param botName the author of a string response, where the row names one
 */
export function withResponse(
  context: readonly Message[],
  response: unknown,
  field: string,
  botName: string | undefined,
): Conversation | RowFailure {
  if (typeof response === 'string') {
    if (response === '') return failure('EMPTY_TEXT', `${field} is empty`);
    const author = botName ?? answeringAuthor(context);
    return { messages: [...context, { author, content: response }], hasResponse: true };
  }
  const messages = readMessages(response, field);
  if (isFailure(messages)) return messages;
  let repeated = 0;
  while (repeated < context.length && sameMessage(context[repeated], messages[repeated])) repeated++;
  const added = messages.slice(repeated);
  const last = added.at(-1);
  if (last === undefined || last.content === '') return failure('EMPTY_TEXT', `${field} has no message of its own`);
  return { messages: [...context, ...added], hasResponse: true };
}

export function withoutResponse(messages: readonly Message[], field: string): Conversation | RowFailure {
  const last = messages.at(-1);
  if (last === undefined) return failure('EMPTY_TEXT', `expected ${field} to hold a message, got none`);
  if (last.content === '') return failure('EMPTY_TEXT', `the last of ${field} is empty`);
  return { messages, hasResponse: false };
}

/** The author who answers: the last one other than the system and the author of the last message. */
function answeringAuthor(context: readonly Message[]): string {
  const asking = context.at(-1)?.author;
  return context.findLast(({ author }) => author !== 'system' && author !== asking)?.author ?? 'Bot';
}

const sameMessage = (a: Message | undefined, b: Message | undefined): boolean =>
  a !== undefined && b !== undefined && a.author === b.author && a.content === b.content;

function firstString(item: unknown, names: readonly string[]): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const fields = item as Record<string, unknown>;
  const value = names
    .map((name) => (Object.hasOwn(fields, name) ? fields[name] : undefined))
    .find((candidate) => candidate !== undefined && candidate !== null);
  return typeof value === 'string' ? value : undefined;
}
