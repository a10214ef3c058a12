/**
 * The texts to score in a row of each kind. A row is an object of fields; this module knows nothing of bytes.
 */

import { preview, typeInWords } from '../describe-value.js';
import { failure, isFailure, type RowFailure } from '../failure.js';
import type { Template } from '../templates.js';
import { type Conversation, type Message, readMessages, withoutResponse, withResponse } from './conversation.js';
import { findKind, type RowKind } from './kinds.js';
import { candidateText } from './responses.js';
import {
  BOT_NAME,
  contextRole,
  conversationRole,
  type Field,
  findFields,
  type NamedFields,
  type Role,
  type Row,
} from './roles.js';

/** So many joined rows of prompt and response suffice to see that there is no white space between them. */
export const BOUNDARIES_TO_CHECK = 100;

/** A text to score. */
export interface TextToScore {
  readonly text: string;
  /** The part before the response; undefined where it is not known, or was not requested. */
  readonly prompt?: string;
  readonly judged: Judged;
}

/** What a text's reward judges: the response, or the last message. */
export interface Judged {
  /** Where the row has it: `candidates[1]`, `messages`. */
  readonly field: string;
  /** The name that it is rendered with; undefined where the text says itself who speaks. */
  readonly author?: string;
  readonly content: string;
}

/**
 * The texts of a row, in the order in which their rewards are written. A text that cannot be scored is a failure in its
 * place.
 */
export interface ScorableRow {
  readonly kind: RowKind;
  readonly texts: readonly (TextToScore | RowFailure)[];
  /** Whether the template made the texts, and they were not used unchanged or joined. */
  readonly templated: boolean;
  /** For prompt + response as strings: whether there is white space on either side of the border between them. */
  readonly boundaryHasSpace?: boolean;
}

export interface TextSettings {
  readonly fields: NamedFields;
  readonly template: Template;
  /** Whether the user chose a template, in which case a string prompt is a message of the user. */
  readonly templateGiven: boolean;
  /** Whether prompts are requested; if they are needed, a text whose prompt cannot be rendered is a bad one. */
  readonly prompts: 'unused' | 'wanted' | 'needed';
}

/** Reads a row as the first kind that fits; fields that flags name have precedence. */
export function readRow(row: Row, settings: TextSettings): ScorableRow | RowFailure {
  const found = findFields(row, settings.fields);
  const kind = findKind(found, settings.fields)?.kind;
  return kind === undefined ? failure('BAD_ROW', missingFields(row, settings)) : readers[kind](found, row, settings);
}

type ReadKind = (fields: ReadonlyMap<Role, Field>, row: Row, settings: TextSettings) => ScorableRow | RowFailure;

const readers: Readonly<Record<RowKind, ReadKind>> = {
  text: readText,
  pair: readPair,
  candidates: readCandidates,
  response: readResponse,
  messages: readConversation,
};

function readText(fields: ReadonlyMap<Role, Field>): ScorableRow | RowFailure {
  const { name, value } = fields.get('text') as Field;
  if (typeof value !== 'string')
    return failure('BAD_ROW', `expected ${name} to be a string, got ${typeInWords(value)}`);
  const judged = { field: name, content: value };
  const text = value === '' ? failure('EMPTY_TEXT', `${name} is empty`) : { text: value, judged };
  return { kind: 'text', texts: [text], templated: false };
}

function readPair(fields: ReadonlyMap<Role, Field>, row: Row, settings: TextSettings): ScorableRow | RowFailure {
  // Without a context, the two sides are whole texts, or whole conversations.
  const whole = contextRole(fields, settings.fields) === undefined;
  const context = whole ? joinText(undefined, [], settings) : readContext(fields, row, settings);
  if (isFailure(context)) return context;
  const sides = [fields.get('chosen'), fields.get('rejected')] as Field[];
  const texts = sides.map(({ name, value }) => context(value, name));
  const templated = whole ? sides.some(({ value }) => Array.isArray(value)) : isTemplated(fields, settings);
  return { kind: 'pair', texts, templated };
}

function readCandidates(fields: ReadonlyMap<Role, Field>, row: Row, settings: TextSettings): ScorableRow | RowFailure {
  const { name, value } = fields.get('candidates') as Field;
  if (!Array.isArray(value)) return failure('BAD_ROW', `expected ${name} to be an array, got ${typeInWords(value)}`);
  if (value.length === 0) return failure('EMPTY_TEXT', `${name} is empty`);
  const context = readContext(fields, row, settings);
  if (isFailure(context)) return context;
  const texts = value.map((item: unknown, index) => {
    const text = context(candidateText(item), `${name}[${index}]`);
    return isFailure(text) ? { ...text, index } : text;
  });
  return { kind: 'candidates', texts, templated: isTemplated(fields, settings) };
}

