/** Texts from outside in messages on a terminal, which obeys some characters and hides others. */

/** Longer texts are cut: a message names a thing and does not quote it whole. */
const MOST_UNITS = 200;

/**
 * Control characters of both sets, characters that turn the direction of a text or join its letters, line and paragraph
 * separators, and halves of surrogate pairs.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A text that a person wrote: what a terminal does not show stands as `\uXXXX`.
 *
 * @param most UTF-16 units of it that are shown
 */
export const printable = (text: string, most = MOST_UNITS): string => escapeAll(text, unprintable, most);

/** A text out of a file that may be damaged or no text at all: all but ASCII stands as `\uXXXX`. */
export const printableAscii = (text: string): string => escapeAll(text, /[^ -~]/g, MOST_UNITS);

function escapeAll(text: string, characters: RegExp, most: number): string {
  const beginning = text.length > most ? `${text.slice(0, most)}...` : text;
  return beginning.replace(characters, (character) => {
    const hex = (character.codePointAt(0) as number).toString(16);
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
  });
}
