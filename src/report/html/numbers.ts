import type { Estimate } from '../../evaluation/metric.js';

const few = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 });
const counts = new Intl.NumberFormat('en');

/** A metric's value: three decimals, or four digits from 10 up. */
export function decimal(value: number): string {
  const text = Math.abs(value) < 10 ? value.toFixed(3) : few.format(value);
  return signed(Number(text.replaceAll(',', '')) === 0 ? text.replace('-', '') : text);
}

/** The same with its sign. */
export const change = (value: number): string => (value > 0 ? `+${decimal(value)}` : decimal(value));

/** `[0.681, 0.745]` */
export const interval = ({ low, high }: Pick<Estimate, 'low' | 'high'>, as = decimal): string =>
  `[${as(low)}, ${as(high)}]`;

/** A number of rows: `12,345`. */
export const count = (value: number): string => counts.format(value);

/** A label or bound as a person would write it. */
export const plain = (value: number): string => signed(few.format(value));

const signed = (text: string): string => text.replace('-', '\u2212');
