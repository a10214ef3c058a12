/** The kinds of rows, which do not depend on the format, and how a row's fields determine its kind. */
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

export const rowKinds = ['text', 'pair', 'candidates', 'response', 'messages'] as const;
export type RowKind = (typeof rowKinds)[number];

/** The kind of a row according to its fields; undefined where it has none. */
export const kindOfRow = (row: Row, fields: NamedFields): RowKind | undefined =>
  findKind(findFields(row, fields), fields)?.kind;

/** What a header says about its rows. */
export interface ColumnsKind {
  readonly kind: RowKind;
  /** The columns that are read. */
  readonly columns: readonly string[];
  /** The columns of these whose cells are, or may be, JSON. */
  readonly jsonColumns: readonly string[];
}

/** The kind that rows with these columns have; undefined where there is none. */
export function kindOfColumns(columns: readonly string[], fields: NamedFields): ColumnsKind | undefined {
  const row: Row = Object.fromEntries(columns.map((name) => [name, '']));
  // A context is a prompt if something answers it, else messages.
  for (const sample of columns.includes('context') ? [row, { ...row, context: [] }] : [row]) {
    const found = findFields(sample, fields);
    const match = findKind(found, fields);
    if (match === undefined) continue;
    const columnOf = (role: Role): string => (found.get(role) as Field).name;
    const context = match.roles.includes('prompt') || match.roles.includes('messages');
    return {
      kind: match.kind,
      columns: [...match.roles.map(columnOf), ...(context ? [BOT_NAME] : [])],
      jsonColumns: match.roles.filter((role) => holdsJson(role, columnOf(role), fields)).map(columnOf),
    };
  }
  return undefined;
}

/** A column called context may hold messages in one row and a prompt in the next, unless a flag says which. */
const holdsJson = (role: Role, name: string, fields: NamedFields): boolean =>
  role === 'messages' || role === 'candidates' || (role === 'prompt' && name === 'context' && !fields.prompt);

/** The kinds in the order of the search, each with the roles that it must have. */
const kinds: readonly {
  readonly kind: RowKind;
  readonly needs: readonly (Role | 'context' | 'conversation')[];
}[] = [
  { kind: 'text', needs: ['text'] },
  { kind: 'pair', needs: ['chosen', 'rejected'] },
  { kind: 'candidates', needs: ['context', 'candidates'] },
  { kind: 'response', needs: ['context', 'response'] },
  { kind: 'messages', needs: ['conversation'] },
];

interface KindMatch {
  readonly kind: RowKind;
  /** The roles that it reads. */
  readonly roles: readonly Role[];
}

export function findKind(found: ReadonlyMap<Role, Field>, fields: NamedFields): KindMatch | undefined {
  const context = contextRole(found, fields);
  const conversation = conversationRole(found, fields);
  let first: KindMatch | undefined;
  for (const { kind, needs } of kinds) {
    const roles = rolesFor(needs, found, context, conversation);
    if (roles === undefined) continue;
    // A pair need not have a context.
    if (kind === 'pair' && context !== undefined) roles.push(context);
    const match = { kind, roles };
    if (roles.some((role) => fields[role] !== undefined)) return match;
    first ??= match;
  }
  return first;
}

/** The roles that a kind needs; undefined where the row does not have them all. */
function rolesFor(
  needs: (typeof kinds)[number]['needs'],
  found: ReadonlyMap<Role, Field>,
  context: Role | undefined,
  conversation: Role | undefined,
): Role[] | undefined {
  let roles: Role[] | undefined;
  for (const need of needs) {
    const role = need === 'context' ? context : need === 'conversation' ? conversation : need;
    if (role === undefined || !found.has(role)) return undefined;
    if (roles === undefined) roles = [role];
    else roles.push(role);
  }
  return roles;
}
