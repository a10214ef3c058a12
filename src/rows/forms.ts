/**
 * The forms a row may have, and the texts to score in each. A row is an object of fields, whatever format it came
 * in; this module knows nothing of bytes.
 */
import {
  type Conversation,
  kindOf,
  type Message,
  preview,
  readMessages,
  withoutResponse,
  withResponse,
} from './conversation.js';
import { failure, isFailure, type RowFailure } from './failure.js';
import type { Template } from './templates.js';

/** What a field is read for. */
export type Role = 'text' | 'prompt' | 'response' | 'messages' | 'candidates' | 'chosen' | 'rejected';

/** Rows of prompt and response joined that are enough to see that no white space stands between them. */
export const SEAMS_TO_JUDGE = 100;

/** Names by role, in the order they are looked for, where no flag names a field. */
const defaultNames: Readonly<Record<Role, readonly string[]>> = {
  text: ['text', 'input_text'],
  prompt: ['prompt', 'context'],
  response: ['response', 'completion'],
  messages: ['messages', 'context', 'turns', 'conversation', 'conversations'],
  candidates: ['candidates', 'responses', 'completions'],
  chosen: ['chosen'],
  rejected: ['rejected'],
};

/** The field that names who answers. */
const BOT_NAME = 'bot_name';

export const roles = Object.keys(defaultNames) as readonly Role[];

export const formNames = ['text', 'pair', 'candidates', 'response', 'messages'] as const;
export type Form = (typeof formNames)[number];

/** A text to score. */
export interface JudgedText {
  readonly text: string;
  /** What stands in it before the response; undefined where nothing says so, or it was not asked for. */
  readonly prompt?: string;
}

/** The texts of a row, in the order their rewards are written. A text that cannot be scored is a failure in its place. */
export interface ScorableRow {
  readonly form: Form;
  readonly texts: readonly (JudgedText | RowFailure)[];
  /** The template made the texts; they were not taken as they are, or joined. */
  readonly templated: boolean;
  /** Of prompt + response as strings: whether there is white space on either side of the seam. */
  readonly spacedSeam?: boolean;
}

/** Field names given by flags. */
export type NamedFields = Readonly<Partial<Record<Role, string>>>;

export interface FormSettings {
  readonly fields: NamedFields;
  readonly template: Template;
  /** A template was asked for: then a string prompt is a message of the user's. */
  readonly templateGiven: boolean;
  /** Prompts are asked for. */
  readonly prompts: boolean;
}

export type Row = Readonly<Record<string, unknown>>;

interface Field {
  readonly name: string;
  readonly value: unknown;
}

/** Reads a row in the first form that it has; the fields that flags name count first. */
export function readRow(row: Row, settings: FormSettings): ScorableRow | RowFailure {
  const found = findFields(row, settings.fields);
  const form = findForm(found, settings.fields)?.form;
  return form === undefined ? failure('BAD_ROW', missingFields(row, settings)) : form.read(found, row, settings);
}

/** The form that a row has, as far as its fields tell; undefined where it has none. */
export const formOfRow = (row: Row, fields: NamedFields): Form | undefined =>
  findForm(findFields(row, fields), fields)?.form.form;

/**
 * What is judged of each text of a row, without what stands before it; undefined in the place of what is no text. Empty
 * where the row has no form.
 */
export const judgedParts = (row: Row, fields: NamedFields): (string | undefined)[] =>
  contextAndResponses(row, fields).responses.map(judgedPart);

/** A text, or the last of messages. */
function judgedPart(item: unknown): string | undefined {
  const part = candidateText(item);
  if (typeof part === 'string') return part;
  const messages = readMessages(Array.isArray(part) ? part : [part], '');
  return isFailure(messages) ? undefined : messages.at(-1)?.content;
}

/** What a header says of its rows. */
export interface ColumnsForm {
  readonly form: Form;
  /** The columns that are read. */
  readonly columns: readonly string[];
  /** Those of them whose cells are, or may be, JSON. */
  readonly jsonColumns: readonly string[];
}

