/** The filters of Jinja2 that make numbers (jinja2/filters.py, 3.1.6). */
import { asInteger, bind } from './arguments.js';
import { TemplateError, unsupported } from './errors.js';
import type { Filter } from './filter.js';
import { finite, parseFloatText, parseInteger, roundFloat, roundInteger, toFloat } from './numbers.js';
import { str } from './printing.js';
import { strip } from './text.js';
import { isInteger, isNumber, Markup, typeOf, Undefined, type Value } from './values.js';

/** A text without the white space around it. Python reads digits of other scripts, too. */
function digitsOf(value: Value): string | undefined {
  if (typeof value !== 'string' && !(value instanceof Markup)) return undefined;
  const text = strip(str(value), null);
  if (/(?![0-9])\p{Nd}/u.test(text)) throw unsupported('digits other than those of ASCII in a number');
  return text;
}

const int: Filter = (value, given) => {
  const [otherwise = 0n, base = 10n] = bind('int', ['default?', 'base?'], given);
  if (value instanceof Undefined) value.fail();
  if (isNumber(value)) return isInteger(value) ? BigInt(value) : BigInt(Math.trunc(value));
  const text = digitsOf(value);
  if (text === undefined) return otherwise;
  const whole = parseInteger(text, asInteger(base, 'base'));
  if (whole !== undefined) return whole;
  const float = parseFloatText(text);
  return float === undefined ? otherwise : BigInt(Math.trunc(float));
};

const float: Filter = (value, given) => {
  const [otherwise = 0] = bind('float', ['default?'], given);
  if (value instanceof Undefined) value.fail();
  if (isNumber(value)) return toFloat(value);
  const text = digitsOf(value);
  return (text === undefined ? undefined : parseFloatText(text)) ?? otherwise;
};

const abs: Filter = (value, given) => {
  bind('abs', [], given);
  if (!isNumber(value)) throw new TemplateError(`bad operand type for abs(): '${typeOf(value)}'`);
  if (!isInteger(value)) return Math.abs(value);
  const integer = BigInt(value);
  return integer < 0n ? -integer : integer;
};

const round: Filter = (value, given) => {
  const [precision, method = 'common'] = bind('round', ['precision?', 'method?'], given);
  const places = asInteger(precision, 'precision', 0);
  if (value instanceof Undefined) value.fail();
  if (!isNumber(value)) throw new TemplateError(`round() of a ${typeOf(value)}`);
  if (method === 'common') {
    return isInteger(value) ? roundInteger(BigInt(value), places) : finite(roundFloat(value, places));
  }
  if (method !== 'ceil' && method !== 'floor') throw new TemplateError('method must be common, ceil or floor');
  if (places < 0 || places > 22) throw unsupported(`a precision of ${places}`);
  const power = 10 ** places;
  return finite(Math[method](toFloat(value) * power) / power);
};

export const numberFilters: Readonly<Record<string, Filter>> = { abs, float, int, round };
