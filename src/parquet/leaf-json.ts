/** How values of a column are written as JSON. */
import { isUtf8 } from 'node:buffer';
import { writtenReward } from '../rows/results.js';
import type { Leaf } from './schema.js';

/** Makes JSON of a value that is there. */
export type LeafToJson = (value: boolean | number | bigint | Uint8Array) => string;

/**
 * Integers of any size are numbers, and decimals strings, digit for digit; dates and times are as in ISO 8601, bytes
 * that are no text in base64, and numbers that JSON has not null.
 */
export function jsonOfLeaf({ type, meaning }: Leaf): LeafToJson {
  switch (meaning.kind) {
    case 'string':
      return (value) => textToJson(bytesOf(value));
    case 'unsigned':
      return (value) => String(BigInt.asUintN(type === 'INT64' ? 64 : 32, BigInt(value as number | bigint)));
    case 'decimal':
      return (value) =>
        `"${decimalText(value instanceof Uint8Array ? signedOf(value) : BigInt(value), meaning.scale)}"`;
    case 'date':
      return (value) => dateToJson(Number(value));
    case 'time':
      return (value) => `"${timeText(BigInt(value as number | bigint), meaning.digits)}"`;
    case 'timestamp':
      return (value) => {
        const count = type === 'INT96' ? nanosecondsOf(value as bigint) : BigInt(value as number | bigint);
        return timestampToJson(count, meaning.digits, meaning.utc);
      };
    case 'uuid':
      return (value) => `"${uuidText(bytesOf(value))}"`;
    case 'float16':
      return (value) => numberToJson(halfOf(bytesOf(value)));
    case 'null':
      return () => 'null';
    default:
      break;
  }
  switch (type) {
    case 'FLOAT':
      return (value) => numberToJson(value === 0 ? value : writtenReward(value as number));
    case 'DOUBLE':
      return (value) => numberToJson(value as number);
    case 'BYTE_ARRAY':
    case 'FIXED_LEN_BYTE_ARRAY':
      return (value) => `"${Buffer.from(bytesOf(value)).toString('base64')}"`;
    default:
      return String;
  }
}

/** Whether a leaf holds bytes of which nothing says that they are text. */
export const isBinary = ({ type, meaning }: Leaf): boolean =>
  meaning.kind === 'interval' || (meaning.kind === 'plain' && /BYTE_ARRAY$/.test(type));

const bytesOf = (value: boolean | number | bigint | Uint8Array): Uint8Array => value as Uint8Array;

/** Written as no integer is where it would pass for one of many digits, or lose its sign as one. */
function numberToJson(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  if (Object.is(value, -0)) return '-0.0';
  return Math.abs(value) > Number.MAX_SAFE_INTEGER ? value.toExponential() : String(value);
}

function textToJson(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  // What is no UTF-8 becomes a lone surrogate, so that nobody scores the text as if it were whole.
  return JSON.stringify(isUtf8(bytes) ? text : text.replaceAll('\ufffd', '\udfff'));
}

/** A number of two's complement, its greatest byte first. */
function signedOf(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt.asIntN(8 * bytes.length, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
}

function decimalText(unscaled: bigint, scale: number): string {
  if (scale <= 0) return String(unscaled * 10n ** BigInt(Math.min(-scale, 400)));
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const DAY_MS = 86_400_000;
/** The most milliseconds before or after 1970 that ECMAScript has dates for. */
const MOST_MS = 8.64e15;

function dateToJson(days: number): string {
  const ms = days * DAY_MS;
  return Math.abs(ms) > MOST_MS ? String(days) : `"${new Date(ms).toISOString().replace(/T.*/, '')}"`;
}

function timeText(count: bigint, digits: number): string {
  const second = 10n ** BigInt(digits);
  const seconds = Number(count / second);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${clock.map((part) => String(part).padStart(2, '0')).join(':')}.${String(count % second).padStart(digits, '0')}`;
}

function timestampToJson(count: bigint, digits: number, utc: boolean): string {
  const second = 10n ** BigInt(digits);
  const fraction = ((count % second) + second) % second;
  const ms = Number((count - fraction) / second) * 1000;
  if (Math.abs(ms) > MOST_MS) return String(count);
  const whole = new Date(ms).toISOString().replace(/\..*/, '');
  return `"${whole}.${String(fraction).padStart(digits, '0')}${utc ? 'Z' : ''}"`;
}

/** Nanoseconds since 1970 of what Impala and Spark once wrote: a Julian day, and the nanoseconds of that day. */
function nanosecondsOf(value: bigint): bigint {
  const days = value >> 64n;
  return (days - 2_440_588n) * 86_400_000_000_000n + BigInt.asUintN(64, value);
}

function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** IEEE 754 binary16, its least byte first. */
function halfOf(bytes: Uint8Array): number {
  const bits = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
