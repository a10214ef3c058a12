/** The filters of Jinja2, and those of them that call others, or tests, by their names. */
import { asText } from './arguments.js';
import { TemplateError, unsupported } from './errors.js';
import type { Filter } from './filter.js';
import { filterNames } from './filter-names.js';
import { type Getter, getterOf } from './getters.js';
import { itemFilters } from './item-filters.js';
import { iterate } from './iteration.js';
import { numberFilters } from './number-filters.js';
import { findTest } from './tests.js';
import { textFilters } from './text-filters.js';
import { type Arguments, PyIterator, truthOf, type Value } from './values.js';

const map: Filter = (value, given) => new PyIterator(mapped(value, given));

/** As in Python, nothing is looked at until the first item is asked for, and nothing at all where there is none. */
function* mapped(value: Value, given: Arguments): Generator<Value> {
  if (!truthOf(value)) return;
  const get = mapping(given);
  const iterator = iterate(value);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) yield get(next.value);
}

function mapping({ positional, named }: Arguments): Getter {
  const [name, ...rest] = positional;
  if (name === undefined) {
    const { attribute, default: otherwise, ...others } = Object.fromEntries(named);
    if (attribute === undefined) throw new TemplateError('map requires a filter argument');
    for (const key of Object.keys(others)) throw new TemplateError(`Unexpected keyword argument '${key}'`);
    return getterOf(attribute, otherwise);
  }
  const filter = findFilter(asText(name, 'the filter of map'));
  return (item) => filter(item, { positional: rest, named });
}

/** @param keeps which items, by whether the test holds */
const selecting =
  (keeps: boolean, byAttribute: boolean): Filter =>
  (value, given) =>
    new PyIterator(selected(value, given, keeps, byAttribute));

function* selected(value: Value, given: Arguments, keeps: boolean, byAttribute: boolean): Generator<Value> {
  if (!truthOf(value)) return;
  const [attribute, ...afterAttribute] = given.positional;
  if (byAttribute && attribute === undefined) throw new TemplateError('Missing parameter for attribute name');
  const get = byAttribute ? getterOf(attribute) : (item: Value) => item;
  const isSo = selection(byAttribute ? afterAttribute : given.positional, given.named);
  const iterator = iterate(value);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    if (isSo(get(next.value)) === keeps) yield next.value;
  }
}

function selection([name, ...positional]: readonly Value[], named: Arguments['named']): (value: Value) => boolean {
  if (name === undefined) return truthOf;
  const test = findTest(asText(name, 'the test'));
  return (value) => test(value, { positional, named });
}

const filters: Readonly<Record<string, Filter>> = {
  ...textFilters,
  ...numberFilters,
  ...itemFilters,
  map,
  reject: selecting(false, false),
  rejectattr: selecting(false, true),
  select: selecting(true, false),
  selectattr: selecting(true, true),
};

export function findFilter(name: string): Filter {
  const filter = Object.hasOwn(filters, name) ? filters[name] : undefined;
  if (filter !== undefined) return filter;
  throw filterNames.has(name) ? unsupported(`the filter ${name}`) : new TemplateError(`No filter named '${name}'.`);
}
