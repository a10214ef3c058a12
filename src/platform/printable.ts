/** Longer texts are cut: a message names a thing and does not quote it whole. */
const MOST_UNITS = 200;

/**
 * What a terminal obeys or hides instead of showing it: control characters of both sets, characters that turn the
 * direction of a text or join its letters, line and paragraph separators, and halves of surrogate pairs.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A text from outside, fit for a message on a terminal: what cannot be shown stands as `\uXXXX`.
 *
 * @param most UTF-16 units of it that are shown
 */
export function printable(text: string, most = MOST_UNITS): string {
  const beginning = text.length > most ? `${text.slice(0, most)}...` : text;
  return beginning.replace(unprintable, (character) => {
    const hex = (character.codePointAt(0) as number).toString(16);
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
  });
}
