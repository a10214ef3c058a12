/** Texts from outside in messages on a terminal, which obeys some characters and hides others. */

/** Longer texts are cut: a message names a thing and does not quote it whole. */
const MOST_UNITS = 200;

/**
 * Control characters of both sets, characters that turn the direction of a text or join its letters, line and paragraph
 * separators, and halves of surrogate pairs.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Escapes a text that a person wrote: characters that a terminal does not show become `\uXXXX`.
 *
 * @param most UTF-16 units of it that are shown
 */
export const printable = (text: string, most = MOST_UNITS): string => escapeAll(text, unprintable, most);

/**
 * What a message must not carry to a terminal. Joiners are not among them: names in Persian, in Indic scripts and of
 * emoji have them, and they do nothing but choose the shape of the letters beside them.
 */
const unprintableInMessage = /(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A whole message, with its line ends: what a terminal would obey or hide stands as `\uXXXX`. */
export const printableMessage = (text: string): string =>
  escapeAll(text, unprintableInMessage, Number.POSITIVE_INFINITY);

/** A text out of a file that may be damaged or no text at all: all but ASCII stands as `\uXXXX`. */
export const printableAscii = (text: string): string => escapeAll(text, /[^ -~]/g, MOST_UNITS);

function escapeAll(text: string, characters: RegExp, most: number): string {
  const beginning = text.length > most ? `${text.slice(0, most)}...` : text;
  return beginning.replace(characters, (character) => {
    const hex = (character.codePointAt(0) as number).toString(16);
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
  });
}
