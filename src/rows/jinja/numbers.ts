/** Numbers as Python computes, reads and prints them. An int is a bigint, a float a number. */
import { TemplateError, unsupported } from './errors.js';

/** Infinities and NaN: Python refuses some and prints others, and templates need none. */
export function finite(value: number): number {
  if (!Number.isFinite(value)) throw unsupported('a number that is not finite');
  return value;
}

/** sys.int_info.default_max_str_digits: Python prints no longer ints. */
const MOST_DIGITS = 4300;

export function printInteger(value: bigint): string {
  // Above it by its bits alone, which are quickly counted.
  const digits = value > -(10n ** 4299n) && value < 10n ** 4299n ? value.toString() : undefined;
  if (digits === undefined) throw new TemplateError(`an int of more than ${MOST_DIGITS} digits cannot be printed`);
  return digits;
}

/** repr(float): the shortest digits that give the number back, with an exponent from 1e16 up and below 1e-4. */
export function printFloat(value: number): string {
  finite(value);
  if (Object.is(value, -0)) return '-0.0';
  const [digits = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 16) {
    const plain = String(value);
    return plain.includes('.') ? plain : `${plain}.0`;
  }
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

export const floorDivide = (a: bigint, b: bigint): bigint => {
  if (b === 0n) throw new TemplateError('integer division or modulo by zero');
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
};

export const modulo = (a: bigint, b: bigint): bigint => a - floorDivide(a, b) * b;

/** Python's float_divmod. */
export function floatDivmod(a: number, b: number): readonly [quotient: number, remainder: number] {
  if (b === 0) throw new TemplateError('float floor division or modulo by zero');
  let remainder = a % b;
  let quotient = (a - remainder) / b;
  if (remainder === 0) {
    remainder = b < 0 ? -0 : 0;
  } else if (b < 0 !== remainder < 0) {
    remainder += b;
    quotient -= 1;
  }
  if (quotient === 0) return [a / b < 0 || Object.is(a / b, -0) ? -0 : 0, remainder];
  const floor = Math.floor(quotient);
  return [quotient - floor > 0.5 ? floor + 1 : floor, remainder];
}

/** An int as a float, where that is the same number. */
export function toFloat(value: boolean | bigint | number): number {
  if (typeof value !== 'bigint') return Number(value);
  const float = Number(value);
  if (!Number.isFinite(float) || BigInt(float) !== value) throw unsupported('an int this long beside a float');
  return float;
}

/** int(text): undefined where Python has a ValueError. */
export function parseInteger(text: string, base: number): bigint | undefined {
  const prefixes: Readonly<Record<number, string>> = { 2: '0b', 8: '0o', 10: '', 16: '0x' };
  const prefix = prefixes[base];
  if (prefix === undefined) throw unsupported(`an int of base ${base}`);
  const [, sign = '', marked = ''] = /^([+-]?)(.*)$/su.exec(text) ?? [];
  const body = prefix !== '' && marked.toLowerCase().startsWith(prefix) ? marked.slice(2).replace(/^_/, '') : marked;
  const digits = { 2: '[01]', 8: '[0-7]', 10: '[0-9]', 16: '[0-9a-f]' }[base as 2];
  if (!new RegExp(`^${digits}(?:_?${digits})*$`, 'i').test(body)) return undefined;
  if (body.length > MOST_DIGITS) throw unsupported(`an int of more than ${MOST_DIGITS} digits`);
  const value = BigInt(prefix + body.replaceAll('_', ''));
  return sign === '-' ? -value : value;
}

/** float(text): undefined where Python has a ValueError. */
export function parseFloatText(text: string): number | undefined {
  if (/^[+-]?(?:inf|infinity|nan)$/i.test(text)) throw unsupported('a number that is not finite');
  const digits = '[0-9](?:_?[0-9])*';
  if (!new RegExp(`^[+-]?(?:${digits}\\.?(?:${digits})?|\\.${digits})(?:e[+-]?${digits})?$`, 'i').test(text)) {
    return undefined;
  }
  return finite(Number(text.replaceAll('_', '')));
}

/** The number exactly, as a fraction. */
function fractionOf(value: number): readonly [numerator: bigint, denominator: bigint] {
  let denominator = 1n;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    denominator *= 2n;
  }
  return [BigInt(scaled), denominator];
}

/** Half goes to the even one, and what is half is decided by the number's exact value, as in Python. */
function roundedQuotient(numerator: bigint, denominator: bigint): bigint {
  const quotient = floorDivide(numerator, denominator);
  const twice = (numerator - quotient * denominator) * 2n;
  if (twice === denominator) return quotient % 2n === 0n ? quotient : quotient + 1n;
  return twice > denominator ? quotient + 1n : quotient;
}

/** '%.Nf' % value */
export function toFixed(value: number, places: number): string {
  if (places > 100) throw unsupported(`a precision of ${places}`);
  const [numerator, denominator] = fractionOf(finite(value));
  const scaled = roundedQuotient(numerator * 10n ** BigInt(places), denominator);
  const digits = String(scaled < 0n ? -scaled : scaled).padStart(places + 1, '0');
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return sign + (places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`);
}

/** round(value, places) of a float. */
export function roundFloat(value: number, places: number): number {
  if (places >= 0) return places > 22 ? value : Number(toFixed(value, places));
  const power = 10n ** BigInt(-places);
  const [numerator, denominator] = fractionOf(value);
  const rounded = Number(roundedQuotient(numerator, denominator * power) * power);
  return value < 0 ? -Math.abs(rounded) : rounded;
}

/** round(value, places) of an int. */
export const roundInteger = (value: bigint, places: number): bigint => {
  if (places >= 0) return value;
  const power = 10n ** BigInt(-places);
  return roundedQuotient(value, power) * power;
};
