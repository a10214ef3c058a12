/**
 * Matches control characters and halves of characters, which HTML may not contain, and the marks that change the
 * direction of the text after them, with which one text can be made to read as another.
 */
const unseen = /(?![\n\t])[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** The text with such characters as JSON escapes them, `\u202e`. */
export const visible = (text: string): string =>
  text.replace(unseen, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/**
 * Puts a text on one line and bounds its length, for a table or a plot. A character is never cut in two.
 *
 * @param most in characters (code points)
 * @param keep the start of a longer text, or its end
 */
export function preview(text: string, most: number, keep: 'start' | 'end' = 'start'): string {
  // A character is two units at most, and a line end with the white space around it becomes one sign.
  const units = 4 * most;
  const near = keep === 'start' ? text.slice(0, units) : text.slice(-units);
  const characters = [...near.replace(/\s*[\n\r\u2028\u2029]\s*/g, ' ↵ ')];
  if (characters.length <= most && near.length === text.length) return characters.join('');
  return keep === 'start' ? `${characters.slice(0, most).join('')}…` : `…${characters.slice(-most).join('')}`;
}
