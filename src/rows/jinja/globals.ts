/** What every template may call: the globals of Jinja2 (jinja2/defaults.py), and those of transformers. */
import { asPrinted, bind } from './arguments.js';
import { TemplateError, unsupported } from './errors.js';
import { listOf } from './iteration.js';
import { str } from './printing.js';
import {
  type Arguments,
  Callable,
  CallableObject,
  isInteger,
  Namespace,
  PyDict,
  PyRange,
  typeOf,
  type Value,
} from './values.js';

/** MAX_RANGE of jinja2.sandbox. */
const MOST_ITEMS = 100_000;

/** @param strftimeNow the date by a format of Python's */
export function globalsWith(strftimeNow: (format: string) => string): ReadonlyMap<string, Value> {
  const functions: Readonly<Record<string, (given: Arguments) => Value>> = {
    range,
    dict,
    namespace: (given) => new Namespace(dict(given)),
    cycler,
    joiner,
    lipsum: () => {
      throw unsupported('lipsum()');
    },
    raise_exception: (given) => {
      const [message] = bind('raise_exception', ['message'], given);
      throw new TemplateError(asPrinted(message));
    },
    strftime_now: (given) => {
      const [format] = bind('strftime_now', ['format'], given);
      if (typeof format !== 'string') throw new TemplateError('strftime_now() takes a format');
      return strftimeNow(format);
    },
  };
  return new Map(Object.entries(functions).map(([name, run]) => [name, new Callable(name, run)]));
}

/** range(stop), range(start, stop) or range(start, stop, step). */
function range({ positional, named }: Arguments): PyRange {
  const numbers = positional.map((value) => (isInteger(value) ? BigInt(value) : undefined));
  if (named.size > 0 || numbers.length < 1 || numbers.length > 3 || numbers.includes(undefined)) {
    throw new TemplateError('range() takes one to three whole numbers');
  }
  const whole = numbers as bigint[];
  const [start = 0n, stop = 0n, step = 1n] = whole.length === 1 ? [0n, ...whole] : whole;
  if (step === 0n) throw new TemplateError('the third number of range() must not be zero');
  const made = new PyRange(start, stop, step);
  if (made.length > MOST_ITEMS) {
    throw new TemplateError(`range() of ${made.length} items: at most ${MOST_ITEMS} are possible`);
  }
  return made;
}

/** dict(mapping, name=value) or dict(pairs, name=value) */
function dict({ positional, named }: Arguments): PyDict {
  const [source, ...rest] = positional;
  if (rest.length > 0) throw new TemplateError(`dict expected at most 1 argument, got ${positional.length}`);
  const made = new PyDict(source === undefined ? [] : entriesOf(source));
  for (const [name, value] of named) made.set(name, value);
  return made;
}

function entriesOf(source: Value): readonly (readonly [Value, Value])[] {
  if (source instanceof PyDict) return source.entries();
  if (source instanceof Namespace) throw unsupported('dict() of a namespace');
  return listOf(source).map((pair) => {
    const [key, value, ...rest] = listOf(pair);
    if (key === undefined || value === undefined || rest.length > 0) {
      throw new TemplateError(`dict() takes pairs, got a ${typeOf(pair)}`);
    }
    return [key, value];
  });
}

/** Jinja2's: an object that gives its items in turn. */
function cycler({ positional: items }: Arguments): Value {
  if (items.length === 0) throw new TemplateError('at least one item has to be provided');
  let position = 0;
  const current = (): Value => items[position] as Value;
  const next = new Callable('next', () => {
    const item = current();
    position = (position + 1) % items.length;
    return item;
  });
  const reset = new Callable('reset', () => {
    position = 0;
    return null;
  });
  const fail = (): never => {
    throw new TemplateError("'Cycler' object is not callable");
  };
  return new CallableObject(
    'Cycler',
    'cycler',
    fail,
    new Map([
      ['current', current],
      ['next', () => next],
      ['reset', () => reset],
    ]),
  );
}

/** Jinja2's: a function that gives nothing the first time, and a separator from then on. */
function joiner(given: Arguments): Value {
  const [separator = ', '] = bind('joiner', ['sep?'], given);
  let isUsed = false;
  return new Callable('joiner', () => {
    const text = isUsed ? str(separator) : '';
    isUsed = true;
    return text;
  });
}
