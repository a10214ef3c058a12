/**
 * The values of Python that a template handles. What is like Python's in JavaScript stands for itself: None is null, a
 * bool a boolean, a str a string. An int is a bigint, so that a number is always a float.
 */
import { TemplateError, unsupported } from './errors.js';

export type Value = null | boolean | bigint | number | string | PyObject;

abstract class PyObject {
  /** As Python calls the type. */
  abstract readonly type: string;
}

export class PyList extends PyObject {
  readonly type = 'list';
  readonly items: readonly Value[];

  constructor(items: readonly Value[]) {
    super();
    this.items = items;
  }
}

export class PyTuple extends PyObject {
  readonly type = 'tuple';
  readonly items: readonly Value[];
  /** Names of the items, where it is a named tuple. */
  readonly names: readonly string[];

  constructor(items: readonly Value[], names: readonly string[] = []) {
    super();
    this.items = items;
    this.names = names;
  }
}

/** Keeps the order in which keys were added. Equal keys are one key, as 1, 1.0 and True are. */
export class PyDict extends PyObject {
  readonly type = 'dict';
  readonly #entries = new Map<string, readonly [key: Value, value: Value]>();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    super();
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(hashOf(key))?.[1];
  }

  has(key: Value): boolean {
    return this.#entries.has(hashOf(key));
  }

  set(key: Value, value: Value): void {
    const hash = hashOf(key);
    this.#entries.set(hash, [this.#entries.get(hash)?.[0] ?? key, value]);
  }

  keys(): Value[] {
    return this.entries().map(([key]) => key);
  }

  values(): Value[] {
    return this.entries().map(([, value]) => value);
  }

  entries(): (readonly [Value, Value])[] {
    return [...this.#entries.values()];
  }
}

/** What dict.keys(), values() and items() give. */
export class DictView extends PyObject {
  readonly type: 'dict_keys' | 'dict_values' | 'dict_items';
  readonly dict: PyDict;

  constructor(type: DictView['type'], dict: PyDict) {
    super();
    this.type = type;
    this.dict = dict;
  }

  get items(): Value[] {
    if (this.type === 'dict_keys') return this.dict.keys();
    if (this.type === 'dict_values') return this.dict.values();
    return this.dict.entries().map((entry) => new PyTuple(entry));
  }
}

export class PyRange extends PyObject {
  readonly type = 'range';
  readonly start: bigint;
  readonly stop: bigint;
  readonly step: bigint;

  constructor(start: bigint, stop: bigint, step: bigint) {
    super();
    this.start = start;
    this.stop = stop;
    this.step = step;
  }

  get length(): number {
    const distance = this.step > 0n ? this.stop - this.start : this.start - this.stop;
    const step = this.step > 0n ? this.step : -this.step;
    return distance <= 0n ? 0 : Number((distance + step - 1n) / step);
  }

  get items(): Value[] {
    return Array.from({ length: this.length }, (_, index) => this.start + BigInt(index) * this.step);
  }
}

/** What can be read once, from front to back: a generator or an iterator. */
export class PyIterator extends PyObject {
  readonly type = 'generator';
  readonly items: Iterator<Value>;

  constructor(items: Iterable<Value>) {
    super();
    this.items = items[Symbol.iterator]();
  }
}

/** Jinja's: prints nothing, is false and empty; anything else that is done with it is an error. */
export class Undefined extends PyObject {
  readonly type = 'Undefined';
  readonly message: string;

  constructor(message: string) {
    super();
    this.message = message;
  }

  fail(): never {
    throw new TemplateError(this.message);
  }
}

/** Text that is marked as safe HTML. What more is done with it than printing it is refused: it escapes what it meets. */
export class Markup extends PyObject {
  readonly type = 'Markup';
  readonly text: string;

  constructor(text: string) {
    super();
    this.text = text;
  }
}

/** A value that is there, which None is, or else Jinja's undefined. */
export const orUndefined = (value: Value | undefined, message: () => string): Value =>
  value === undefined ? new Undefined(message()) : value;

export interface Arguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

