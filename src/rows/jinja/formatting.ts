/** '%' and str.format of Python, in what templates use of them. */
import { TemplateError, unsupported } from './errors.js';
import { toFixed, toFloat } from './numbers.js';
import { repr, str } from './printing.js';
import { codePoints, lengthOf } from './text.js';
import { isInteger, isNumber, PyDict, PyList, PyRange, PyTuple, typeOf, Undefined, type Value } from './values.js';

/** format % given */
export function percentFormat(format: string, given: Value): string {
  const positional = given instanceof PyTuple ? given.items : [given];
  let next = 0;
  const take = (): Value => {
    const value = positional[next++];
    if (value === undefined) throw new TemplateError('not enough arguments for format string');
    return value;
  };
  const text = format.replace(
    /%(?:\(([^)]*)\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?([hlL]?)(.?)/gsu,
    (directive, name: string | undefined, flags: string, width = '', precision: string | undefined, _, letter) => {
      if (letter === '%' && directive === '%%') return '%';
      if (width === '*' || precision === '*' || (precision === undefined && directive.includes('.'))) {
        throw unsupported(`the format ${directive}`);
      }
      if (name !== undefined && !(given instanceof PyDict)) throw new TemplateError('format requires a mapping');
      const value = name === undefined ? take() : (given as PyDict).get(name);
      if (value === undefined) throw new TemplateError(`no member ${name} for the format`);
      return percentField(directive, flags, Number(width), precision, letter as string, value);
    },
  );
  // Python takes what can be indexed for a mapping, of which not all need be named.
  const isMapping = [PyDict, PyList, PyRange, Undefined].some((type) => given instanceof type);
  if (next < positional.length && !isMapping) {
    throw new TemplateError('not all arguments converted during string formatting');
  }
  return text;
}

function percentField(
  directive: string,
  flags: string,
  width: number,
  precision: string | undefined,
  letter: string,
  value: Value,
): string {
  if (flags.includes('#')) throw unsupported(`the format ${directive}`);
  const text = letter === 's' || letter === 'r';
  if (!text && !isNumber(value))
    throw new TemplateError(`%${letter} format: a number is required, not ${typeOf(value)}`);
  const body = text
    ? cut(letter === 's' ? str(value) : repr(value), precision)
    : signed(numberText(directive, letter, precision, value as number), flags);
  if (flags.includes('-')) return body + ' '.repeat(Math.max(0, width - lengthOf(body)));
  if (flags.includes('0') && !text) return padAfterSign(body, width);
  return ' '.repeat(Math.max(0, width - lengthOf(body))) + body;
}

const cut = (text: string, precision: string | undefined): string =>
  precision === undefined ? text : codePoints(text).slice(0, Number(precision)).join('');

function numberText(
  directive: string,
  letter: string,
  precision: string | undefined,
  value: boolean | bigint | number,
): string {
  if (letter === 'd' || letter === 'i' || letter === 'u') {
    if (precision !== undefined) throw unsupported(`the format ${directive}`);
    return String(isInteger(value) ? BigInt(value) : BigInt(Math.trunc(value)));
  }
  if (letter === 'f' || letter === 'F') return toFixed(toFloat(value), Number(precision ?? 6));
  const base = { x: 16, X: 16, o: 8 }[letter];
  if (base === undefined || precision !== undefined || !isInteger(value)) throw unsupported(`the format ${directive}`);
  const digits = BigInt(value).toString(base);
  return letter === 'X' ? digits.toUpperCase() : digits;
}

function signed(digits: string, flags: string): string {
  if (digits.startsWith('-')) return digits;
  if (flags.includes('+')) return `+${digits}`;
  return flags.includes(' ') ? ` ${digits}` : digits;
}

function padAfterSign(body: string, width: number): string {
  const [, sign = '', digits = ''] = /^([-+ ]?)(.*)$/s.exec(body) ?? [];
  return sign + digits.padStart(width - sign.length, '0');
}

/** A replacement field of str.format, between its braces. */
interface Field {
  readonly name: string;
  readonly conversion: string;
  readonly specification: string;
}

/**
 * str.format
 *
 * @param lookUp the value of a field's name, of which `path` is what follows the first dot or bracket
 */
export function braceFormat(format: string, lookUp: (name: string) => Value): string {
  let [automatic, manual] = [0, false];
  return format.replace(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g, (part, inside: string | undefined) => {
    if (part === '{{') return '{';
    if (part === '}}') return '}';
    if (inside === undefined) throw unsupported(`a format with ${part} inside a field`);
    const { name, conversion, specification } = fieldOf(inside);
    const isAutomatic = /^(?:$|[.[])/.test(name);
    manual ||= /^\d/.test(name);
    const value = lookUp(isAutomatic ? `${automatic++}${name}` : name);
    if (automatic > 0 && manual) throw new TemplateError('a format either numbers its fields or leaves it to Python');
    if (conversion !== '' && conversion !== 's' && conversion !== 'r')
      throw unsupported(`the conversion !${conversion}`);
    return formatted(conversion === '' ? value : conversion === 's' ? str(value) : repr(value), specification);
  });
}

function fieldOf(inside: string): Field {
  const [, name = '', conversion = '', specification = ''] = /^([^!:]*)(?:!([^:]*))?(?::(.*))?$/s.exec(inside) ?? [];
  return { name, conversion, specification };
}

const SPECIFICATION = /^(?:(.)?([<>^=]))?([-+ ]?)(#?)(0?)(\d*)([,_]?)(?:\.(\d+))?([a-zA-Z%]?)$/su;

/** format(value, specification) */
function formatted(value: Value, specification: string): string {
  if (specification === '') return str(value);
  const parts = SPECIFICATION.exec(specification);
  const [, fill = ' ', align, sign = '', alternate, zero, width = '', group = '', precision, letter = ''] = parts ?? [];
  const number = isNumber(value) && typeof value !== 'boolean';
  if (parts === null || alternate === '#' || align === '=' || (!number && typeof value !== 'string')) {
    throw unsupported(`the format specification ${specification} of a ${typeOf(value)}`);
  }
  let body: string;
  if (number) {
    body = signed(grouped(formattedNumber(value, specification, precision, letter), group), sign);
    if (zero === '0' && align === undefined) {
      if (group !== '') throw unsupported(`the format specification ${specification}`);
      return padAfterSign(body, Number(width));
    }
  } else {
    if ((letter !== '' && letter !== 's') || sign !== '' || zero === '0' || group !== '') {
      throw unsupported(`the format specification ${specification} of a str`);
    }
    body = cut(value as string, precision);
  }
  const room = Math.max(0, Number(width) - lengthOf(body));
  const before = { '<': 0, '>': room, '^': Math.floor(room / 2) }[align ?? (number ? '>' : '<')] as number;
  return fill.repeat(before) + body + fill.repeat(room - before);
}

function formattedNumber(
  value: bigint | number,
  specification: string,
  precision: string | undefined,
  letter: string,
): string {
  if (letter === 'f' || letter === 'F') return toFixed(toFloat(value), Number(precision ?? 6));
  if (letter === '%') return `${toFixed(toFloat(value) * 100, Number(precision ?? 6))}%`;
  if (typeof value === 'bigint' && precision === undefined) {
    const base = { '': 10, d: 10, x: 16, X: 16, o: 8, b: 2 }[letter];
    if (base !== undefined) return letter === 'X' ? value.toString(16).toUpperCase() : value.toString(base);
  }
  throw unsupported(`the format specification ${specification} of a ${typeOf(value)}`);
}

const grouped = (digits: string, separator: string): string =>
  separator === '' ? digits : digits.replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(?:\d{3})+$)/g, separator));
