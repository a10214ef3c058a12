/** Whether candidates answer one prompt: what of a row stands before its response. */
import { isFailure } from '../rows/failure.js';
import { jsonText } from '../rows/json-text.js';
import { readMessages } from '../rows/kinds/conversation.js';
import { contextAndResponses } from '../rows/kinds/responses.js';
import type { NamedFields, Row } from '../rows/kinds/roles.js';

/** A text that is the same for equal prompts: of messages, who wrote what, and not what else they carry. */
export function promptKey(row: Row, fields: NamedFields): string {
  const { context } = contextAndResponses(row, fields);
  if (typeof context === 'string') return JSON.stringify(context);
  const messages = Array.isArray(context) ? readMessages(context, '') : undefined;
  if (messages === undefined || isFailure(messages)) return jsonText(context ?? null);
  return JSON.stringify(messages.map(({ author, content }) => [author, content]));
}
