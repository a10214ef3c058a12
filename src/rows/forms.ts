/** The forms a row may have, whatever format it came in: which one it is, as far as its fields tell. */
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

export const formNames = ['text', 'pair', 'candidates', 'response', 'messages'] as const;
export type Form = (typeof formNames)[number];

/** The form that a row has, as far as its fields tell; undefined where it has none. */
export const formOfRow = (row: Row, fields: NamedFields): Form | undefined =>
  findForm(findFields(row, fields), fields)?.form;

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
      form: match.form,
      columns: [...match.roles.map(columnOf), ...(context ? [BOT_NAME] : [])],
      jsonColumns: match.roles.filter((role) => holdsJson(role, columnOf(role), fields)).map(columnOf),
    };
  }
  return undefined;
}

/** A column called context may hold messages in one row and a prompt in the next, unless a flag says which. */
const holdsJson = (role: Role, name: string, fields: NamedFields): boolean =>
  role === 'messages' || role === 'candidates' || (role === 'prompt' && name === 'context' && !fields.prompt);

/** The forms in the order they are looked for, each by the roles it must have. */
const forms: readonly {
  readonly form: Form;
  readonly needs: readonly (Role | 'context' | 'conversation')[];
}[] = [
  { form: 'text', needs: ['text'] },
  { form: 'pair', needs: ['chosen', 'rejected'] },
  { form: 'candidates', needs: ['context', 'candidates'] },
  { form: 'response', needs: ['context', 'response'] },
  { form: 'messages', needs: ['conversation'] },
];

interface FormMatch {
  readonly form: Form;
  /** The roles that it reads. */
  readonly roles: readonly Role[];
}

export function findForm(found: ReadonlyMap<Role, Field>, fields: NamedFields): FormMatch | undefined {
  const context = contextRole(found, fields);
  const matches = forms.flatMap(({ form, needs }): FormMatch[] => {
    const roles = needs.map((need) => {
      if (need === 'context') return context;
      return need === 'conversation' ? conversationRole(found, fields) : need;
    });
    if (!roles.every((role) => role !== undefined && found.has(role))) return [];
    // A pair may do without a context.
    if (form === 'pair') roles.push(context);
    return [{ form, roles: roles.filter((role) => role !== undefined) }];
  });
  return matches.find(({ roles }) => roles.some((role) => fields[role] !== undefined)) ?? matches[0];
}
