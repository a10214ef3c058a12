/** What can be read item by item, and how many items there are. */
import { TemplateError } from './errors.js';
import { codePoints, lengthOf } from './text.js';
import {
  DictView,
  Markup,
  PyDict,
  PyIterator,
  PyList,
  PyRange,
  PyTuple,
  typeOf,
  Undefined,
  type Value,
} from './values.js';

/** What the items of are known before they are read. */
function itemsIn(value: Value): readonly Value[] | undefined {
  if (typeof value === 'string') return codePoints(value);
  if (value instanceof Markup) return codePoints(value.text).map((character) => new Markup(character));
  if (value instanceof PyList || value instanceof PyTuple || value instanceof DictView || value instanceof PyRange) {
    return value.items;
  }
  if (value instanceof PyDict) return value.keys();
  return value instanceof Undefined ? [] : undefined;
}

/** @returns undefined where Python has a TypeError */
export function iteratorOf(value: Value): Iterator<Value> | undefined {
  if (value instanceof PyIterator) return value.items;
  return itemsIn(value)?.[Symbol.iterator]();
}

export function iterate(value: Value): Iterator<Value> {
  const iterator = iteratorOf(value);
  if (iterator === undefined) throw new TemplateError(`'${typeOf(value)}' object is not iterable`);
  return iterator;
}

/** All items that are left. */
export function listOf(value: Value): Value[] {
  const iterator = iterate(value);
  const items: Value[] = [];
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) items.push(next.value);
  return items;
}

/** In the other order, without reading ahead where Python does not: undefined where Python has a TypeError. */
export function reversedItems(value: Value): Value[] | undefined {
  if (value instanceof PyIterator) return undefined;
  return itemsIn(value)?.toReversed();
}

/** len(): undefined where Python has a TypeError. */
export function sizeOf(value: Value): number | undefined {
  if (typeof value === 'string') return lengthOf(value);
  if (value instanceof PyDict) return value.size;
  if (value instanceof PyRange) return value.length;
  return itemsIn(value)?.length;
}

export function sizeOrFail(value: Value): bigint {
  const size = sizeOf(value);
  if (size === undefined) throw new TemplateError(`object of type '${typeOf(value)}' has no len()`);
  return BigInt(size);
}
