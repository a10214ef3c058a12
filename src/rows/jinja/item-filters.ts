/** The filters of Jinja2 that read items (jinja2/filters.py, 3.1.6). What is a generator in Python is one here. */
import { asInteger, asText, bind } from './arguments.js';
import { attributeOf } from './attributes.js';
import { TemplateError, unsupported } from './errors.js';
import type { Filter } from './filter.js';
import { type Getter, getterOf, gettersOf, ignoreCase } from './getters.js';
import { iterate, listOf, reversedItems, sizeOrFail } from './iteration.js';
import { compare, equals, operate } from './operators.js';
import { codePoints } from './text.js';
import {
  hashOf,
  Markup,
  orUndefined,
  PyDict,
  PyIterator,
  PyList,
  PyTuple,
  truthOf,
  typeOf,
  Undefined,
  type Value,
} from './values.js';

const length: Filter = (value, given) => {
  bind('length', [], given);
  return sizeOrFail(value);
};

const defaultValue: Filter = (value, given) => {
  const [otherwise = '', boolean = false] = bind('default', ['default_value?', 'boolean?'], given);
  return value instanceof Undefined || (truthOf(boolean) && !truthOf(value)) ? otherwise : value;
};

/** Reads on only when the next item is asked for. */
function* lazily(value: Value): Generator<Value, undefined> {
  const iterator = iterate(value);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) yield next.value;
  return undefined;
}

const first: Filter = (value, given) => {
  bind('first', [], given);
  const next = iterate(value).next();
  return next.done === true ? new Undefined('No first item, sequence was empty.') : next.value;
};

const last: Filter = (value, given) => {
  bind('last', [], given);
  const [item] = reversedOrFail(value);
  return orUndefined(item, () => 'No last item, sequence was empty.');
};

function reversedOrFail(value: Value): Value[] {
  const items = reversedItems(value);
  if (items === undefined) throw new TemplateError(`'${typeOf(value)}' object is not reversible`);
  return items;
}

const reverse: Filter = (value, given) => {
  bind('reverse', [], given);
  if (typeof value === 'string') return codePoints(value).toReversed().join('');
  if (value instanceof Markup) throw unsupported('the filter reverse of text that is marked as safe');
  const items = reversedItems(value);
  return items === undefined ? new PyList(listOf(value).toReversed()) : new PyIterator(items);
};

const items: Filter = (value, given) => {
  bind('items', [], given);
  if (value instanceof Undefined) return new PyIterator([]);
  if (value instanceof PyDict) return new PyIterator(value.entries().map((entry) => new PyTuple(entry)));
  throw new TemplateError('Can only get item pairs from a mapping.');
};

const attr: Filter = (value, given) => {
  const [name] = bind('attr', ['name'], given);
  if (value instanceof Undefined) value.fail();
  const wanted = asText(name, 'name');
  return orUndefined(attributeOf(value, wanted), () => `'${typeOf(value)} object' has no attribute '${wanted}'`);
};

/** By keys that are computed once for each item. Equal ones keep their order, in either direction. */
function sortedBy(values: readonly Value[], keyOf: Getter, isReversed: boolean): Value[] {
  const keyed = values.map((value) => [keyOf(value), value] as const);
  // One value is compared with none, and may be of any type.
  keyed.sort(([a], [b]) => (isReversed ? compare(b, a) : compare(a, b)));
  return keyed.map(([, value]) => value);
}

const caseOf = (caseSensitive: Value | undefined): Getter =>
  truthOf(caseSensitive ?? false) ? (value) => value : ignoreCase;

const sort: Filter = (value, given) => {
  const [isReversed = false, caseSensitive, attribute] = bind(
    'sort',
    ['reverse?', 'case_sensitive?', 'attribute?'],
    given,
  );
  const getters = gettersOf(attribute);
  const fold = caseOf(caseSensitive);
  const keyOf = (item: Value): Value => new PyList(getters.map((get) => fold(get(item))));
  return new PyList(sortedBy(listOf(value), keyOf, truthOf(isReversed)));
};

const dictsort: Filter = (value, given) => {
  const parameters = ['case_sensitive?', 'by?', 'reverse?'];
  const [caseSensitive, by = 'key', isReversed = false] = bind('dictsort', parameters, given);
  if (by !== 'key' && by !== 'value') throw new TemplateError('You can only sort by either "key" or "value"');
  if (!(value instanceof PyDict)) throw new TemplateError(`dictsort of a ${typeOf(value)}`);
  const fold = caseOf(caseSensitive);
  const pairs = value.entries().map((entry) => new PyTuple(entry));
  const keyOf = (pair: Value): Value => fold((pair as PyTuple).items[by === 'key' ? 0 : 1] as Value);
  return new PyList(sortedBy(pairs, keyOf, truthOf(isReversed)));
};

