/** A day by a format of Python's strftime, in the C locale, as transformers gives it to chat templates. The hour is midnight. */
import { midnightOf } from '../platform/calendar.js';
import { TemplateError } from './jinja/errors.js';

const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];

const DAY_MS = 86_400_000;

/** A number, and how it is filled up to its width. */
type Field = readonly [value: number, width: number, fill: '0' | ' '];

const numbers: Readonly<Record<string, (date: Date) => Field>> = {
  d: (date) => [date.getUTCDate(), 2, '0'],
  e: (date) => [date.getUTCDate(), 2, ' '],
  m: (date) => [date.getUTCMonth() + 1, 2, '0'],
  y: (date) => [date.getUTCFullYear() % 100, 2, '0'],
  Y: (date) => [date.getUTCFullYear(), 1, '0'],
  C: (date) => [Math.floor(date.getUTCFullYear() / 100), 2, '0'],
  j: (date) => [dayOfYear(date) + 1, 3, '0'],
  w: (date) => [date.getUTCDay(), 1, '0'],
  u: (date) => [date.getUTCDay() || 7, 1, '0'],
  U: (date) => [Math.floor((dayOfYear(date) + 7 - date.getUTCDay()) / 7), 2, '0'],
  W: (date) => [Math.floor((dayOfYear(date) + 7 - mondayBased(date)) / 7), 2, '0'],
  G: (date) => [thursdayOf(date).getUTCFullYear(), 1, '0'],
  g: (date) => [thursdayOf(date).getUTCFullYear() % 100, 2, '0'],
  V: (date) => [Math.floor(dayOfYear(thursdayOf(date)) / 7) + 1, 2, '0'],
  H: () => [0, 2, '0'],
  k: () => [0, 2, ' '],
  I: () => [12, 2, '0'],
  l: () => [12, 2, ' '],
  M: () => [0, 2, '0'],
  S: () => [0, 2, '0'],
  f: () => [0, 6, '0'],
};

const texts: Readonly<Record<string, (date: Date) => string>> = {
  A: (date) => weekdays[date.getUTCDay()] as string,
  a: (date) => (weekdays[date.getUTCDay()] as string).slice(0, 3),
  B: (date) => months[date.getUTCMonth()] as string,
  b: (date) => (months[date.getUTCMonth()] as string).slice(0, 3),
  p: () => 'AM',
  // The hour is of no zone.
  z: () => '',
  Z: () => '',
  n: () => '\n',
  t: () => '\t',
  '%': () => '%',
};

/** Directives that stand for others. */
const compounds: Readonly<Record<string, string>> = {
  h: '%b',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  T: '%H:%M:%S',
  R: '%H:%M',
  r: '%I:%M:%S %p',
  c: '%a %b %e %H:%M:%S %Y',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
};

/**
 * @param day as YYYY-MM-DD
 * @throws TemplateError for a directive that is none of those above
 */
export function strftime(day: string, format: string): string {
  const date = midnightOf(day);
  return format.replace(/%(-?)(.?)/gsu, (directive, unpadded: string, letter: string) => {
    const [number, text, compound] = [numbers, texts, compounds].map((table) => Object.hasOwn(table, letter));
    if (number) return inDigits(numbers[letter]?.(date) as Field, unpadded !== '');
    if (text) return texts[letter]?.(date) as string;
    if (compound) return strftime(day, compounds[letter] as string);
    throw new TemplateError(`strftime_now() has no directive ${directive}`);
  });
}

const inDigits = ([value, width, fill]: Field, unpadded: boolean): string =>
  unpadded ? String(value) : String(value).padStart(width, fill);

const dayOfYear = (date: Date): number => Math.round((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS);

/** 0 for Monday. */
const mondayBased = (date: Date): number => (date.getUTCDay() + 6) % 7;

/** Of the date's week, which belongs to the year that its Thursday is in (ISO 8601). */
const thursdayOf = (date: Date): Date => new Date(date.getTime() + (3 - mondayBased(date)) * DAY_MS);