/** The form that rows with these columns have; undefined where there is none. */
export function formOfColumns(columns: readonly string[], fields: NamedFields): ColumnsForm | undefined {
  const row: Row = Object.fromEntries(columns.map((name) => [name, '']));
  // A context is a prompt if something answers it, else messages.
  for (const sample of columns.includes('context') ? [row, { ...row, context: [] }] : [row]) {
    const found = findFields(sample, fields);
    const match = findForm(found, fields);
    if (match === undefined) continue;
    const columnOf = (role: Role): string => (found.get(role) as Field).name;
    const context = match.roles.includes('prompt') || match.roles.includes('messages');
    return {
      form: match.form.form,
      columns: [...match.roles.map(columnOf), ...(context ? [BOT_NAME] : [])],
      jsonColumns: match.roles.filter((role) => holdsJson(role, columnOf(role), fields)).map(columnOf),
    };
  }
  return undefined;
}

/** A column called context may hold messages in one row and a prompt in the next, unless a flag says which. */
const holdsJson = (role: Role, name: string, fields: NamedFields): boolean =>
  role === 'messages' || role === 'candidates' || (role === 'prompt' && name === 'context' && !fields.prompt);

/** Names under which a role's field is looked for. */
const namesOf = (role: Role, fields: NamedFields): readonly string[] => {
  const named = fields[role];
  return named === undefined ? defaultNames[role] : [named];
};

type ReadForm = (fields: ReadonlyMap<Role, Field>, row: Row, settings: FormSettings) => ScorableRow | RowFailure;

/** The forms in the order they are looked for, each by the roles it must have. */
const forms: readonly {
  readonly form: Form;
  readonly needs: readonly (Role | 'context' | 'conversation')[];
  readonly read: ReadForm;
}[] = [
  { form: 'text', needs: ['text'], read: readText },
  { form: 'pair', needs: ['chosen', 'rejected'], read: readPair },
  { form: 'candidates', needs: ['context', 'candidates'], read: readCandidates },
  { form: 'response', needs: ['context', 'response'], read: readResponse },
  { form: 'messages', needs: ['conversation'], read: readConversation },
];

interface FormMatch {
  readonly form: (typeof forms)[number];
  /** The roles that it reads. */
  readonly roles: readonly Role[];
}

function findForm(found: ReadonlyMap<Role, Field>, fields: NamedFields): FormMatch | undefined {
  const context = contextRole(found, fields);
  const matches = forms.flatMap((form): FormMatch[] => {
    const roles = form.needs.map((need) => {
      if (need === 'context') return context;
      return need === 'conversation' ? conversationRole(found, fields) : need;
    });
    if (!roles.every((role) => role !== undefined && found.has(role))) return [];
    // A pair may do without a context.
    if (form.form === 'pair') roles.push(context);
    return [{ form, roles: roles.filter((role) => role !== undefined) }];
  });
  return matches.find(({ roles }) => roles.some((role) => fields[role] !== undefined)) ?? matches[0];
}

/** The context of a response is a prompt, or messages. */
const contextRole = (found: ReadonlyMap<Role, Field>, fields: NamedFields): Role | undefined =>
  preferNamed(
    (['prompt', 'messages'] as const).filter((role) => found.has(role)),
    fields,
  );

/** Messages that are judged by their last one; a prompt that is an array is such. */
const conversationRole = (found: ReadonlyMap<Role, Field>, fields: NamedFields): Role | undefined =>
  preferNamed(
    (['messages', 'prompt'] as const).filter((role) =>
      role === 'messages' ? found.has(role) : Array.isArray(found.get(role)?.value),
    ),
    fields,
  );

const preferNamed = (found: readonly Role[], fields: NamedFields): Role | undefined =>
  found.find((role) => fields[role] !== undefined) ?? found[0];

