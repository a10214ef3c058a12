/** The responses of a row, unchanged and without templates, for choosing, measuring or showing them. */

import { isFailure } from '../failure.js';
import { readMessages } from './conversation.js';
import { findKind } from './kinds.js';
import { contextRole, conversationRole, findFields, type NamedFields, type Role, type Row } from './roles.js';

export interface ContextAndResponses {
  /** A prompt or messages before the responses; undefined where the texts are whole. */
  readonly context: unknown;
  /** One for each text. */
  readonly responses: readonly unknown[];
}

export function contextAndResponses(row: Row, fields: NamedFields): ContextAndResponses {
  const found = findFields(row, fields);
  const role = contextRole(found, fields);
  const context = role === undefined ? undefined : found.get(role)?.value;
  const readAs = (name: Role): unknown => found.get(name)?.value;
  switch (findKind(found, fields)?.kind) {
    case 'text':
      return { context: undefined, responses: [readAs('text')] };
    case 'candidates':
      return { context, responses: listOf(readAs('candidates')).map(candidateText) };
    case 'response':
      return { context, responses: [readAs('response')] };
    case 'pair':
      return { context, responses: [readAs('chosen'), readAs('rejected')] };
    case 'messages': {
      const messages = listOf(readAs(conversationRole(found, fields) as Role));
      return { context: messages.slice(0, -1), responses: messages.slice(-1) };
    }
    default:
      return { context: undefined, responses: [] };
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/**
 * The text of each response of a row, without its context; undefined in the place of one that is not a text. The list
 * is empty where the row has nothing to score.
 */
export const responseTexts = (row: Row, fields: NamedFields): (string | undefined)[] =>
  contextAndResponses(row, fields).responses.map(responseText);

/** A text, or the content of the last of several messages. */
function responseText(item: unknown): string | undefined {
  const part = candidateText(item);
  if (typeof part === 'string') return part;
  const messages = readMessages(Array.isArray(part) ? part : [part], '');
  return isFailure(messages) ? undefined : messages.at(-1)?.content;
}

/** A candidate is a string, messages, or an object with one of these. */
export function candidateText(item: unknown): unknown {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
  const fields = item as Record<string, unknown>;
  return (
    ['text', 'content', 'response']
      .map((name) => fields[name])
      .find((value) => value !== undefined && value !== null) ?? item
  );
}
