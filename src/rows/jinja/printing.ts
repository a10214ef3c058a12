/** str() and repr() of Python. */
import { unsupported } from './errors.js';
import { printFloat, printInteger } from './numbers.js';
import {
  CallableObject,
  DictView,
  Markup,
  Namespace,
  PyDict,
  PyList,
  PyRange,
  PyTuple,
  typeOf,
  Undefined,
  type Value,
} from './values.js';

/** As a template prints a value. */
export function str(value: Value): string {
  if (typeof value === 'string') return value;
  if (value instanceof Markup) return value.text;
  if (value instanceof Undefined) return '';
  return repr(value);
}

export function repr(value: Value): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'bigint') return printInteger(value);
  if (typeof value === 'number') return printFloat(value);
  if (typeof value === 'string') return quoted(value);
  if (value instanceof PyList) return `[${reprAll(value.items)}]`;
  if (value instanceof PyTuple)
    return value.items.length === 1 ? `(${reprAll(value.items)},)` : `(${reprAll(value.items)})`;
  if (value instanceof PyDict) return reprDict(value);
  if (value instanceof DictView) return `${value.type}([${reprAll(value.items)}])`;
  if (value instanceof PyRange) return reprRange(value);
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof Namespace) return `<Namespace ${reprDict(value.attributes)}>`;
  if (value instanceof Markup) return `Markup(${quoted(value.text)})`;
  if (value instanceof CallableObject && value.type === 'Macro') return `<Macro ${quoted(value.name)}>`;
  // Python prints where in memory it is.
  throw unsupported(`printing a value of the type ${typeOf(value)}`);
}

const reprAll = (items: readonly Value[]): string => items.map(repr).join(', ');

const reprDict = (dict: PyDict): string =>
  `{${dict
    .entries()
    .map(([key, value]) => `${repr(key)}: ${repr(value)}`)
    .join(', ')}}`;

const reprRange = ({ start, stop, step }: PyRange): string =>
  step === 1n ? `range(${start}, ${stop})` : `range(${start}, ${stop}, ${step})`;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** In single quotes, or in double ones where the text has single ones alone; what does not print is escaped. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inside = text.replace(/[\\'\p{C}\p{Z}]/gu, (character) => {
    if (character === ' ') return character;
    if (character === "'") return quote === "'" ? "\\'" : character;
    return SHORT_ESCAPES[character] ?? escaped(character.codePointAt(0) as number);
  });
  return quote + inside + quote;
}

function escaped(point: number): string {
  const hex = point.toString(16);
  if (point < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return point < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
