/** Which field of a row has which role: by flags, else by its usual names. */

/** The role of a field. */
export type Role = 'text' | 'prompt' | 'response' | 'messages' | 'candidates' | 'chosen' | 'rejected';

/** Names by role, in the order of the search, where no flag names a field. */
export const defaultNames: Readonly<Record<Role, readonly string[]>> = {
  text: ['text', 'input_text'],
  prompt: ['prompt', 'context'],
  response: ['response', 'completion'],
  messages: ['messages', 'context', 'turns', 'conversation', 'conversations'],
  candidates: ['candidates', 'responses', 'completions'],
  chosen: ['chosen'],
  rejected: ['rejected'],
};

/** Names of a prompt where a row has neither a prompt nor messages, and of the response to it. */
const otherNames: Readonly<Partial<Record<Role, readonly string[]>>> = {
  prompt: ['question', 'instruction', 'query'],
  response: ['answer', 'output', 'document'],
};

/** The two texts of a row that has no other names for them. */
const FIRST_TEXT = 'text';
export const SECOND_TEXT = 'text_pair';

/** Names of a response that only makes sense to networks which read two texts. */
export const secondTexts: readonly string[] = ['document', SECOND_TEXT];

/** What belongs to an `instruction`: it follows after a blank line. */
export const INSTRUCTION = { name: 'instruction', more: 'input' };

/** Roles that answer a prompt. */
const answers = ['response', 'candidates', 'chosen', 'rejected'] as const satisfies readonly Role[];

/** The field that names the author of the response. */
export const BOT_NAME = 'bot_name';

/** Every name that a field may be read by where no flag names it. */
export const namesThatAreRead = [
  ...Object.values({ ...defaultNames }),
  ...Object.values(otherNames),
  [SECOND_TEXT, INSTRUCTION.more, BOT_NAME],
].flat();

export const roles = Object.keys(defaultNames) as readonly Role[];

/** Field names given by flags. */
export type NamedFields = Readonly<Partial<Record<Role, string>>>;

export type Row = Readonly<Record<string, unknown>>;

/** Marks a row that was a bare text in its file, without fields that a flag could name. */
const BARE = Symbol('a bare text');

/** A bare text as a row. */
export const bareText = (text: string, field: string): Row => ({ [field]: text, [BARE]: true });

export const isBareText = (row: Row): boolean => BARE in row;

export interface Field {
  readonly name: string;
  readonly value: unknown;
  /** Other fields that fit as well, so that a flag has to say which. */
  readonly rivals?: readonly string[];
  /** Of an `instruction`: an `input` that cannot follow it, as one of the two is no string. */
  readonly unjoined?: unknown;
}

export function findFields(row: Row, fields: NamedFields): Map<Role, Field> {
  const found = new Map<Role, Field>();
  const hasMessages = !fields.messages && row.messages !== undefined && row.messages !== null;
  for (const role of roles) {
    for (const name of namesOf(role, fields)) {
      // Only a flag can give a path into objects.
      const value = fields[role] === undefined ? own(row, name) : reachField(row, name);
      if (value === undefined || value === null) continue;
      // Unless a flag says which, `context` is a prompt when it is a string (beside `messages` it is neither), and
      // messages when it is not.
      const isPrompt = typeof value === 'string';
      if (name === 'context' && !fields[role] && (role === 'prompt' ? !isPrompt || hasMessages : isPrompt)) continue;
      found.set(role, { name, value });
      break;
    }
  }
  if (found.has('prompt') || found.has('messages')) return found;
  if (Object.hasOwn(row, SECOND_TEXT) && found.get('text')?.name === FIRST_TEXT) pairTexts(row, fields, found);
  else addOtherNames(row, fields, found);
  return found;
}

/** A row of two texts: the first is what a prompt is in others. */
function pairTexts(row: Row, fields: NamedFields, found: Map<Role, Field>): void {
  const named = (['text', 'prompt', 'response'] as const).some((role) => fields[role] !== undefined);
  if (named || answers.some((role) => found.has(role))) return;
  found.set('prompt', found.get('text') as Field);
  found.set('response', { name: SECOND_TEXT, value: row[SECOND_TEXT] });
  found.delete('text');
}

/** A row of neither prompt nor messages may call its prompt and response otherwise, in full or in part. */
function addOtherNames(row: Row, fields: NamedFields, found: Map<Role, Field>): void {
  const prompt = fields.prompt === undefined ? fieldOf(row, otherNames.prompt) : undefined;
  const response =
    found.has('response') || fields.response !== undefined ? undefined : fieldOf(row, otherNames.response);
  if (prompt === undefined || !(response !== undefined || answers.some((role) => found.has(role)))) return;
  found.set('prompt', prompt.name === INSTRUCTION.name ? withInput(row, prompt) : prompt);
  const hasAnother = found.has('candidates') || (found.has('chosen') && found.has('rejected'));
  if (response !== undefined && !hasAnother) found.set('response', response);
}

/** Which names a row has decides, whatever stands under them. */
function fieldOf(row: Row, names: readonly string[] = []): Field | undefined {
  // Most rows have none, and no list is made for them.
  const name = names.find((candidate) => Object.hasOwn(row, candidate));
  if (name === undefined) return undefined;
  const rivals = names.filter((candidate) => candidate !== name && Object.hasOwn(row, candidate));
  return { name, value: row[name], ...(rivals.length > 0 && { rivals }) };
}

function withInput(row: Row, field: Field): Field {
  const more = row[INSTRUCTION.more] ?? '';
  if (more === '') return field;
  if (typeof field.value !== 'string' || typeof more !== 'string') return { ...field, unjoined: more };
  return { ...field, value: `${field.value}\n\n${more}` };
}

/** The names under which a role's field is searched. */
const namesOf = (role: Role, fields: NamedFields): readonly string[] => {
  const named = fields[role];
  return named === undefined ? defaultNames[role] : [named];
};

export const own = (row: Row, name: string): unknown => (Object.hasOwn(row, name) ? row[name] : undefined);

/** The value of a field that a flag names: an exact name wins over a path into objects. Undefined or null: none. */
export function reachField(row: Row, name: string): unknown {
  const value = Object.hasOwn(row, name) ? row[name] : reach(row, name);
  return value ?? undefined;
}

function reach(row: Row, path: string): unknown {
  let value: unknown = row;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

/** The context of a response is a prompt, or messages. */
export const contextRole = (found: ReadonlyMap<Role, Field>, fields: NamedFields): Role | undefined =>
  preferNamed(found.has('prompt') ? 'prompt' : undefined, found.has('messages') ? 'messages' : undefined, fields);

/** The role with messages of which the last is scored; a prompt that is an array is read as messages. */
export const conversationRole = (found: ReadonlyMap<Role, Field>, fields: NamedFields): Role | undefined =>
  preferNamed(
    found.has('messages') ? 'messages' : undefined,
    Array.isArray(found.get('prompt')?.value) ? 'prompt' : undefined,
    fields,
  );

/** Of two roles the one that a flag names, or else the first that there is. */
function preferNamed(one: Role | undefined, other: Role | undefined, fields: NamedFields): Role | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return fields[one] === undefined && fields[other] !== undefined ? other : one;
}
