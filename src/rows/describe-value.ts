/** Describes values from JSON in messages: their type, and their beginning. */

export function typeInWords(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The most characters of a value in a message. */
const PREVIEW = 60;

/** The beginning of a value from JSON, as JSON. */
export const preview = (value: unknown): string => clip(value === undefined ? 'nothing' : spelling(value, PREVIEW));

/** The beginning of a text, without what a terminal would obey. */
export function clip(text: string): string {
  const beginning = text.length <= PREVIEW ? text : `${text.slice(0, PREVIEW - 3).replace(/\p{Surrogate}$/u, '')}...`;
  return beginning.replaceAll(/\p{Control}/gu, '\ufffd');
}

/**
 * A value as JSON, or just over `length` characters of it: the whole may be too deep for the stack, or millions long.
 */
function spelling(value: unknown, length: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, length + 1));
  if (typeof value !== 'object' || value === null) return String(value);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  let text = open as string;
  for (const [name, item] of Object.entries(value)) {
    if (text.length > length) return text;
    if (text.length > 1) text += ',';
    if (!Array.isArray(value)) text += `${spelling(name, length)}:`;
    text += spelling(item, length - text.length);
  }
  return text + close;
}