/** A function, or a method of a value. */
export class Callable extends PyObject {
  readonly type: string = 'function';
  readonly name: string;
  readonly call: (given: Arguments) => Value;

  constructor(name: string, call: (given: Arguments) => Value) {
    super();
    this.name = name;
    this.call = call;
  }
}

/** A callable that has attributes, too: a macro, or an object of Jinja's like `cycler`. */
export class CallableObject extends Callable {
  override readonly type: string;
  readonly attributes: ReadonlyMap<string, () => Value>;

  constructor(
    type: string,
    name: string,
    call: (given: Arguments) => Value,
    attributes: ReadonlyMap<string, () => Value>,
  ) {
    super(name, call);
    this.type = type;
    this.attributes = attributes;
  }
}

export class Namespace extends PyObject {
  readonly type = 'Namespace';
  readonly attributes: PyDict;

  constructor(attributes: PyDict) {
    super();
    this.attributes = attributes;
    for (const name of attributes.keys()) checkName(name);
  }

  set(name: string, value: Value): void {
    checkName(name);
    this.attributes.set(name, value);
  }
}

/** transformers keeps such names from templates (chat_template_utils.py, TemplateNamespace). */
function checkName(name: Value): void {
  if (typeof name === 'string' && name.startsWith('_')) {
    throw new TemplateError(`a namespace takes no name that begins with an underscore, got ${name}`);
  }
}

export const isNumber = (value: Value): value is boolean | bigint | number =>
  typeof value === 'boolean' || typeof value === 'bigint' || typeof value === 'number';

export const isInteger = (value: Value): value is boolean | bigint =>
  typeof value === 'boolean' || typeof value === 'bigint';

export function typeOf(value: Value): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'object') return value.type;
  return { boolean: 'bool', bigint: 'int', number: 'float', string: 'str' }[typeof value as 'boolean'];
}

export function truthOf(value: Value): boolean {
  if (value instanceof PyList || value instanceof PyTuple) return value.items.length > 0;
  if (value instanceof PyDict) return value.size > 0;
  if (value instanceof DictView) return value.dict.size > 0;
  if (value instanceof PyRange) return value.length > 0;
  if (value instanceof Markup) return value.text !== '';
  if (value instanceof Undefined) return false;
  return Boolean(value);
}

/** One string for keys that are equal, and another for keys that are not. */
export function hashOf(key: Value): string {
  if (key === null) return 'None';
  if (typeof key === 'string') return `str ${key}`;
  if (key instanceof Markup) return `str ${key.text}`;
  if (typeof key === 'number') return Number.isInteger(key) ? `int ${BigInt(key)}` : `float ${key}`;
  if (isInteger(key)) return `int ${BigInt(key)}`;
  if (key instanceof PyTuple) return `tuple ${JSON.stringify(key.items.map(hashOf))}`;
  if (key instanceof Undefined) return 'Undefined';
  if (key instanceof PyList || key instanceof PyDict) throw new TemplateError(`unhashable type: '${key.type}'`);
  throw unsupported(`a key of the type ${typeOf(key)}`);
}

/**
 * A value of parsed JSON.
 *
 * @throws TemplateError for what JSON.parse has made another of: a whole number that a double cannot hold, and the order of an
 *   object's members where one has a number for a name, which JavaScript moves to the front
 */
export function fromJson(json: unknown): Value {
  if (json === null || typeof json === 'boolean' || typeof json === 'string') return json;
  if (typeof json === 'number') {
    if (Number.isSafeInteger(json)) return BigInt(json);
    if (Number.isInteger(json)) throw unsupported(`the number ${json} in a row`);
    return json;
  }
  if (Array.isArray(json)) return new PyList(json.map(fromJson));
  if (typeof json === 'object') {
    const entries = Object.entries(json);
    const moved = entries.length > 1 ? entries.find(([key]) => /^(?:0|[1-9][0-9]*)$/.test(key)) : undefined;
    if (moved !== undefined) throw unsupported(`an object with the member ${moved[0]} beside others in a row`);
    return new PyDict(entries.map(([key, value]) => [key, fromJson(value)]));
  }
  throw unsupported(`a value of the type ${typeof json}`);
}