function readText(fields: ReadonlyMap<Role, Field>): ScorableRow | RowFailure {
  const { name, value } = fields.get('text') as Field;
  if (typeof value !== 'string') return failure('BAD_ROW', `expected ${name} to be a string, got ${kindOf(value)}`);
  const text = value === '' ? failure('EMPTY_TEXT', `${name} is empty`) : { text: value };
  return { form: 'text', texts: [text], templated: false };
}

function readPair(fields: ReadonlyMap<Role, Field>, row: Row, settings: FormSettings): ScorableRow | RowFailure {
  // Without a context, the two sides are whole texts, or whole conversations.
  const whole = contextRole(fields, settings.fields) === undefined;
  const context = whole ? joinText(undefined, [], settings) : readContext(fields, row, settings);
  if (isFailure(context)) return context;
  const sides = [fields.get('chosen'), fields.get('rejected')] as Field[];
  const texts = sides.map(({ name, value }) => context(value, name));
  const templated = whole ? sides.some(({ value }) => Array.isArray(value)) : isTemplated(fields, settings);
  return { form: 'pair', texts, templated };
}

function readCandidates(fields: ReadonlyMap<Role, Field>, row: Row, settings: FormSettings): ScorableRow | RowFailure {
  const { name, value } = fields.get('candidates') as Field;
  if (!Array.isArray(value)) return failure('BAD_ROW', `expected ${name} to be an array, got ${kindOf(value)}`);
  if (value.length === 0) return failure('EMPTY_TEXT', `${name} is empty`);
  const context = readContext(fields, row, settings);
  if (isFailure(context)) return context;
  const texts = value.map((item: unknown, index) => {
    const text = context(candidateText(item), `${name}[${index}]`);
    return isFailure(text) ? { ...text, index } : text;
  });
  return { form: 'candidates', texts, templated: isTemplated(fields, settings) };
}

/** A candidate is a string, messages, or an object with one of these. */
function candidateText(item: unknown): unknown {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
  const fields = item as Record<string, unknown>;
  return (
    ['text', 'content', 'response']
      .map((name) => fields[name])
      .find((value) => value !== undefined && value !== null) ?? item
  );
}

function readResponse(fields: ReadonlyMap<Role, Field>, row: Row, settings: FormSettings): ScorableRow | RowFailure {
  const { name, value } = fields.get('response') as Field;
  const context = readContext(fields, row, settings);
  if (isFailure(context)) return context;
  const text = context(value, name);
  const prompt = fields.get(contextRole(fields, settings.fields) as Role)?.value;
  if (typeof prompt !== 'string') return { form: 'messages', texts: [text], templated: true };
  const joined = typeof value === 'string' && !settings.templateGiven;
  return {
    form: 'response',
    texts: [text],
    templated: isTemplated(fields, settings),
    ...(joined && { spacedSeam: prompt === '' || /\s$/.test(prompt) || /^\s/.test(value) }),
  };
}

function readConversation(fields: ReadonlyMap<Role, Field>, _: Row, settings: FormSettings): ScorableRow | RowFailure {
  const { name, value } = fields.get(conversationRole(fields, settings.fields) as Role) as Field;
  const messages = readMessages(value, name);
  if (isFailure(messages)) return messages;
  const conversation = withoutResponse(messages, name);
  const text = isFailure(conversation) ? conversation : render(conversation, settings);
  return { form: 'messages', texts: [text], templated: true };
}

/** Whether what follows a context does so in the template: a string is joined, unless a template was asked for. */
const isTemplated = (fields: ReadonlyMap<Role, Field>, settings: FormSettings): boolean =>
  settings.templateGiven || typeof fields.get(contextRole(fields, settings.fields) as Role)?.value !== 'string';

/** Makes the text of a response (named in failures) after a context read once for the row. */
type JoinResponse = (response: unknown, name: string) => JudgedText | RowFailure;

