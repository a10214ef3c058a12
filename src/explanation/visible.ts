/** Texts with everything visible that a model sees and a screen hides: white space, controls, marks of direction. */

/** What a terminal obeys or hides, and spaces that look like another; line ends, tabs and plain spaces have signs. */
const unseen = /(?![\n\t ])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Zs}]/gu;

const signs: Readonly<Record<string, string>> = { '\n': '↵', '\t': '⇥', ' ': '␣' };

const escaped = (text: string): string =>
  text.replace(unseen, (character) => {
    const hex = (character.codePointAt(0) as number).toString(16);
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
  });

/** A text whose line ends stay, each after its sign; a space is shown where an eye would miss it. */
export const visibleText = (text: string): string =>
  escaped(text)
    .replace(/ (?=[ \n\t]|$)|(?<=^|[ \n\t]) /g, '␣')
    .replaceAll('\t', '⇥')
    .replace(/\n/g, '↵\n');

/** A text on one line. */
export const visiblePiece = (piece: string): string =>
  escaped(piece).replace(/[\n\t ]/g, (character) => signs[character] as string);

/** A text on one line in which the spaces between words stay. */
export const visibleLine = (text: string): string => visibleText(text).replaceAll('↵\n', '↵');

/** The beginning of a text, of so many UTF-16 units at most; no character is cut in two. */
export const headOf = (text: string, units: number): string => text.slice(0, units).replace(/[\ud800-\udbff]$/, '');

/** The end of a text. */
export const tailOf = (text: string, units: number): string =>
  units === 0 ? '' : text.slice(-units).replace(/^[\udc00-\udfff]/, '');
