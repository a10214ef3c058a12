/** How values are parsed from their texts, and the messages for invalid texts. */
import { InvalidArgumentError } from 'commander';
import type { MetricName } from '../../evaluation/metrics.js';
import {
  type ALL_METRICS,
  parseRegression,
  parseThreshold,
  type Side,
  type Threshold,
} from '../../evaluation/thresholds.js';
import { isDay } from '../../platform/calendar.js';

export const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      const range = most === Number.MAX_SAFE_INTEGER ? `${least} up` : `${least} to ${most}`;
      throw new InvalidArgumentError(`Expected a whole number from ${range}.`);
    }
    return value;
  };

export function notNegative(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0) || value === Number.POSITIVE_INFINITY) {
    throw new InvalidArgumentError('Expected a number from 0 up.');
  }
  return value;
}

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
}

export function percent(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0 && value <= 100)) {
    throw new InvalidArgumentError('Expected a number above 0, up to 100.');
  }
  return value;
}

export function day(text: string): string {
  if (!isDay(text)) throw new InvalidArgumentError('Expected a day as YYYY-MM-DD.');
  return text;
}

/** A text that matches, as it is. */
const matching =
  (pattern: RegExp, expected: string) =>
  (text: string): string => {
    if (!pattern.test(text)) throw new InvalidArgumentError(expected);
    return text;
  };

export const fieldName = matching(/\S/, 'Expected the name of a field.');
export const speakerName = matching(/\S/, 'Expected the name of a speaker.');
export const fileName = matching(/\S/, 'Expected the name of a file.');
export const modelName = matching(/\S/, 'Expected the name of a model.');
export const hostName = matching(/\S/, 'Expected an address or a name.');
export const secret = matching(/^[\x21-\x7e]+$/, 'Expected ASCII characters without spaces.');

const asciiCharacter = matching(
  /^[^"\r\n\u0080-\uffff]$/,
  'Expected one ASCII character that is no quote or line end.',
);
export const separator = (text: string): string => asciiCharacter(text === '\\t' ? '\t' : text);

/** Names in the order in which they are given. */
export function fieldNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('') || new Set(names).size < names.length) {
    throw new InvalidArgumentError('Expected names of fields, each once: a,b,c.');
  }
  return names;
}

/** Two names, or one that holds for both. */
export function rewardFields(text: string): readonly [a: string, b: string] {
  const [a = '', b = a, ...others] = text.split(',').map((name) => name.trim());
  if (a === '' || b === '' || others.length > 0) throw new InvalidArgumentError('Expected two names of fields: a,b.');
  return [a, b];
}

const label = matching(/\S/, 'Expected a label.');
export const labels = (text: string, before: readonly string[] = []): readonly string[] => [...before, label(text)];

export const thresholds =
  (side: Side) =>
  (text: string, before: readonly Threshold[] = []): readonly Threshold[] => {
    const parsed = parseThreshold(side, text);
    if (typeof parsed === 'string') throw new InvalidArgumentError(parsed);
    return [...before, parsed];
  };

/** The names of metrics, or `all`. A file that follows the bare flag is taken for its value. */
export function regressions(
  text: string,
  before: readonly (MetricName | typeof ALL_METRICS)[] = [],
): readonly (MetricName | typeof ALL_METRICS)[] {
  const parsed = parseRegression(text);
  if (typeof parsed !== 'string')
    throw new InvalidArgumentError(`${parsed.problem} Files stand before it, or after --.`);
  return [...before, parsed];
}
