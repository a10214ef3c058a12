/** json.dumps of Python, which the filter `tojson` of transformers is (chat_template_utils.py). */
import { TemplateError, unsupported } from './errors.js';
import { printFloat, printInteger } from './numbers.js';
import { compare } from './operators.js';
import { repr } from './printing.js';
import { Markup, PyDict, PyList, PyTuple, typeOf, type Value } from './values.js';

export interface JsonStyle {
  readonly asciiOnly: boolean;
  /** Of one level; undefined for one line. */
  readonly indent: string | undefined;
  readonly itemSeparator: string;
  readonly keySeparator: string;
  readonly sortKeys: boolean;
}

export function toJson(value: Value, style: JsonStyle, margin = '\n'): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return printInteger(value);
  if (typeof value === 'number') return printFloat(value);
  if (typeof value === 'string') return quoted(value, style);
  if (value instanceof Markup) return quoted(value.text, style);
  const inner = style.indent === undefined ? margin : margin + style.indent;
  if (value instanceof PyList || value instanceof PyTuple) {
    const items = value.items.map((item) => toJson(item, style, inner));
    return enclosed('[', items, ']', style, margin, inner);
  }
  if (value instanceof PyDict) {
    const entries = style.sortKeys ? value.entries().toSorted(([a], [b]) => compare(a, b)) : value.entries();
    const members = entries.map(
      ([key, member]) => keyOf(key, style) + style.keySeparator + toJson(member, style, inner),
    );
    return enclosed('{', members, '}', style, margin, inner);
  }
  throw new TemplateError(`Object of type ${typeOf(value)} is not JSON serializable`);
}

function enclosed(
  open: string,
  parts: readonly string[],
  close: string,
  { indent, itemSeparator }: JsonStyle,
  margin: string,
  inner: string,
): string {
  if (parts.length === 0) return open + close;
  if (indent === undefined) return open + parts.join(itemSeparator) + close;
  return open + inner + parts.join(itemSeparator + inner) + margin + close;
}

function keyOf(key: Value, style: JsonStyle): string {
  if (typeof key === 'string') return quoted(key, style);
  if (key === null || typeof key === 'boolean') return `"${key}"`;
  if (typeof key === 'bigint' || typeof key === 'number') return `"${repr(key)}"`;
  throw unsupported(`a key of the type ${typeOf(key)} in tojson`);
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\b': '\\b',
};

function quoted(text: string, { asciiOnly }: JsonStyle): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped.
  const pattern = asciiOnly ? /["\\]|[^\x20-\x7e]/g : /["\\\x00-\x1f]/g;
  const inside = text.replace(
    pattern,
    (unit) => SHORT_ESCAPES[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${inside}"`;
}