function readResponse(fields: ReadonlyMap<Role, Field>, row: Row, settings: TextSettings): ScorableRow | RowFailure {
  const { name, value } = fields.get('response') as Field;
  const context = readContext(fields, row, settings);
  if (isFailure(context)) return context;
  const text = context(value, name);
  const prompt = fields.get(contextRole(fields, settings.fields) as Role)?.value;
  if (typeof prompt !== 'string') return { kind: 'messages', texts: [text], templated: true };
  const joined = typeof value === 'string' && !settings.templateGiven;
  return {
    kind: 'response',
    texts: [text],
    templated: isTemplated(fields, settings),
    ...(joined && { boundaryHasSpace: prompt === '' || /\s$/.test(prompt) || /^\s/.test(value) }),
  };
}

function readConversation(fields: ReadonlyMap<Role, Field>, _: Row, settings: TextSettings): ScorableRow | RowFailure {
  const { name, value } = fields.get(conversationRole(fields, settings.fields) as Role) as Field;
  const messages = readMessages(value, name);
  if (isFailure(messages)) return messages;
  const conversation = withoutResponse(messages, name);
  const text = isFailure(conversation) ? conversation : render(conversation, name, settings);
  return { kind: 'messages', texts: [text], templated: true };
}

/**
 * Whether the template joins context and response; a string prompt is concatenated, unless the user chose a template.
 */
const isTemplated = (fields: ReadonlyMap<Role, Field>, settings: TextSettings): boolean =>
  settings.templateGiven || typeof fields.get(contextRole(fields, settings.fields) as Role)?.value !== 'string';

/** Makes the text of a response (named in failures) after a context read once for the row. */
type JoinResponse = (response: unknown, name: string) => TextToScore | RowFailure;

function readContext(fields: ReadonlyMap<Role, Field>, row: Row, settings: TextSettings): JoinResponse | RowFailure {
  const { name, value } = fields.get(contextRole(fields, settings.fields) as Role) as Field;
  // An empty cell of CSV means that there is none.
  const author = row[BOT_NAME];
  const bot = typeof author === 'string' && author !== '' ? author : undefined;
  if (typeof value === 'string') {
    const message = [{ author: 'user', content: value }];
    return settings.templateGiven ? joinMessages(message, settings, bot) : joinText(value, message, settings);
  }
  const messages = readMessages(value, name);
  return isFailure(messages) ? messages : joinMessages(messages, settings, bot);
}

/** Adds responses as messages after those of the context. */
const joinMessages =
  (context: readonly Message[], settings: TextSettings, bot: string | undefined): JoinResponse =>
  (response, name) => {
    if (typeof response !== 'string' && !Array.isArray(response)) return notAText(response, name);
    const conversation = withResponse(context, response, name, bot);
    return isFailure(conversation) ? conversation : render(conversation, name, settings);
  };

/**
 * Appends responses to the prompt, where there is one, with nothing in between; those in messages come after `context`,
 * the prompt as messages.
 */
function joinText(prompt: string | undefined, context: readonly Message[], settings: TextSettings): JoinResponse {
  const asMessages = joinMessages(context, settings, undefined);
  return (response, name) => {
    if (typeof response !== 'string') return asMessages(response, name);
    if (response === '') return failure('EMPTY_TEXT', `${name} is empty`);
    const judged = { field: name, content: response };
    return prompt === undefined ? { text: response, judged } : { text: prompt + response, prompt, judged };
  };
}

/** @param field where the row has the last message */
function render(
  conversation: Conversation,
  field: string,
  { template, prompts }: TextSettings,
): TextToScore | RowFailure {
  const text = template.render(conversation);
  if (isFailure(text)) return text;
  const scorable = { text, judged: { field, ...(conversation.messages.at(-1) as Message) } };
  if (prompts === 'unused') return scorable;
  const prompt = template.promptOf(conversation, text);
  if (isFailure(prompt)) return prompts === 'needed' ? prompt : scorable;
  return { ...scorable, prompt };
}

const notAText = (value: unknown, name: string): RowFailure =>
  failure('BAD_ROW', `expected ${name} to be a string or messages, got ${preview(value)}`);

function missingFields(row: Row, { fields }: TextSettings): string {
  const named = Object.values(fields);
  const expected =
    named.length > 0
      ? `the fields named by flags (${named.join(', ')})`
      : 'text, messages, or prompt with response, candidates, or chosen and rejected';
  const names = Object.entries(row).map(([name, value]) => (value === null ? `${name} (null)` : name));
  return `expected ${expected}, got ${names.length === 0 ? 'no fields' : preview(names)}`;
}
