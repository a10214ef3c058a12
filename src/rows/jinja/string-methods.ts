/** The methods of str. */
import { asInteger, asText, asTextOrNone, bind } from './arguments.js';
import { TemplateError, unsupported } from './errors.js';
import { iterate } from './iteration.js';
import { sliceBounds } from './slices.js';
import * as text from './text.js';
import { type Arguments, PyList, PyTuple, typeOf, type Value } from './values.js';

type Method = (self: string, given: Arguments) => Value;

const method =
  (
    name: string,
    parameters: readonly string[],
    run: (self: string, values: readonly (Value | undefined)[]) => Value,
  ): Method =>
  (self, given) =>
    run(self, bind(name, parameters, given));

const simple = (name: string, run: (self: string) => Value): Method => method(name, [], run);

const stripping = (name: string, run: (self: string, characters: string | null) => string): Method =>
  method(name, ['-chars?'], (self, [characters]) => run(self, asTextOrNone(characters, 'chars')));

/** A test of a part of the string that one of several texts begins or ends with. */
const affix = (name: string, test: (part: string, affixed: string) => boolean): Method =>
  method(name, ['-prefix', '-start?', '-end?'], (self, [wanted, start, end]) => {
    const part = partOf(self, start, end);
    if (part === undefined) return false;
    const texts = wanted instanceof PyTuple ? wanted.items : [wanted];
    return texts.some((one) => test(part, asText(one, `the argument of ${name}()`)));
  });

/** undefined where the part begins after the end of the string, which finds not even nothing. */
function partOf(self: string, start: Value | undefined, end: Value | undefined): string | undefined {
  if (start === undefined) return self;
  const characters = text.codePoints(self);
  const [from, to] = sliceBounds(start, end ?? null, characters.length);
  return from > to || asInteger(start ?? 0n, 'start', 0) > characters.length
    ? undefined
    : characters.slice(from, to).join('');
}

/** str.find and its like: places are counted in code points. */
const finding = (name: string, search: (part: string, wanted: string) => number, isFailing: boolean): Method =>
  method(name, ['-sub', '-start?', '-end?'], (self, [wanted, start, end]) => {
    if (start !== undefined || end !== undefined) throw unsupported(`${name}() with a start`);
    const at = search(self, asText(wanted, `the argument of ${name}()`));
    if (at < 0 && isFailing) throw new TemplateError('substring not found');
    return at < 0 ? -1n : BigInt(text.lengthOf(self.slice(0, at)));
  });

const splitting = (
  name: string,
  atSpaces: (self: string, most: number) => string[],
  at: (self: string, separator: string, most: number) => string[],
): Method =>
  method(name, ['sep?', 'maxsplit?'], (self, [separator, maxsplit]) => {
    const most = asInteger(maxsplit, 'maxsplit', -1);
    const by = asTextOrNone(separator, 'sep');
    if (by === '') throw new TemplateError('empty separator');
    return new PyList(by === null ? atSpaces(self, most < 0 ? -1 : most) : at(self, by, most < 0 ? -1 : most));
  });

const partitioning = (name: string, fromEnd: boolean): Method =>
  method(name, ['-sep'], (self, [separator]) => {
    const by = asText(separator, 'sep');
    if (by === '') throw new TemplateError('empty separator');
    const at = fromEnd ? self.lastIndexOf(by) : self.indexOf(by);
    if (at < 0) return new PyTuple(fromEnd ? ['', '', self] : [self, '', '']);
    return new PyTuple([self.slice(0, at), by, self.slice(at + by.length)]);
  });

const padding = (name: string, before: (room: number, width: number) => number): Method =>
  method(name, ['-width', '-fillchar?'], (self, [width, fill]) =>
    pad(self, asInteger(width, 'width'), fill === undefined ? ' ' : asText(fill, 'fillchar'), before),
  );

function pad(self: string, width: number, fill: string, before: (room: number, width: number) => number): string {
  if (text.lengthOf(fill) !== 1) throw new TemplateError('The fill character must be exactly one character long');
  const room = Math.max(0, width - text.lengthOf(self));
  const left = before(room, width);
  return fill.repeat(left) + self + fill.repeat(room - left);
}

/** CPython gives the odd space to the left where the width is odd, too. */
const leftOfCentre = (room: number, width: number): number => Math.floor(room / 2) + (room & width & 1);

export const centered = (self: string, width: number): string => pad(self, width, ' ', leftOfCentre);

/** Whether there are characters, and all match. */
const all = (name: string, pattern: RegExp): Method => simple(name, (self) => self !== '' && pattern.test(self));

/** Digits of other scripts, and signs that count as digits or numbers, are more than a class of Unicode. */
const digits = (name: string, others: RegExp): Method =>
  simple(name, (self) => {
    if (others.test(self)) throw unsupported(`${name}() of ${self}`);
    return /^[0-9]+$/.test(self);
  });

