/** value.name and value[key], as the immutable sandbox of Jinja2 has them (jinja2/sandbox.py). */
import { asInteger, bind } from './arguments.js';
import { TemplateError, unsupported } from './errors.js';
import { braceFormat } from './formatting.js';
import { equals } from './operators.js';
import { repr } from './printing.js';
import { stringMethod } from './string-methods.js';
import { codePoints } from './text.js';
import {
  type Arguments,
  Callable,
  CallableObject,
  DictView,
  isInteger,
  isNumber,
  Markup,
  Namespace,
  orUndefined,
  PyDict,
  PyIterator,
  PyList,
  PyRange,
  PyTuple,
  typeOf,
  Undefined,
  type Value,
} from './values.js';

/** value.name: a method, or else an item. */
export function getAttribute(value: Value, name: string): Value {
  if (value instanceof Undefined) value.fail();
  const attribute = attributeOf(value, name);
  if (attribute !== undefined) return attribute;
  return orUndefined(itemOf(value, name), () => `'${typeOf(value)} object' has no attribute '${name}'`);
}

/** value[key]: an item, or else a method. */
export function getItem(value: Value, key: Value): Value {
  if (value instanceof Undefined) value.fail();
  const item = itemOf(value, key);
  if (item !== undefined) return item;
  if (typeof key !== 'string') return new Undefined(`'${typeOf(value)} object' has no such element`);
  return orUndefined(attributeOf(value, key), () => `'${typeOf(value)} object' has no attribute '${key}'`);
}

/** undefined where Python has a LookupError or a TypeError. */
function itemOf(value: Value, key: Value): Value | undefined {
  if (value instanceof PyDict) return key instanceof PyList || key instanceof PyDict ? undefined : value.get(key);
  if (!isInteger(key)) return undefined;
  const index = Number(key);
  if (typeof value === 'string') return codePoints(value).at(index);
  if (value instanceof PyList || value instanceof PyTuple) return value.items.at(index);
  if (value instanceof PyRange) {
    const at = BigInt(index < 0 ? index + value.length : index);
    return at >= 0n && at < BigInt(value.length) ? value.start + at * value.step : undefined;
  }
  if (value instanceof Markup) throw unsupported('an item of text that is marked as safe');
  return undefined;
}

/** getattr() of Python, where the sandbox lets a template have it: undefined where there is no such attribute. */
export function attributeOf(value: Value, name: string): Value | undefined {
  // Python has such an attribute of anything, and the sandbox keeps it from templates.
  if (/^__.*__$/.test(name))
    throw new TemplateError(`access to attribute '${name}' of '${typeOf(value)}' object is unsafe`);
  if (value instanceof Namespace) return value.attributes.get(name);
  if (value instanceof CallableObject) return value.attributes.get(name)?.();
  if (typeof value === 'string') return stringAttribute(value, name);
  if (value instanceof PyDict) return dictAttribute(value, name);
  if (value instanceof PyList) return mutating(value, name, listMutators) ?? sequenceAttribute(value, name);
  if (value instanceof PyTuple) {
    const at = value.names.indexOf(name);
    return at < 0 ? sequenceAttribute(value, name) : value.items[at];
  }
  if (others(value).includes(name)) throw unsupported(`the attribute ${name} of ${typeOf(value)}`);
  return undefined;
}

/** Attributes of Python's values that templates have no use for. */
function others(value: Value): readonly string[] {
  if (isNumber(value)) {
    const both = ['as_integer_ratio', 'conjugate', 'imag', 'is_integer', 'real'];
    const ofIntegers = ['bit_count', 'bit_length', 'denominator', 'from_bytes', 'numerator', 'to_bytes'];
    return [...both, ...(isInteger(value) ? ofIntegers : ['fromhex', 'hex'])];
  }
  if (value instanceof PyRange) return ['count', 'index', 'start', 'step', 'stop'];
  if (value instanceof DictView) return ['isdisjoint', 'mapping'];
  if (value instanceof PyIterator) return ['close', 'send', 'throw'];
  if (value instanceof Markup || value instanceof Callable) throw unsupported(`an attribute of a ${typeOf(value)}`);
  return [];
}

const listMutators = ['append', 'clear', 'extend', 'insert', 'pop', 'remove', 'reverse', 'sort'];
const dictMutators = ['clear', 'pop', 'popitem', 'setdefault', 'update'];

/** A method that would change the value. The sandbox gives something undefined, which fails when it is called. */
const mutating = (value: Value, name: string, mutators: readonly string[]): Undefined | undefined =>
  mutators.includes(name)
    ? new Undefined(`access to attribute '${name}' of '${typeOf(value)}' object is unsafe: values cannot be changed`)
    : undefined;

function stringAttribute(value: string, name: string): Callable | undefined {
  if (name === 'format') return new Callable(name, (given) => braceFormat(value, (field) => fieldValue(field, given)));
  const method = stringMethod(name);
  return method && new Callable(name, (given) => method(value, given));
}

/** The value of a field of str.format: an argument by its number or name, and attributes and items of it. */
function fieldValue(field: string, { positional, named }: Arguments): Value {
  const [first = '', ...path] = field.split(/(?=[.[])/);
  const value = /^\d+$/.test(first) ? positional[Number(first)] : named.get(first);
  if (value === undefined) throw new TemplateError(`no argument ${first} for the format`);
  return path.reduce((object: Value, step) => {
    if (step.startsWith('.')) return getAttribute(object, step.slice(1));
    const [, key] = /^\[([^\]]+)\]$/.exec(step) ?? [];
    if (key === undefined) throw unsupported(`the field ${field} of a format`);
    return getItem(object, /^\d+$/.test(key) ? BigInt(key) : key);
  }, value);
}

function dictAttribute(dict: PyDict, name: string): Value | undefined {
  const view = (type: DictView['type']) => (given: Arguments) => {
    bind(name, [], given);
    return new DictView(type, dict);
  };
  switch (name) {
    case 'get':
      return new Callable(name, (given) => {
        const [key, otherwise] = bind(name, ['-key', '-default?'], given);
        const value = dict.get(key as Value);
        return value === undefined ? (otherwise ?? null) : value;
      });
    case 'keys':
      return new Callable(name, view('dict_keys'));
    case 'values':
      return new Callable(name, view('dict_values'));
    case 'items':
      return new Callable(name, view('dict_items'));
    case 'copy':
      return new Callable(name, (given) => {
        bind(name, [], given);
        return new PyDict(dict.entries());
      });
    case 'fromkeys':
      throw unsupported('the method fromkeys of dict');
    default:
      return mutating(dict, name, dictMutators);
  }
}

function sequenceAttribute(value: PyList | PyTuple, name: string): Value | undefined {
  if (name === 'count') {
    return new Callable(name, (given) => {
      const [item] = bind(name, ['-value'], given);
      return BigInt(value.items.filter((other) => equals(other, item as Value)).length);
    });
  }
  if (name === 'index') {
    return new Callable(name, (given) => {
      const [item, start] = bind(name, ['-value', '-start?'], given);
      const from = asInteger(start, 'start', 0);
      if (from < 0) throw unsupported('index() with a negative start');
      const at = value.items.findIndex((other, index) => index >= from && equals(other, item as Value));
      if (at < 0) throw new TemplateError(`${repr(item as Value)} is not in the ${typeOf(value)}`);
      return BigInt(at);
    });
  }
  if (name === 'copy' && value instanceof PyList) {
    return new Callable(name, (given) => {
      bind(name, [], given);
      return new PyList(value.items);
    });
  }
  return undefined;
}
