/** What filters call an attribute: a path of names and numbers with dots between them (jinja2/filters.py, make_attrgetter). */
import { getItem } from './attributes.js';
import { unsupported } from './errors.js';
import { lower } from './text.js';
import { isInteger, typeOf, Undefined, type Value } from './values.js';

export type Getter = (item: Value) => Value;

/** @param otherwise for what is not defined on the way */
export function getterOf(attribute: Value | undefined, otherwise?: Value): Getter {
  const parts = partsOf(attribute);
  return (item) =>
    parts.reduce((value: Value, part) => {
      const inner = getItem(value, part);
      return inner instanceof Undefined && otherwise !== undefined && otherwise !== null ? otherwise : inner;
    }, item);
}

/** Several attributes with commas between them. */
export function gettersOf(attribute: Value | undefined): Getter[] {
  if (typeof attribute !== 'string') return [getterOf(attribute)];
  return attribute.split(',').map((one) => getterOf(one));
}

function partsOf(attribute: Value | undefined): readonly Value[] {
  if (attribute === undefined || attribute === null) return [];
  if (typeof attribute === 'string')
    return attribute.split('.').map((part) => (/^[0-9]+$/.test(part) ? BigInt(part) : part));
  if (isInteger(attribute)) return [attribute];
  throw unsupported(`an attribute of the type ${typeOf(attribute)}`);
}

/** What is compared without case: strings are made small. */
export const ignoreCase = (value: Value): Value => (typeof value === 'string' ? lower(value) : value);
