/** Strings as Python has them: of code points, with Python's white space and its letter cases. */
import { unsupported } from './errors.js';

/** str.isspace (Python's Objects/unicodetype_db.h): unlike \s of JavaScript with U+001C to U+001F and U+0085, and without U+FEFF. */
export const SPACES = '\t-\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

const isSpace = (character: string): boolean => new RegExp(`^[${SPACES}]$`, 'u').test(character);

export const isAscii = (text: string): boolean => codePoints(text).every((character) => character <= '\x7f');

const HAS_SURROGATES = /[\ud800-\udfff]/;

export const codePoints = (text: string): readonly string[] => (HAS_SURROGATES.test(text) ? [...text] : text.split(''));

export function lengthOf(text: string): number {
  return HAS_SURROGATES.test(text) ? codePoints(text).length : text.length;
}

/** Negative, zero or positive, by code points: by its units JavaScript sorts U+10000 before U+E000. */
export function compareText(a: string, b: string): number {
  if (!HAS_SURROGATES.test(a) && !HAS_SURROGATES.test(b)) return a < b ? -1 : Number(a > b);
  const [left, right] = [codePoints(a), codePoints(b)];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = pointOf(left[index] as string) - pointOf(right[index] as string);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

const pointOf = (character: string): number => character.codePointAt(0) as number;

export const stripStart = (text: string, characters: string | null): string => text.slice(runAtStart(text, characters));

export const stripEnd = (text: string, characters: string | null): string =>
  text.slice(0, text.length - runAtEnd(text, characters));

export const strip = (text: string, characters: string | null): string =>
  stripEnd(stripStart(text, characters), characters);

function runAtStart(text: string, characters: string | null): number {
  const among = memberOf(characters);
  let length = 0;
  for (const character of text) {
    if (!among(character)) break;
    length += character.length;
  }
  return length;
}

function runAtEnd(text: string, characters: string | null): number {
  const among = memberOf(characters);
  let length = 0;
  while (length < text.length) {
    const before = text.codePointAt(text.length - length - 2) ?? 0;
    const size = before > 0xffff ? 2 : 1;
    if (!among(text.slice(text.length - length - size, text.length - length))) break;
    length += size;
  }
  return length;
}

const SPACE_SET = new Set(
  Array.from({ length: 0x3001 }, (_, point) => String.fromCodePoint(point)).filter((character) => isSpace(character)),
);

function memberOf(characters: string | null): (character: string) => boolean {
  const members = characters === null ? SPACE_SET : new Set(codePoints(characters));
  return (character) => members.has(character);
}

/** Python and JavaScript both take the full mappings of Unicode, whatever the language. */
export const upper = (text: string): string => text.toUpperCase();
export const lower = (text: string): string => text.toLowerCase();

/** Letters whose title case is another than their upper case: ligatures, digraphs, and Greek with an iota below. */
const TITLE_DIGRAPHS: Readonly<Record<string, string>> = Object.fromEntries(
  ['ǅǄǆ', 'ǈǇǉ', 'ǋǊǌ', 'ǲǱǳ'].flatMap((group) => [...group].map((letter) => [letter, group[0] as string])),
);

function titleCase(character: string): string {
  const digraph = TITLE_DIGRAPHS[character];
  if (digraph !== undefined) return digraph;
  // Georgian has capitals, which titles do without.
  if (/[\u10d0-\u10ff]/.test(character)) return character;
  const capitals = character.toUpperCase();
  if (lengthOf(capitals) === 1) return capitals;
  if (/[ßև\ufb00-\ufb17]/.test(character)) {
    const [first = '', ...rest] = capitals;
    return first + rest.join('').toLowerCase();
  }
  throw unsupported(`the title case of ${character}`);
}

export function capitalize(text: string): string {
  const [first = '', ...rest] = codePoints(text);
  if (first === '') return '';
  // Lowered as a whole: a capital sigma looks at the letters around it.
  const lowered = lower(text);
  return titleCase(first) + lowered.slice(lowered.length - lower(rest.join('')).length);
}

const isCased = (character: string): boolean => /\p{Lowercase}|\p{Uppercase}|\p{Lt}/u.test(character);

/** str.title: each run of cased letters begins with a capital. (The filter of that name splits otherwise.) */
export function titleWords(text: string): string {
  let afterCased = false;
  const lowered: string[] = [];
  for (const character of codePoints(text)) {
    if (character === 'Σ' && afterCased) throw unsupported('title() of a word with a capital sigma');
    lowered.push(afterCased ? lower(character) : isCased(character) ? titleCase(character) : character);
    afterCased = isCased(character);
  }
  return lowered.join('');
}

export function swapCase(text: string): string {
  if (text.includes('Σ')) throw unsupported('swapcase() of a capital sigma');
  return codePoints(text)
    .map((character) => {
      if (/\p{Uppercase}/u.test(character)) return lower(character);
      return /\p{Lowercase}/u.test(character) ? upper(character) : character;
    })
    .join('');
}

export function isLower(text: string): boolean {
  return codePoints(text).some((character) => /\p{Lowercase}/u.test(character)) && !/\p{Uppercase}|\p{Lt}/u.test(text);
}

export function isUpper(text: string): boolean {
  return codePoints(text).some((character) => /\p{Uppercase}/u.test(character)) && !/\p{Lowercase}|\p{Lt}/u.test(text);
}

export function isTitle(text: string): boolean {
  let [afterCased, any] = [false, false];
  for (const character of codePoints(text)) {
    const begins = /\p{Uppercase}|\p{Lt}/u.test(character);
    const goesOn = /\p{Lowercase}/u.test(character);
    if (begins ? afterCased : goesOn && !afterCased) return false;
    afterCased = begins || goesOn;
    any ||= afterCased;
  }
  return any;
}

const LINE_ENDS = '\n\r\v\f\\x1c-\\x1e\\x85\\u2028\\u2029';

/** str.splitlines: at more ends of lines than \n. */
export function splitLines(text: string, keepEnds: boolean): string[] {
  const lines = text.match(new RegExp(`[^${LINE_ENDS}]*(?:\r\n|[${LINE_ENDS}])|[^${LINE_ENDS}]+`, 'gu')) ?? [];
  const end = new RegExp(`(?:\r\n|[${LINE_ENDS}])$`, 'u');
  return lines.map((line) => (keepEnds ? line : line.replace(end, '')));
}

/** str.split: at white space, of which none is left. @param most splits; without a limit where it is negative */
export function splitAtSpaces(text: string, most: number): string[] {
  const parts: string[] = [];
  let rest = stripStart(text, null);
  while (rest !== '') {
    if (parts.length === most) return [...parts, rest];
    const end = rest.search(new RegExp(`[${SPACES}]`, 'u'));
    if (end < 0) return [...parts, rest];
    parts.push(rest.slice(0, end));
    rest = stripStart(rest.slice(end), null);
  }
  return parts;
}

export function splitAtSpacesFromEnd(text: string, most: number): string[] {
  const parts: string[] = [];
  let rest = stripEnd(text, null);
  while (rest !== '') {
    if (parts.length === most) return [rest, ...parts];
    const [last = ''] = new RegExp(`[^${SPACES}]+$`, 'u').exec(rest) ?? [];
    parts.unshift(last);
    rest = stripEnd(rest.slice(0, rest.length - last.length), null);
  }
  return parts;
}

export function splitAt(text: string, separator: string, most: number): string[] {
  const parts = text.split(separator);
  if (most < 0 || parts.length <= most + 1) return parts;
  return [...parts.slice(0, most), parts.slice(most).join(separator)];
}

export function splitAtFromEnd(text: string, separator: string, most: number): string[] {
  const parts: string[] = [];
  let rest = text;
  while (parts.length !== most) {
    // Occurrences are found from the end, and do not overlap.
    const at = rest.length < separator.length ? -1 : rest.lastIndexOf(separator);
    if (at < 0) break;
    parts.unshift(rest.slice(at + separator.length));
    rest = rest.slice(0, at);
  }
  return [rest, ...parts];
}

/** str.replace. @param most replacements; without a limit where it is negative */
export function replace(text: string, from: string, to: string, most: number): string {
  if (from !== '') {
    const parts = most < 0 ? text.split(from) : splitAt(text, from, most);
    return parts.join(to);
  }
  // Before each character, and at the end.
  const characters = codePoints(text);
  const places = most < 0 ? characters.length + 1 : Math.min(most, characters.length + 1);
  return [...characters, ''].map((character, index) => (index < places ? to : '') + character).join('');
}

/** Jinja's filter `title`: words begin after white space, hyphens and opening brackets. */
export const titleFilter = (text: string): string =>
  text
    .split(new RegExp(`([-(\\{\\[<${SPACES}]+)`, 'u'))
    .filter((part) => part !== '')
    .map((part) => {
      const [first = '', ...rest] = codePoints(part);
      return upper(first) + lower(rest.join(''));
    })
    .join('');
