/** Equality, order, membership and arithmetic of Python. */
import { TemplateError, unsupported } from './errors.js';
import { percentFormat } from './formatting.js';
import { iterate, sizeOf } from './iteration.js';
import { finite, floatDivmod, floorDivide, modulo, toFloat } from './numbers.js';
import { str } from './printing.js';
import { compareText } from './text.js';
import {
  DictView,
  isInteger,
  isNumber,
  Markup,
  PyDict,
  PyList,
  PyRange,
  PyTuple,
  typeOf,
  Undefined,
  type Value,
} from './values.js';

export function equals(a: Value, b: Value): boolean {
  // Two kinds of number are compared by their value, exactly, whatever their types.
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b) === 0;
  if (a instanceof Markup || b instanceof Markup) return isText(a) && isText(b) && str(a) === str(b);
  if (a instanceof PyList && b instanceof PyList) return equalItems(a.items, b.items);
  if (a instanceof PyTuple && b instanceof PyTuple) return equalItems(a.items, b.items);
  if (a instanceof PyDict && b instanceof PyDict) return equalDicts(a, b);
  if (a instanceof PyRange && b instanceof PyRange) return equalItems(a.items, b.items);
  if (a instanceof Undefined && b instanceof Undefined) return true;
  if (a instanceof DictView && b instanceof DictView && a !== b) throw unsupported(`comparing ${a.type} and ${b.type}`);
  return a === b;
}

const plain = (value: boolean | bigint | number): bigint | number =>
  typeof value === 'boolean' ? BigInt(value) : value;

/** JavaScript compares a bigint and a number exactly, as Python does an int and a float. */
const compareNumbers = (a: boolean | bigint | number, b: boolean | bigint | number): number =>
  plain(a) < plain(b) ? -1 : Number(plain(a) > plain(b));

const isText = (value: Value): boolean => typeof value === 'string' || value instanceof Markup;

const equalItems = (a: readonly Value[], b: readonly Value[]): boolean =>
  a.length === b.length && a.every((item, index) => equals(item, b[index] as Value));

const equalDicts = (a: PyDict, b: PyDict): boolean =>
  a.size === b.size &&
  a.entries().every(([key, value]) => {
    const other = b.get(key);
    return other !== undefined && equals(value, other);
  });

/** Negative, zero or positive. @param operator named in the error */
export function compare(a: Value, b: Value, operator = '<'): number {
  if (a instanceof Undefined) a.fail();
  if (b instanceof Undefined) b.fail();
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b);
  if (isText(a) && isText(b)) return compareText(str(a), str(b));
  if ((a instanceof PyList && b instanceof PyList) || (a instanceof PyTuple && b instanceof PyTuple)) {
    const at = a.items.findIndex((item, index) => index >= b.items.length || !equals(item, b.items[index] as Value));
    if (at < 0) return a.items.length - b.items.length;
    return at >= b.items.length ? 1 : compare(a.items[at] as Value, b.items[at] as Value, operator);
  }
  throw new TemplateError(`'${operator}' not supported between instances of '${typeOf(a)}' and '${typeOf(b)}'`);
}

/** item in container */
export function contains(container: Value, item: Value): boolean {
  if (typeof container === 'string' || container instanceof Markup) {
    if (!isText(item)) {
      throw new TemplateError(`'in <string>' requires string as left operand, not ${typeOf(item)}`);
    }
    return str(container).includes(str(item));
  }
  if (container instanceof PyDict) return container.has(item);
  if (container instanceof DictView && container.type === 'dict_keys') return container.dict.has(item);
  if (sizeOf(container) === undefined && !(typeof container === 'object' && container !== null)) {
    throw new TemplateError(`argument of type '${typeOf(container)}' is not iterable`);
  }
  const iterator = iterate(container);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    if (next.value === item || equals(next.value, item)) return true;
  }
  return false;
}

type Operation = (a: Value, b: Value) => Value | undefined;

/** Longer ones would fill the memory that all rows share. */
const MOST_ITEMS = 10_000_000;
const MOST_BITS = 1_000_000;

