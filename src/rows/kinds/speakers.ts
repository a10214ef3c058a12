/** Who speaks: the roles that chat templates know, the names that stand for them, and the author of a response. */

/** The roles of a chat template that rows have other names for. */
type KnownRole = 'system' | 'user' | 'assistant';

export const namesOfRoles: Readonly<Record<KnownRole, readonly string[]>> = {
  system: ['system'],
  user: ['user', 'human', 'prompter', 'customer'],
  assistant: ['assistant', 'gpt', 'bot', 'chatbot', 'model', 'ai'],
};

const roleByName = new Map(
  (Object.keys(namesOfRoles) as KnownRole[]).flatMap((role) => namesOfRoles[role].map((name) => [name, role])),
);

/** Roles that only some templates know: they pass to a Jinja template as they are. */
const passedOn = ['tool', 'function', 'developer'] as const;

/** The names that a chat template knows, for a message. */
export const speakersKnownTo = (jinja: boolean): readonly string[] => [
  ...Object.values(namesOfRoles).flat(),
  ...(jinja ? passedOn : []),
];

/** The role that a name stands for, in any case; undefined where it stands for none. */
export const roleOf = (name: string): KnownRole | undefined => roleByName.get(name.toLowerCase());

/** @param jinja whether the template is a Jinja one */
export function chatRoleOf(name: string, botName: string | undefined, jinja: boolean): string | undefined {
  if (botName !== undefined && name.toLowerCase() === botName.toLowerCase()) return 'assistant';
  const passed = passedOn.find((role) => role === name.toLowerCase());
  return roleOf(name) ?? (jinja ? passed : undefined);
}

/** Who answers a user of this name. */
export const counterparts: Readonly<Record<string, string>> = { user: 'assistant', human: 'gpt', User: 'Bot' };

/** How a response's author is called where nothing says it. */
export const USUAL_NAME = 'Bot';

export interface ResponseAuthor {
  readonly name: string;
  /** Whether it follows from the user's name alone, and is not what it was called before version 1.0. */
  readonly derived: boolean;
}

/**
 * The author of a response in a layout, where no row or flag names one: the last speaker known as an assistant, else
 * the last who is neither `system` nor the user (the one known as a user, else who spoke first), else the counterpart
 * of the user's name.
 *
 * @param authors of the messages before the response
 */
export function authorOfResponse(authors: readonly string[]): ResponseAuthor {
  const assistant = authors.findLast((name) => roleOf(name) === 'assistant');
  if (assistant !== undefined) return { name: assistant, derived: false };
  const speakers = authors.filter((name) => roleOf(name) !== 'system');
  const user = speakers.find((name) => roleOf(name) === 'user') ?? speakers[0];
  const other = speakers.findLast((name) => name !== user && roleOf(name) !== 'user');
  if (other !== undefined) return { name: other, derived: false };
  const name = user !== undefined && Object.hasOwn(counterparts, user) ? (counterparts[user] as string) : USUAL_NAME;
  return { name, derived: name !== USUAL_NAME };
}
