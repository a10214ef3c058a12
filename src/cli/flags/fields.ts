/** Which fields of a row hold what is scored. */
import type { Flag } from './flag.js';
import { fieldName } from './parsers.js';

/** What these flags have in common. */
const field = {
  value: '<field>',
  group: 'Field names',
  parse: fieldName,
  commands: ['score', 'best', 'eval', 'explain', 'compare', 'serve'],
  // These flags say which conversation a row holds, and not how a conversation is scored.
  decides: 'output',
} as const;

export const fieldFlags = [
  { name: 'text', doc: 'field that holds a text to score as it is', ...field },
  { name: 'prompt', doc: 'field that holds the prompt', ...field },
  { name: 'response', doc: 'field that holds the response', ...field },
  { name: 'messages', doc: 'field that holds messages', ...field },
  { name: 'candidates', doc: 'field that holds an array of responses', ...field },
  { name: 'chosen', doc: 'field that holds the preferred response', ...field },
  { name: 'rejected', doc: 'field that holds the rejected response', ...field },
] as const satisfies readonly Flag[];
