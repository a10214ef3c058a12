/** Messages as rows carry them, under any of the usual field names, and the conversation that a template renders. */
import { preview, typeInWords } from '../describe-value.js';
import { failure, isFailure, type RowFailure } from '../failure.js';

export interface Message {
  /** The author that the row states (`user`, `Anna`, `system` …); for a chat template, the role of that name. */
  readonly author: string;
  readonly content: string;
  /** Other members of the message, as parsed JSON, for a Jinja template: tool_calls, function_call, and a content of null. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface Conversation {
  /** Never empty; the last one is scored. */
  readonly messages: readonly Message[];
  /** The row's tools, as parsed JSON, for a Jinja template: an array of objects. */
  readonly tools?: unknown;
}

export const authorFields = ['role', 'speaker', 'name', 'from'] as const;
export const contentFields = ['content', 'text', 'message', 'value'] as const;

/**
 * @param value an array of messages, or one as JSON in a string
 * @param unnamed the author of messages that state none; undefined: each must state one
 */
export function readMessages(value: unknown, field: string, unnamed?: string): Message[] | RowFailure {
  const list = typeof value === 'string' ? parsedList(value) : value;
  if (!Array.isArray(list))
    return failure('BAD_ROW', `expected ${field} to be an array of messages, got ${typeInWords(value)}`);
  const messages: Message[] = [];
  for (const [index, item] of list.entries()) {
    const message = readMessage(item, `${field}[${index}]`, unnamed);
    if (isFailure(message)) return message;
    messages.push(message);
  }
  return messages;
}

function parsedList(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function readMessage(item: unknown, place: string, unnamed: string | undefined): Message | RowFailure {
  const fields = typeof item === 'object' && item !== null ? (item as Record<string, unknown>) : {};
  const expected = (names: readonly string[]): RowFailure =>
    failure('BAD_ROW', `expected ${place} to have a string ${names.join(', ')} or so, got ${preview(item)}`);
  const authorField = firstOf(fields, authorFields);
  const author = authorField === undefined ? unnamed : fields[authorField];
  if (typeof author !== 'string') return expected(authorFields);
  const contentField = firstOf(fields, contentFields);
  // A call of a tool stands in the place of a text.
  if (contentField === undefined && !callsTool(fields)) return expected(contentFields);
  const content = contentField === undefined ? '' : readContent(fields[contentField], place);
  if (content === undefined) return expected(contentFields);
  if (isFailure(content)) return content;
  const others = Object.entries(fields).filter(([name]) => name !== authorField && name !== contentField);
  if (others.length === 0) return { author, content };
  return { author, content, fields: Object.fromEntries(others) };
}

/** Whether a message calls a tool, under the name of today or the older one. Many exports write an empty list for no calls. */
export const callsTool = ({ tool_calls: calls, function_call: call }: Message['fields'] = {}): boolean =>
  (Array.isArray(calls) ? calls.length > 0 : isGiven(calls)) || isGiven(call);

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

/** A text, or a list of parts of which each is one; undefined for anything else. */
function readContent(value: unknown, place: string): string | RowFailure | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const texts: string[] = [];
  for (const [index, part] of value.entries()) {
    const { type, text } = (part ?? {}) as { readonly type?: unknown; readonly text?: unknown };
    if (type !== 'text' || typeof text !== 'string') {
      return failure(
        'BAD_ROW',
        `expected part ${index} of the content of ${place} to be {"type":"text","text":…}, got ${preview(part)}`,
      );
    }
    texts.push(text);
  }
  return texts.join('\n');
}

/** The first of these fields that has a value. */
const firstOf = (fields: Readonly<Record<string, unknown>>, names: readonly string[]): string | undefined =>
  names.find((name) => Object.hasOwn(fields, name) && fields[name] !== undefined && fields[name] !== null);

/**
 * Appends messages of a response to those of a context: those after any that repeat the context's.
 *
 * @returns the messages that are added
 */
export function addedMessages(context: readonly Message[], response: readonly Message[]): readonly Message[] {
  let repeated = 0;
  while (repeated < context.length && sameMessage(context[repeated], response[repeated])) repeated++;
  return response.slice(repeated);
}

const sameMessage = (a: Message | undefined, b: Message | undefined): boolean =>
  a !== undefined && b !== undefined && a.author === b.author && a.content === b.content;
