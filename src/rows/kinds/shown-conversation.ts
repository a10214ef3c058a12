/** The conversation of a row as a person reads it: unchanged, without a template. */
import { preview } from '../describe-value.js';
import { isFailure } from '../failure.js';
import { readMessages } from './conversation.js';
import { candidateText, contextAndResponses } from './responses.js';
import type { NamedFields, Row } from './roles.js';

interface ShownMessage {
  /** null where the row states none: a prompt that is a text. */
  readonly author: string | null;
  readonly content: string;
}

export interface ShownConversation {
  /** What stands before the response. */
  readonly messages: readonly ShownMessage[];
  readonly response: string;
}

/**
 * @param index of the response, from 0
 * @returns undefined where the row has no such response
 */
export function shownConversation(row: Row, index: number, fields: NamedFields): ShownConversation | undefined {
  const { context, responses } = contextAndResponses(row, fields);
  if (index >= responses.length) return undefined;
  const part = candidateText(responses[index]);
  if (typeof part === 'string') return { messages: messagesOf(context), response: part };
  // Several messages stand in the place of a response: the last one is judged.
  const judged = messagesOf(Array.isArray(part) ? part : [part]);
  return {
    messages: [...messagesOf(context), ...judged.slice(0, -1)],
    response: judged.at(-1)?.content ?? '',
  };
}

function messagesOf(context: unknown): readonly ShownMessage[] {
  if (context === undefined || context === null || context === '') return [];
  const messages = readMessages(context, '', '');
  if (!isFailure(messages)) return messages.map(({ author, content }) => ({ author: author || null, content }));
  return [{ author: null, content: typeof context === 'string' ? context : preview(context) }];
}
