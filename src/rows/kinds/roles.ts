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

/** The field that names the author of the response. */
export const BOT_NAME = 'bot_name';

export const roles = Object.keys(defaultNames) as readonly Role[];

/** Field names given by flags. */
export type NamedFields = Readonly<Partial<Record<Role, string>>>;

export type Row = Readonly<Record<string, unknown>>;

export interface Field {
  readonly name: string;
  readonly value: unknown;
}

export function findFields(row: Row, fields: NamedFields): Map<Role, Field> {
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

/** The names under which a role's field is searched. */
const namesOf = (role: Role, fields: NamedFields): readonly string[] => {
  const named = fields[role];
  return named === undefined ? defaultNames[role] : [named];
};

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
  preferNamed(
    (['prompt', 'messages'] as const).filter((role) => found.has(role)),
    fields,
  );

/** The role with messages of which the last is scored; a prompt that is an array is read as messages. */
export const conversationRole = (found: ReadonlyMap<Role, Field>, fields: NamedFields): Role | undefined =>
  preferNamed(
    (['messages', 'prompt'] as const).filter((role) =>
      role === 'messages' ? found.has(role) : Array.isArray(found.get(role)?.value),
    ),
    fields,
  );

const preferNamed = (found: readonly Role[], fields: NamedFields): Role | undefined =>
  found.find((role) => fields[role] !== undefined) ?? found[0];
