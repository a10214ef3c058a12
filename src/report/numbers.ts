/** Numbers as a person reads them. */
import type { Estimate } from '../evaluation/metric.js';

/** Writes a number with three or four digits. */
export function short(value: number): string {
  if (value === 0) return '0';
  const digits = Math.abs(value) < 1 ? 3 : 4;
  return value.toPrecision(digits);
}

export const ends = ({ low, high }: Pick<Estimate, 'low' | 'high'>, spell: (end: number) => string = short): string =>
  `${spell(low)} to ${spell(high)}`;

/** As `short`, but with all digits where the rounded value would be on another side of the bound than the value. */
export function exact(value: number, bound: number): string {
  const rounded = short(value);
  return Math.sign(Number(rounded) - bound) === Math.sign(value - bound) ? rounded : String(value);
}

export const many = (count: number): string => count.toLocaleString('en-US');

/** `1 row`, `1,200 rows`. */
export const counted = (count: number, noun: string): string => `${many(count)} ${noun}${count === 1 ? '' : 's'}`;
