import { TemplateError } from './errors.js';
import { sizeOf } from './iteration.js';
import { equals } from './operators.js';
import { type Arguments, Callable, CallableObject, orUndefined, PyTuple, Undefined, type Value } from './values.js';

/** What `loop` is in the body of a loop (jinja2/runtime.py, LoopContext). It reads ahead no further than it is asked to. */
export class Loop {
  readonly value: CallableObject;
  readonly #iterable: Value | undefined;
  readonly #depth0: number;
  #items: Iterator<Value>;
  #length: number | undefined;
  #index0 = -1;
  #before: Value | undefined;
  #current: Value | undefined;
  /** The item after the current one, where it has been read. */
  #ahead: IteratorResult<Value> | undefined;
  #lastChanged: PyTuple | undefined;

  /**
   * @param iterable what is looped over, where all of its items are
   * @param recurse renders the loop for another iterable; undefined where it is not recursive
   */
  constructor(
    items: Iterator<Value>,
    iterable: Value | undefined,
    depth0: number,
    recurse: ((iterable: Value, depth0: number) => string) | undefined,
  ) {
    this.#items = items;
    this.#iterable = iterable;
    this.#depth0 = depth0;
    const call = ({ positional: [inner] }: Arguments): Value => {
      if (recurse === undefined) throw new TemplateError("the loop must have the 'recursive' marker to be called");
      if (inner === undefined) throw new TemplateError('loop() lacks its argument iterable');
      return recurse(inner, depth0 + 1);
    };
    this.value = new CallableObject('LoopContext', 'loop', call, this.#attributes());
  }

  /** Goes on to the next item, if there is one. */
  next(): IteratorResult<Value> {
    const result = this.#ahead ?? this.#items.next();
    this.#ahead = undefined;
    if (result.done === true) return result;
    this.#index0++;
    this.#before = this.#current;
    this.#current = result.value;
    return result;
  }

  #peek(): IteratorResult<Value> {
    this.#ahead ??= this.#items.next();
    return this.#ahead;
  }

  #lengthOf(): number {
    if (this.#length !== undefined) return this.#length;
    const known = this.#iterable === undefined ? undefined : sizeOf(this.#iterable);
    if (known !== undefined) return known;
    const rest: Value[] = [];
    for (let next = this.#items.next(); next.done !== true; next = this.#items.next()) rest.push(next.value);
    this.#items = rest[Symbol.iterator]();
    const isAhead = this.#ahead !== undefined && this.#ahead.done !== true;
    this.#length = rest.length + this.#index0 + 1 + Number(isAhead);
    return this.#length;
  }

  #attributes(): ReadonlyMap<string, () => Value> {
    const integer = (count: () => number) => (): Value => BigInt(count());
    return new Map<string, () => Value>([
      ['index0', integer(() => this.#index0)],
      ['index', integer(() => this.#index0 + 1)],
      ['length', integer(() => this.#lengthOf())],
      ['revindex0', integer(() => this.#lengthOf() - this.#index0 - 1)],
      ['revindex', integer(() => this.#lengthOf() - this.#index0)],
      ['depth0', integer(() => this.#depth0)],
      ['depth', integer(() => this.#depth0 + 1)],
      ['first', () => this.#index0 === 0],
      ['last', () => this.#peek().done === true],
      ['previtem', () => orUndefined(this.#index0 > 0 ? this.#before : undefined, () => 'there is no previous item')],
      ['nextitem', () => this.#nextItem()],
      ['cycle', () => new Callable('cycle', ({ positional }) => this.#cycle(positional))],
      ['changed', () => new Callable('changed', ({ positional }) => this.#changed(positional))],
    ]);
  }

  #nextItem(): Value {
    const next = this.#peek();
    return next.done === true ? new Undefined('there is no next item') : next.value;
  }

  #cycle(items: readonly Value[]): Value {
    const item = items[this.#index0 % items.length];
    if (item === undefined) throw new TemplateError('no items for cycling given');
    return item;
  }

  #changed(items: readonly Value[]): boolean {
    const now = new PyTuple(items);
    const isChanged = this.#lastChanged === undefined || !equals(this.#lastChanged, now);
    if (isChanged) this.#lastChanged = now;
    return isChanged;
  }
}