const extreme =
  (name: string, isBetter: (order: number) => boolean): Filter =>
  (value, given) => {
    const [caseSensitive, attribute] = bind(name, ['case_sensitive?', 'attribute?'], given);
    const [get, fold] = [getterOf(attribute), caseOf(caseSensitive)];
    const keyOf = (item: Value): Value => fold(get(item));
    const [firstItem, ...rest] = listOf(value);
    if (firstItem === undefined) return new Undefined('No aggregated item, sequence was empty.');
    return rest.reduce((best, item) => (isBetter(compare(keyOf(item), keyOf(best))) ? item : best), firstItem);
  };

const unique: Filter = (value, given) => {
  const [caseSensitive, attribute] = bind('unique', ['case_sensitive?', 'attribute?'], given);
  const [get, fold] = [getterOf(attribute), caseOf(caseSensitive)];
  return new PyIterator(distinct(value, (item) => hashOf(fold(get(item)))));
};

function* distinct(value: Value, keyOf: (item: Value) => string): Generator<Value> {
  const seen = new Set<string>();
  for (const item of lazily(value)) {
    const key = keyOf(item);
    if (!seen.has(key)) yield item;
    seen.add(key);
  }
}

const sum: Filter = (value, given) => {
  const [attribute, start = 0n] = bind('sum', ['attribute?', 'start?'], given);
  if (typeof start === 'string') throw new TemplateError("sum() can't sum strings");
  const get = getterOf(attribute);
  return listOf(value).reduce((total: Value, item) => {
    const added = get(item);
    // Python 3.12 and later sum floats more exactly than earlier ones.
    if (typeof added === 'number' || typeof total === 'number') throw unsupported('the sum of floats');
    return operate('+', total, added);
  }, start);
};

const groupby: Filter = (value, given) => {
  const [attribute, otherwise, caseSensitive] = bind('groupby', ['attribute', 'default?', 'case_sensitive?'], given);
  const [get, fold] = [getterOf(attribute, otherwise), caseOf(caseSensitive)];
  const keyOf = (item: Value): Value => fold(get(item));
  const groups: { readonly key: Value; readonly members: Value[] }[] = [];
  for (const item of sortedBy(listOf(value), keyOf, false)) {
    const group = groups.at(-1);
    if (group !== undefined && equals(group.key, keyOf(item))) group.members.push(item);
    else groups.push({ key: keyOf(item), members: [item] });
  }
  const tuples = groups.map(
    ({ members }) => new PyTuple([get(members[0] as Value), new PyList(members)], ['grouper', 'list']),
  );
  return new PyList(tuples);
};

const batch: Filter = (value, given) => {
  const [size, fill = null] = bind('batch', ['linecount', 'fill_with?'], given);
  const count = asInteger(size, 'linecount');
  if (count < 1) throw unsupported(`a batch of ${count}`);
  return new PyIterator(batches(value, count, fill));
};

function* batches(value: Value, count: number, fill: Value): Generator<Value> {
  let batched: Value[] = [];
  for (const item of lazily(value)) {
    if (batched.length === count) {
      yield new PyList(batched);
      batched = [];
    }
    batched.push(item);
  }
  if (batched.length === 0) return;
  const missing = fill === null ? 0 : count - batched.length;
  yield new PyList([...batched, ...Array.from({ length: missing }, () => fill)]);
}

const slice: Filter = (value, given) => {
  const [slices, fill = null] = bind('slice', ['slices', 'fill_with?'], given);
  const count = asInteger(slices, 'slices');
  if (count < 1) throw unsupported(`a slice into ${count}`);
  const all = listOf(value);
  const [each, extra] = [Math.floor(all.length / count), all.length % count];
  const parts = Array.from({ length: count }, (_, index) => {
    const start = index * each + Math.min(index, extra);
    const part = all.slice(start, start + each + Number(index < extra));
    return new PyList(fill !== null && index >= extra ? [...part, fill] : part);
  });
  return new PyIterator(parts);
};

const list: Filter = (value, given) => {
  bind('list', [], given);
  return new PyList(listOf(value));
};

export const itemFilters: Readonly<Record<string, Filter>> = {
  attr,
  batch,
  count: length,
  d: defaultValue,
  default: defaultValue,
  dictsort,
  first,
  groupby,
  items,
  last,
  length,
  list,
  max: extreme('max', (order) => order > 0),
  min: extreme('min', (order) => order < 0),
  reverse,
  slice,
  sort,
  sum,
  unique,
};
