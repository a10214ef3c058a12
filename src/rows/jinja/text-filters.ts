/** The filters of Jinja2 that make text (jinja2/filters.py, 3.1.6), and the `tojson` of transformers. */
import { asInteger, asPrinted, asText, asTextOrNone, bind } from './arguments.js';
import { TemplateError, unsupported } from './errors.js';
import type { Filter } from './filter.js';
import { percentFormat } from './formatting.js';
import { getterOf } from './getters.js';
import { listOf } from './iteration.js';
import { toJson } from './json.js';
import { str } from './printing.js';
import { centered } from './string-methods.js';
import {
  capitalize,
  codePoints,
  lengthOf,
  lower,
  replace,
  splitAtFromEnd,
  splitAtSpaces,
  splitLines,
  strip,
  titleFilter,
  upper,
} from './text.js';
import { type Arguments, isInteger, Markup, PyDict, PyTuple, truthOf, typeOf, type Value } from './values.js';

type Values = readonly (Value | undefined)[];

/** Of a text: another value is printed first. What is marked as safe would stay marked, which is not followed here. */
const ofText =
  (name: string, parameters: readonly string[], run: (text: string, values: Values) => Value): Filter =>
  (value, given) => {
    if (value instanceof Markup) throw unsupported(`the filter ${name} of text that is marked as safe`);
    return run(str(value), bind(name, parameters, given));
  };

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' };

const escaped = (text: string): Markup =>
  new Markup(text.replace(/[&<>'"]/g, (character) => HTML[character] as string));

const escapeHtml: Filter = (value, given) => {
  bind('escape', [], given);
  return value instanceof Markup ? value : escaped(str(value));
};

const withoutTags: Filter = (value, given) => {
  bind('striptags', [], given);
  const text = str(value)
    .replace(/<!--.*?-->/gs, '')
    .replace(/<.*?>/gs, '');
  if (text.includes('&')) throw unsupported('striptags of text with character references');
  if (/<!--|</.test(text)) throw unsupported('striptags of text with an open tag');
  return splitAtSpaces(text, -1).join(' ');
};

const indent: Filter = (value, given) => {
  const [width = 4n, first = false, blank = false] = bind('indent', ['width?', 'first?', 'blank?'], given);
  const text = asText(value, 'the value of indent');
  const margin = typeof width === 'string' ? width : ' '.repeat(Math.max(0, asInteger(width, 'width')));
  // Jinja2 splits the text with one more newline, so that an empty last line is one.
  const lines = splitLines(`${text}\n`, false);
  const indented = lines.map((line, index) => (index > 0 && (truthOf(blank) || line !== '') ? margin + line : line));
  return (truthOf(first) ? margin : '') + indented.join('\n');
};

const truncate: Filter = (value, given) => {
  const parameters = ['length?', 'killwords?', 'end?', 'leeway?'];
  const [length, killWords = false, end = '...', leeway = null] = bind('truncate', parameters, given);
  const text = asText(value, 'the value of truncate');
  const most = asInteger(length, 'length', 255);
  const more = leeway === null ? 5 : asInteger(leeway, 'leeway');
  const ending = asText(end, 'end');
  if (most < lengthOf(ending) || more < 0)
    throw new TemplateError('truncate expects a length that is not below that of end');
  if (lengthOf(text) <= most + more) return text;
  const start = codePoints(text)
    .slice(0, most - lengthOf(ending))
    .join('');
  return (truthOf(killWords) ? start : (splitAtFromEnd(start, ' ', 1)[0] as string)) + ending;
};

const join: Filter = (value, given) => {
  const [separator = '', attribute = null] = bind('join', ['d?', 'attribute?'], given);
  const get = attribute === null ? (item: Value) => item : getterOf(attribute);
  return listOf(value)
    .map((item) => str(get(item)))
    .join(str(separator));
};

const format: Filter = (value, { positional, named }) => {
  if (positional.length > 0 && named.size > 0) throw new TemplateError('format takes values by place or by name');
  if (value instanceof Markup) throw unsupported('the filter format of text that is marked as safe');
  return percentFormat(str(value), named.size > 0 ? new PyDict(named) : new PyTuple(positional));
};

function tojson(value: Value, given: Arguments): Value {
  const parameters = ['ensure_ascii?', 'indent?', 'separators?', 'sort_keys?'];
  const [asciiOnly = false, margin = null, separators = null, sortKeys = false] = bind('tojson', parameters, given);
  const level = margin === null ? undefined : levelOf(margin);
  const [item, key] = separators === null ? [level === undefined ? ', ' : ',', ': '] : listOf(separators);
  return toJson(value, {
    asciiOnly: truthOf(asciiOnly),
    indent: level,
    itemSeparator: asText(item, 'the first of separators'),
    keySeparator: asText(key, 'the second of separators'),
    sortKeys: truthOf(sortKeys),
  });
}

function levelOf(indentation: Value): string {
  if (typeof indentation === 'string') return indentation;
  if (!isInteger(indentation)) throw new TemplateError(`expected indent to be an int, got ${typeOf(indentation)}`);
  return ' '.repeat(Math.max(0, Number(indentation)));
}

const string: Filter = (value, given) => {
  bind('string', [], given);
  return value instanceof Markup ? value : str(value);
};

export const textFilters: Readonly<Record<string, Filter>> = {
  capitalize: ofText('capitalize', [], capitalize),
  center: ofText('center', ['width?'], (text, [width]) => centered(text, asInteger(width, 'width', 80))),
  e: escapeHtml,
  escape: escapeHtml,
  forceescape: (value, given) => {
    bind('forceescape', [], given);
    return escaped(str(value));
  },
  format,
  indent,
  join,
  lower: ofText('lower', [], lower),
  replace: (value, given) => {
    const [old, by, count = null] = bind('replace', ['old', 'new', 'count?'], given);
    const most = count === null ? -1 : asInteger(count, 'count');
    return replace(str(value), asPrinted(old), asPrinted(by), most);
  },
  safe: (value, given) => {
    bind('safe', [], given);
    return new Markup(str(value));
  },
  string,
  striptags: withoutTags,
  title: ofText('title', [], titleFilter),
  tojson,
  trim: ofText('trim', ['chars?'], (text, [characters]) => strip(text, asTextOrNone(characters, 'chars'))),
  truncate,
  upper: ofText('upper', [], upper),
  wordcount: ofText('wordcount', [], (text) => BigInt(text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0)),
};