const plus: Operation = (a, b) => {
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  if (a instanceof PyList && b instanceof PyList) return new PyList([...a.items, ...b.items]);
  if (a instanceof PyTuple && b instanceof PyTuple) return new PyTuple([...a.items, ...b.items]);
  return arithmetic(
    (x, y) => x + y,
    (x, y) => x + y,
  )(a, b);
};

const times: Operation = (a, b) => {
  if (isInteger(a) && !isNumber(b)) return times(b, a);
  if (!isNumber(a) && isInteger(b)) {
    const size = sizeOf(a);
    const count = Math.max(0, Number(b));
    if (size !== undefined && size * count > MOST_ITEMS) throw unsupported(`a repetition of ${size * count} items`);
    if (typeof a === 'string') return a.repeat(count);
    if (a instanceof PyList) return new PyList(Array.from({ length: count }, () => a.items).flat());
    if (a instanceof PyTuple) return new PyTuple(Array.from({ length: count }, () => a.items).flat());
    return undefined;
  }
  return arithmetic(
    (x, y) => x * y,
    (x, y) => x * y,
  )(a, b);
};

const divide: Operation = (a, b) => {
  if (!isNumber(a) || !isNumber(b)) return undefined;
  if (toFloat(b) === 0) throw new TemplateError('division by zero');
  return finite(toFloat(a) / toFloat(b));
};

const power: Operation = (a, b) => {
  if (!isNumber(a) || !isNumber(b)) return undefined;
  // The last digit of a power of floats depends on the library that computes it.
  if (!isInteger(a) || !isInteger(b) || BigInt(b) < 0n) throw unsupported('** of floats, or with a negative exponent');
  const [base, exponent] = [BigInt(a), BigInt(b)];
  if (base.toString(2).length * Number(exponent) > MOST_BITS) throw unsupported('an int of so many digits');
  return base ** exponent;
};

/** An operation of two ints, or of two floats where one of them is a float. */
const arithmetic =
  (ofIntegers: (a: bigint, b: bigint) => bigint, ofFloats: (a: number, b: number) => number): Operation =>
  (a, b) => {
    if (!isNumber(a) || !isNumber(b)) return undefined;
    if (isInteger(a) && isInteger(b)) {
      const result = ofIntegers(BigInt(a), BigInt(b));
      if (result.toString(16).length * 4 > MOST_BITS) throw unsupported('an int of so many digits');
      return result;
    }
    return finite(ofFloats(toFloat(a), toFloat(b)));
  };

const operations: Readonly<Record<string, Operation>> = {
  '+': plus,
  '-': arithmetic(
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  '*': times,
  '/': divide,
  '//': arithmetic(floorDivide, (a, b) => floatDivmod(a, b)[0]),
  '%': (a, b) => {
    if (typeof a === 'string') return percentFormat(a, b);
    return arithmetic(modulo, (x, y) => floatDivmod(x, y)[1])(a, b);
  },
  '**': power,
};

export function operate(operator: string, a: Value, b: Value): Value {
  if (a instanceof Undefined) a.fail();
  // A format of Python's prints what is undefined as nothing.
  if (b instanceof Undefined && !(operator === '%' && typeof a === 'string')) b.fail();
  if (a instanceof Markup || b instanceof Markup) throw unsupported(`${operator} of text that is marked as safe`);
  const result = operations[operator]?.(a, b);
  if (result === undefined) {
    throw new TemplateError(`unsupported operand type(s) for ${operator}: '${typeOf(a)}' and '${typeOf(b)}'`);
  }
  return result;
}

/** +value and -value */
export function sign(operator: string, value: Value): Value {
  if (value instanceof Undefined) value.fail();
  if (!isNumber(value)) throw new TemplateError(`bad operand type for unary ${operator}: '${typeOf(value)}'`);
  const number = plain(value);
  return operator === '-' ? -number : number;
}

/** Whether two values are one object, where that does not depend on how Python keeps them. */
export function isSame(a: Value, b: Value): boolean {
  if (typeOf(a) !== typeOf(b)) return false;
  if (a === null || typeof a === 'boolean') return a === b;
  if (a instanceof PyList || a instanceof PyDict) return a === b;
  throw unsupported(`sameas of two values of the type ${typeOf(a)}`);
}