const methods: Readonly<Record<string, Method>> = {
  capitalize: simple('capitalize', text.capitalize),
  casefold: simple('casefold', (self) => {
    if (!text.isAscii(self)) throw unsupported('casefold() of other letters than those of ASCII');
    return text.lower(self);
  }),
  center: padding('center', leftOfCentre),
  count: method('count', ['-sub', '-start?', '-end?'], (self, [wanted, start, end]) => {
    const part = partOf(self, start, end);
    const sought = asText(wanted, 'the argument of count()');
    if (part === undefined) return 0n;
    return BigInt(sought === '' ? text.lengthOf(part) + 1 : part.split(sought).length - 1);
  }),
  endswith: affix('endswith', (part, suffix) => part.endsWith(suffix)),
  expandtabs: simple('expandtabs', () => {
    throw unsupported('expandtabs()');
  }),
  find: finding('find', (part, wanted) => part.indexOf(wanted), false),
  index: finding('index', (part, wanted) => part.indexOf(wanted), true),
  isalnum: all('isalnum', /^[\p{L}\p{N}]+$/u),
  isalpha: all('isalpha', /^\p{L}+$/u),
  isascii: simple('isascii', text.isAscii),
  isdecimal: all('isdecimal', /^\p{Nd}+$/u),
  isdigit: digits('isdigit', /(?![0-9])\p{N}/u),
  isidentifier: all('isidentifier', /^[\p{ID_Start}_]\p{ID_Continue}*$/u),
  islower: simple('islower', text.isLower),
  isnumeric: digits('isnumeric', /[^\x20-\x7e]/),
  isprintable: simple('isprintable', (self) => !/[\p{C}\p{Z}]/u.test(self.replaceAll(' ', ''))),
  isspace: all('isspace', new RegExp(`^[${text.SPACES}]+$`, 'u')),
  istitle: simple('istitle', text.isTitle),
  isupper: simple('isupper', text.isUpper),
  join: method('join', ['-iterable'], (self, [items]) => {
    const iterator = iterate(items as Value);
    const texts: string[] = [];
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      if (typeof next.value !== 'string') {
        throw new TemplateError(`sequence item ${texts.length}: expected str instance, ${typeOf(next.value)} found`);
      }
      texts.push(next.value);
    }
    return texts.join(self);
  }),
  ljust: padding('ljust', () => 0),
  lower: simple('lower', text.lower),
  lstrip: stripping('lstrip', text.stripStart),
  partition: partitioning('partition', false),
  removeprefix: method('removeprefix', ['-prefix'], (self, [prefix]) => {
    const begin = asText(prefix, 'prefix');
    return self.startsWith(begin) ? self.slice(begin.length) : self;
  }),
  removesuffix: method('removesuffix', ['-suffix'], (self, [suffix]) => {
    const end = asText(suffix, 'suffix');
    return self.endsWith(end) ? self.slice(0, self.length - end.length) : self;
  }),
  replace: method('replace', ['-old', '-new', '-count?'], (self, [old, by, count]) =>
    text.replace(self, asText(old, 'old'), asText(by, 'new'), asInteger(count, 'count', -1)),
  ),
  rfind: finding('rfind', (part, wanted) => part.lastIndexOf(wanted), false),
  rindex: finding('rindex', (part, wanted) => part.lastIndexOf(wanted), true),
  rjust: padding('rjust', (room) => room),
  rpartition: partitioning('rpartition', true),
  rsplit: splitting('rsplit', text.splitAtSpacesFromEnd, text.splitAtFromEnd),
  rstrip: stripping('rstrip', text.stripEnd),
  split: splitting('split', text.splitAtSpaces, text.splitAt),
  splitlines: method('splitlines', ['keepends?'], (self, [keepEnds]) => {
    if (keepEnds !== undefined && typeof keepEnds !== 'boolean') throw unsupported('keepends that is no bool');
    return new PyList(text.splitLines(self, keepEnds ?? false));
  }),
  startswith: affix('startswith', (part, prefix) => part.startsWith(prefix)),
  strip: stripping('strip', text.strip),
  swapcase: simple('swapcase', text.swapCase),
  title: simple('title', text.titleWords),
  upper: simple('upper', text.upper),
  zfill: method('zfill', ['-width'], (self, [width]) => {
    const [, sign = '', digitsAfter = ''] = /^([+-]?)(.*)$/su.exec(self) ?? [];
    return sign + '0'.repeat(Math.max(0, asInteger(width, 'width') - text.lengthOf(self))) + digitsAfter;
  }),
};

/** Those of Python's that are not above. */
const others = new Set(['encode', 'format_map', 'maketrans', 'translate']);

export function stringMethod(name: string): Method | undefined {
  if (Object.hasOwn(methods, name)) return methods[name];
  if (others.has(name)) throw unsupported(`the method ${name} of str`);
  return undefined;
}