function readContext(fields: ReadonlyMap<Role, Field>, row: Row, settings: FormSettings): JoinResponse | RowFailure {
  const { name, value } = fields.get(contextRole(fields, settings.fields) as Role) as Field;
  // CSV spells that there is none as an empty cell.
  const author = row[BOT_NAME];
  const bot = typeof author === 'string' && author !== '' ? author : undefined;
  if (typeof value === 'string') {
    const message = [{ author: 'user', content: value }];
    return settings.templateGiven ? joinMessages(message, settings, bot) : joinText(value, message, settings);
  }
  const messages = readMessages(value, name);
  return isFailure(messages) ? messages : joinMessages(messages, settings, bot);
}

/** Responses become messages after the context's. */
const joinMessages =
  (context: readonly Message[], settings: FormSettings, bot: string | undefined): JoinResponse =>
  (response, name) => {
    if (typeof response !== 'string' && !Array.isArray(response)) return notAText(response, name);
    const conversation = withResponse(context, response, name, bot);
    return isFailure(conversation) ? conversation : render(conversation, settings);
  };

/**
 * Responses stand after the prompt, where there is one, with nothing between; those in messages come after `context`, the
 * prompt as messages.
 */
function joinText(prompt: string | undefined, context: readonly Message[], settings: FormSettings): JoinResponse {
  const asMessages = joinMessages(context, settings, undefined);
  return (response, name) => {
    if (typeof response !== 'string') return asMessages(response, name);
    if (response === '') return failure('EMPTY_TEXT', `${name} is empty`);
    return prompt === undefined ? { text: response } : { text: prompt + response, prompt };
  };
}

function render(conversation: Conversation, { template, prompts }: FormSettings): JudgedText | RowFailure {
  const text = template.render(conversation);
  if (isFailure(text) || !prompts) return isFailure(text) ? text : { text };
  const prompt = template.promptOf(conversation, text);
  return isFailure(prompt) ? prompt : { text, prompt };
}

const notAText = (value: unknown, name: string): RowFailure =>
  failure('BAD_ROW', `expected ${name} to be a string or messages, got ${preview(value)}`);

function findFields(row: Row, fields: NamedFields): Map<Role, Field> {
  const found = new Map<Role, Field>();
  const hasMessages = !fields.messages && row.messages !== undefined && row.messages !== null;
  for (const role of roles) {
    for (const name of namesOf(role, fields)) {
      // An exact name wins over a path into objects, which only a flag can give.
      const value = Object.hasOwn(row, name) ? row[name] : fields[role] && reach(row, name);
      if (value === undefined || value === null) continue;
      // Unless a flag says which, `context` is a prompt when it is a string (beside `messages` it is neither), and
      // messages when it is not.
      const isPrompt = typeof value === 'string';
      if (name === 'context' && !fields[role] && (role === 'prompt' ? !isPrompt || hasMessages : isPrompt)) continue;
      found.set(role, { name, value });
      break;
    }
  }
  return found;
}

/** What is judged in a row, and after what, as they stand in it. */
export interface Judged {
  /** A prompt or messages; undefined where the texts are whole. */
  readonly context: unknown;
  /** One for each text. */
  readonly responses: readonly unknown[];
}

export function contextAndResponses(row: Row, fields: NamedFields): Judged {
  const found = findFields(row, fields);
  const role = contextRole(found, fields);
  const context = role === undefined ? undefined : found.get(role)?.value;
  const readAs = (name: Role): unknown => found.get(name)?.value;
  switch (findForm(found, fields)?.form.form) {
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

function reach(row: Row, path: string): unknown {
  let value: unknown = row;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

function missingFields(row: Row, { fields }: FormSettings): string {
  const named = Object.values(fields);
  const expected =
    named.length > 0
      ? `the fields named by flags (${named.join(', ')})`
      : 'text, messages, or prompt with response, candidates, or chosen and rejected';
  const names = Object.entries(row).map(([name, value]) => (value === null ? `${name} (null)` : name));
  return `expected ${expected}, got ${names.length === 0 ? 'no fields' : preview(names)}`;
}
