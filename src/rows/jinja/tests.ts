/** The tests of Jinja2 (jinja2/tests.py, 3.1.6): `value is test`. */
import { bind } from './arguments.js';
import { TemplateError, unsupported } from './errors.js';
import { filterNames } from './filter-names.js';
import { iteratorOf, sizeOf } from './iteration.js';
import { compare, contains, equals, isSame, operate } from './operators.js';
import { str } from './printing.js';
import { isLower, isUpper } from './text.js';
import {
  type Arguments,
  Callable,
  CallableObject,
  DictView,
  hashOf,
  isNumber,
  Markup,
  PyDict,
  Undefined,
  type Value,
} from './values.js';

export type Test = (value: Value, given: Arguments) => boolean;

const one =
  (name: string, isSo: (value: Value) => boolean): Test =>
  (value, given) => {
    bind(name, [], given);
    return isSo(value);
  };

const two =
  (name: string, isSo: (value: Value, other: Value) => boolean): Test =>
  (value, given) => {
    const [other] = bind(name, ['other'], given);
    return isSo(value, other as Value);
  };

const remainder = (value: Value, divisor: Value): Value => operate('%', value, divisor);

const greater = (a: Value, b: Value): boolean => compare(a, b, '>') > 0;
const atLeast = (a: Value, b: Value): boolean => compare(a, b, '>=') >= 0;
const less = (a: Value, b: Value): boolean => compare(a, b, '<') < 0;
const atMost = (a: Value, b: Value): boolean => compare(a, b, '<=') <= 0;
const differs = (a: Value, b: Value): boolean => !equals(a, b);

function isSequence(value: Value): boolean {
  return sizeOf(value) !== undefined && !(value instanceof DictView);
}

function isIterable(value: Value): boolean {
  if (value instanceof CallableObject && value.type === 'LoopContext') throw unsupported('iterating over loop');
  return iteratorOf(value) !== undefined;
}

function isAmong(names: ReadonlySet<string>, value: Value): boolean {
  hashOf(value); // Fails for what no set holds, as Python does.
  return typeof value === 'string' && names.has(value);
}

const tests: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['odd', one('odd', (value) => equals(remainder(value, 2n), 1n))],
  ['even', one('even', (value) => equals(remainder(value, 2n), 0n))],
  [
    'divisibleby',
    (value, given) => {
      const [divisor] = bind('divisibleby', ['num'], given);
      return equals(remainder(value, divisor as Value), 0n);
    },
  ],
  ['defined', one('defined', (value) => !(value instanceof Undefined))],
  ['undefined', one('undefined', (value) => value instanceof Undefined)],
  ['filter', one('filter', (value) => isAmong(filterNames, value))],
  ['test', one('test', (value) => isAmong(testNames, value))],
  ['none', one('none', (value) => value === null)],
  ['boolean', one('boolean', (value) => typeof value === 'boolean')],
  ['false', one('false', (value) => value === false)],
  ['true', one('true', (value) => value === true)],
  ['integer', one('integer', (value) => typeof value === 'bigint')],
  ['float', one('float', (value) => typeof value === 'number')],
  ['lower', one('lower', (value) => isLower(str(value)))],
  ['upper', one('upper', (value) => isUpper(str(value)))],
  ['string', one('string', (value) => typeof value === 'string' || value instanceof Markup)],
  ['mapping', one('mapping', (value) => value instanceof PyDict)],
  ['number', one('number', isNumber)],
  ['sequence', one('sequence', isSequence)],
  ['iterable', one('iterable', isIterable)],
  ['callable', one('callable', (value) => value instanceof Callable || value instanceof Undefined)],
  ['sameas', two('sameas', isSame)],
  ['escaped', one('escaped', (value) => value instanceof Markup)],
  [
    'in',
    (value, given) => {
      const [sequence] = bind('in', ['seq'], given);
      return contains(sequence as Value, value);
    },
  ],
  ...['==', 'eq', 'equalto'].map((name) => [name, two(name, equals)] as const),
  ...['!=', 'ne'].map((name) => [name, two(name, differs)] as const),
  ...['>', 'gt', 'greaterthan'].map((name) => [name, two(name, greater)] as const),
  ...['>=', 'ge'].map((name) => [name, two(name, atLeast)] as const),
  ...['<', 'lt', 'lessthan'].map((name) => [name, two(name, less)] as const),
  ...['<=', 'le'].map((name) => [name, two(name, atMost)] as const),
]);

export const testNames: ReadonlySet<string> = new Set(tests.keys());

export function findTest(name: string): Test {
  const test = tests.get(name);
  if (test === undefined) throw new TemplateError(`No test named '${name}'.`);
  return test;
}
