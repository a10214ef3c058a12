/** Renders a syntax tree as the Python that Jinja2 compiles it to would (jinja2/compiler.py, 3.1.6). */
import { getAttribute, getItem } from './attributes.js';
import { call, type MacroSignature, macroArguments } from './calls.js';
import { TemplateError } from './errors.js';
import { findFilter } from './filters.js';
import { iterate, listOf } from './iteration.js';
import { Loop } from './loop.js';
import type {
  Call,
  CallArguments,
  CallBlock,
  Expression,
  Filter,
  FilterBlock,
  For,
  If,
  Macro,
  SetBlock,
  Slice,
  Statement,
  Target,
  Test,
  With,
} from './nodes.js';
import { compare, contains, equals, operate, sign } from './operators.js';
import { str } from './printing.js';
import { hasLoop, type Scope, type Scopes, specialNames } from './scopes.js';
import { slice } from './slices.js';
import { findTest } from './tests.js';
import {
  type Arguments,
  CallableObject,
  Namespace,
  orUndefined,
  PyDict,
  PyList,
  PyTuple,
  truthOf,
  typeOf,
  Undefined,
  type Value,
} from './values.js';

/** Values of names that no scope assigns. */
export type Context = ReadonlyMap<string, Value>;

/** Python ends a recursion at about 200 macros in each other. */
const MOST_CALLS = 150;

/** The variables of a scope that has been entered. */
class Frame {
  readonly scope: Scope;
  readonly #outer: Frame | undefined;
  readonly #values = new Map<string, Value | undefined>();

  constructor(scope: Scope, outer: Frame | undefined, context: Context, given: ReadonlyMap<string, Value | undefined>) {
    this.scope = scope;
    this.#outer = outer;
    for (const [name, value] of given) this.#values.set(scope.find(name) as string, value);
    for (const [variable, load] of scope.loads) {
      if (load.from === 'context') this.#values.set(variable, context.get(load.name));
      else if (load.from === 'outer') this.#values.set(variable, outer?.read(load.variable));
      else if (load.from === 'nothing') this.#values.set(variable, undefined);
    }
  }

  read(variable: string): Value | undefined {
    return this.#values.has(variable) ? this.#values.get(variable) : this.#outer?.read(variable);
  }

  get(name: string): Value {
    return orUndefined(this.#read(name), () => `'${name}' is undefined`);
  }

  has(name: string): boolean {
    return this.#read(name) !== undefined;
  }

  set(name: string, value: Value): void {
    this.#values.set(this.scope.find(name) as string, value);
  }

  #read(name: string): Value | undefined {
    const variable = this.scope.find(name);
    return variable === undefined ? undefined : this.read(variable);
  }
}

interface Output {
  text: string;
}

/** How a list of statements ended, where it was not at its end. */
type Leaving = 'break' | 'continue' | undefined;

const NOTHING_GIVEN: ReadonlyMap<string, Value | undefined> = new Map();

export class Interpreter {
  readonly #scopes: Scopes;
  readonly #context: Context;
  #calls = 0;

  constructor(scopes: Scopes, context: Context) {
    this.#scopes = scopes;
    this.#context = context;
  }

  /** @throws TemplateError, with the line where it is known */
  render(template: readonly Statement[]): string {
    return this.#captured(template, this.#enter(template, undefined));
  }

  #enter(key: object, outer: Frame | undefined, given = NOTHING_GIVEN): Frame {
    return new Frame(this.#scopes.get(key) as Scope, outer, this.#context, given);
  }

  #captured(statements: readonly Statement[], frame: Frame): string {
    const output: Output = { text: '' };
    this.#run(statements, frame, output);
    return output.text;
  }

  #run(statements: readonly Statement[], frame: Frame, output: Output): Leaving {
    for (const statement of statements) {
      const leaving = this.#runOne(statement, frame, output);
      if (leaving !== undefined) return leaving;
    }
    return undefined;
  }

  #runOne(statement: Statement, frame: Frame, output: Output): Leaving {
    try {
      return this.#execute(statement, frame, output);
    } catch (error) {
      throw atLine(error, statement.line);
    }
  }

  #execute(statement: Statement, frame: Frame, output: Output): Leaving {
    switch (statement.kind) {
      case 'text':
        output.text += statement.text;
        return undefined;
      case 'print':
        for (const value of statement.values) output.text += str(this.#evaluate(value, frame));
        return undefined;
      case 'if':
        return this.#if(statement, frame, output);
      case 'for':
        return this.#for(statement, frame, output);
      case 'set':
        this.#set(statement.target, statement.value, frame);
        return undefined;
      case 'setBlock':
        return this.#setBlock(statement, frame);
      case 'macro':
        frame.set(statement.name, this.#macro(statement, statement.name, frame));
        return undefined;
      case 'callBlock':
        output.text += this.#callBlock(statement, frame);
        return undefined;
      case 'filterBlock':
        return this.#filterBlock(statement, frame, output);
      case 'with':
        return this.#with(statement, frame, output);
      case 'break':
      case 'continue':
        return statement.kind;
    }
  }

  #if({ test, body, elifs, otherwise }: If, frame: Frame, output: Output): Leaving {
    if (this.#isTrue(test, frame)) return this.#run(body, frame, output);
    const chosen = elifs.find((elif) => this.#isTrue(elif.test, frame));
    return this.#run(chosen?.body ?? otherwise, frame, output);
  }

  #for(node: For, frame: Frame, output: Output): Leaving {
    const iterable = this.#evaluate(node.iterable, frame);
    if (node.recursive) {
      output.text += this.#recursion(node, frame, iterable, 0);
      return undefined;
    }
    return this.#loop(node, frame, iterable, output, 0);
  }

  #recursion(node: For, frame: Frame, iterable: Value, depth0: number): string {
    return this.#deeper(() => {
      const output: Output = { text: '' };
      this.#loop(node, frame, iterable, output, depth0);
      return output.text;
    });
  }

  #loop(node: For, frame: Frame, iterable: Value, output: Output, depth0: number): Leaving {
    const { test } = node;
    const all = iterate(iterable);
    const items = test === undefined ? all : this.#passing(node, test, all, frame);
    const recurse = (inner: Value, depth: number): string => this.#recursion(node, frame, inner, depth);
    const loop = new Loop(
      items,
      test === undefined ? iterable : undefined,
      depth0,
      node.recursive ? recurse : undefined,
    );
    const isLoopUsed = hasLoop(node);
    // As Jinja2 counts: a round that is left before its end is none.
    let isEmpty = true;
    for (let next = loop.next(); next.done !== true; next = loop.next()) {
      const given = new Map<string, Value | undefined>(isLoopUsed ? [['loop', loop.value]] : []);
      unpack(node.target, next.value, (name, value) => given.set(name, value));
      const leaving = this.#run(node.body, this.#enter(node.body, frame, given), output);
      if (leaving === 'break') break;
      if (leaving === undefined) isEmpty = false;
    }
    return isEmpty ? this.#run(node.otherwise, this.#enter(node.otherwise, frame), output) : undefined;
  }

  /** The items of a loop that pass its test, tested when they are asked for. */
  *#passing(node: For, test: Expression, items: Iterator<Value>, frame: Frame): Generator<Value, undefined> {
    for (let next = items.next(); next.done !== true; next = items.next()) {
      const given = new Map<string, Value>();
      unpack(node.target, next.value, (name, value) => given.set(name, value));
      if (this.#isTrue(test, this.#enter(test, frame, given))) yield next.value;
    }
    return undefined;
  }

  #set(target: Target, expression: Expression, frame: Frame): void {
    for (const name of namespacesIn(target)) {
      if (!(frame.get(name) instanceof Namespace)) {
        throw new TemplateError('cannot assign attribute on non-namespace object');
      }
    }
    this.#assign(target, this.#evaluate(expression, frame), frame);
  }

  #assign(target: Target, value: Value, frame: Frame): void {
    unpack(
      target,
      value,
      (name, item) => frame.set(name, item),
      (name, attribute, item) => {
        const namespace = frame.get(name);
        if (!(namespace instanceof Namespace))
          throw new TemplateError('cannot assign attribute on non-namespace object');
        namespace.set(attribute, item);
      },
    );
  }

  #setBlock(node: SetBlock, frame: Frame): Leaving {
    const inner = this.#enter(node, frame);
    const output: Output = { text: '' };
    const leaving = this.#run(node.body, inner, output);
    if (leaving !== undefined) return leaving;
    const value = node.filter ? this.#filtered(node.filter, inner, output.text) : output.text;
    this.#assign(node.target, value, frame);
    return undefined;
  }

  #filterBlock(node: FilterBlock, frame: Frame, output: Output): Leaving {
    const inner = this.#enter(node, frame);
    const body: Output = { text: '' };
    const leaving = this.#run(node.body, inner, body);
    if (leaving === undefined) output.text += str(this.#filtered(node.filter, inner, body.text));
    return leaving;
  }

  #with(node: With, frame: Frame, output: Output): Leaving {
    const inner = this.#enter(node, frame);
    for (const [target, value] of node.bindings) this.#assign(target, this.#evaluate(value, frame), inner);
    return this.#run(node.body, inner, output);
  }

  #macro(node: Macro | CallBlock, name: string | undefined, frame: Frame): CallableObject {
    const parameters = node.parameters.map((parameter) => parameter.name);
    const signature: MacroSignature = { name, parameters, special: specialNames(node) };
    const invoke = (given: Arguments): string =>
      this.#deeper(() => {
        const values = macroArguments(signature, given);
        const inner = this.#enter(node, frame, values);
        for (const parameter of node.parameters) {
          if (inner.has(parameter.name)) continue;
          const { otherwise } = parameter;
          const missing = (): Value => new Undefined(`parameter '${parameter.name}' was not provided`);
          inner.set(parameter.name, otherwise ? this.#evaluate(otherwise, inner) : missing());
        }
        return this.#captured(node.body, inner);
      });
    const uses = (key: string) => (): Value => signature.special.includes(key) && !parameters.includes(key);
    const attributes = new Map<string, () => Value>([
      ['name', () => name ?? null],
      ['arguments', () => new PyTuple(parameters)],
      ['catch_kwargs', uses('kwargs')],
      ['catch_varargs', uses('varargs')],
      ['caller', () => signature.special.includes('caller')],
      ['explicit_caller', () => parameters.includes('caller')],
    ]);
    return new CallableObject('Macro', name ?? '', invoke, attributes);
  }

  #callBlock(node: CallBlock, frame: Frame): string {
    const caller = this.#macro(node, undefined, frame);
    if (node.call === undefined) return str(caller.call({ positional: [], named: new Map() }));
    return str(this.#call(node.call, frame, caller));
  }

  /** What ends in an error of the template, before it ends in one of the thread's stack. */
  #deeper(run: () => string): string {
    if (this.#calls >= MOST_CALLS) throw new TemplateError(`more than ${MOST_CALLS} calls in each other`);
    this.#calls++;
    try {
      return run();
    } finally {
      this.#calls--;
    }
  }

  #isTrue(expression: Expression, frame: Frame): boolean {
    return truthOf(this.#evaluate(expression, frame));
  }

  #evaluate(expression: Expression, frame: Frame): Value {
    try {
      return this.#valueOf(expression, frame);
    } catch (error) {
      throw atLine(error, expression.line);
    }
  }

  #valueOf(node: Expression, frame: Frame): Value {
    switch (node.kind) {
      case 'constant':
        return node.value;
      case 'name':
        return frame.get(node.name);
      case 'tuple':
        return new PyTuple(this.#all(node.items, frame));
      case 'list':
        return new PyList(this.#all(node.items, frame));
      case 'dict':
        return new PyDict(
          node.entries.map(([key, value]) => [this.#evaluate(key, frame), this.#evaluate(value, frame)]),
        );
      case 'sign':
        return sign(node.operator, this.#evaluate(node.operand, frame));
      case 'not':
        return !this.#isTrue(node.operand, frame);
      case 'arithmetic':
        return operate(node.operator, this.#evaluate(node.left, frame), this.#evaluate(node.right, frame));
      case 'and':
      case 'or': {
        const left = this.#evaluate(node.left, frame);
        return truthOf(left) === (node.kind === 'and') ? this.#evaluate(node.right, frame) : left;
      }
      case 'concat':
        return this.#all(node.items, frame).map(str).join('');
      case 'compare':
        return this.#compare(node.first, node.rest, frame);
      case 'condition':
        if (this.#isTrue(node.test, frame)) return this.#evaluate(node.then, frame);
        return node.otherwise
          ? this.#evaluate(node.otherwise, frame)
          : new Undefined('the inline if-expression evaluated to false and no else section was defined');
      case 'attribute':
        return getAttribute(this.#evaluate(node.object, frame), node.name);
      case 'item':
        return this.#item(this.#evaluate(node.object, frame), node.key, frame);
      case 'call':
        return this.#call(node, frame);
      case 'filter':
        return this.#filtered(node, frame, '');
      case 'test':
        return this.#tested(node, frame);
    }
  }

  #all(nodes: readonly Expression[], frame: Frame): Value[] {
    return nodes.map((node) => this.#evaluate(node, frame));
  }

  /** a < b < c is a < b and b < c. */
  #compare(first: Expression, rest: readonly (readonly [string, Expression])[], frame: Frame): boolean {
    let left = this.#evaluate(first, frame);
    for (const [operator, operand] of rest) {
      const right = this.#evaluate(operand, frame);
      if (!holds(operator, left, right)) return false;
      left = right;
    }
    return true;
  }

  #item(object: Value, key: Expression | Slice, frame: Frame): Value {
    if (key.kind !== 'slice') return getItem(object, this.#evaluate(key, frame));
    const bound = (expression: Expression | undefined): Value =>
      expression === undefined ? null : this.#evaluate(expression, frame);
    return slice(object, bound(key.start), bound(key.stop), bound(key.step));
  }

  #call(node: Call, frame: Frame, caller?: Value): Value {
    const callee = this.#evaluate(node.callee, frame);
    return call(callee, this.#arguments(node, frame, caller));
  }

  #arguments({ args, named, spread, namedSpread }: CallArguments, frame: Frame, caller?: Value): Arguments {
    const positional = this.#all(args, frame);
    const byName = new Map(named.map(([name, value]) => [name, this.#evaluate(value, frame)]));
    const add = (key: string, value: Value): void => {
      if (byName.has(key)) throw new TemplateError(`got two values for keyword argument '${key}'`);
      byName.set(key, value);
    };
    if (caller !== undefined) add('caller', caller);
    if (spread) positional.push(...listOf(this.#evaluate(spread, frame)));
    if (namedSpread) {
      const more = this.#evaluate(namedSpread, frame);
      if (!(more instanceof PyDict))
        throw new TemplateError(`argument after ** must be a mapping, not ${typeOf(more)}`);
      for (const [key, value] of more.entries()) {
        if (typeof key !== 'string') throw new TemplateError('keywords must be strings');
        add(key, value);
      }
    }
    return { positional, named: byName };
  }

  /** @param body what the innermost filter of a block is applied to */
  #filtered(node: Filter, frame: Frame, body: string): Value {
    const apply = findFilter(node.name);
    const { operand } = node;
    // The filters of a block are a chain, at the end of which there is no operand.
    const value =
      operand === undefined
        ? body
        : operand.kind === 'filter'
          ? this.#inner(operand, frame, body)
          : this.#evaluate(operand, frame);
    return apply(value, this.#arguments(node, frame));
  }

  #inner(filter: Filter, frame: Frame, body: string): Value {
    try {
      return this.#filtered(filter, frame, body);
    } catch (error) {
      throw atLine(error, filter.line);
    }
  }

  #tested(node: Test, frame: Frame): boolean {
    const isSo = findTest(node.name);
    const operand = this.#evaluate(node.operand, frame);
    return isSo(operand, this.#arguments(node, frame));
  }
}

function holds(operator: string, left: Value, right: Value): boolean {
  switch (operator) {
    case '==':
      return equals(left, right);
    case '!=':
      return !equals(left, right);
    case 'in':
      return contains(right, left);
    case 'not in':
      return !contains(right, left);
    case '<':
      return compare(left, right, operator) < 0;
    case '<=':
      return compare(left, right, operator) <= 0;
    case '>':
      return compare(left, right, operator) > 0;
    default:
      return compare(left, right, operator) >= 0;
  }
}

/** Gives each name of a target its part of the value. */
function unpack(
  target: Target,
  value: Value,
  set: (name: string, value: Value) => void,
  setMember?: (name: string, attribute: string, value: Value) => void,
): void {
  if (target.kind === 'name') {
    set(target.name, value);
    return;
  }
  if (target.kind === 'member') {
    setMember?.(target.name, target.attribute, value);
    return;
  }
  const items = listOf(value);
  if (items.length !== target.items.length) {
    const problem = items.length < target.items.length ? 'not enough' : 'too many';
    throw new TemplateError(`${problem} values to unpack (expected ${target.items.length})`);
  }
  for (const [index, item] of items.entries()) unpack(target.items[index] as Target, item, set, setMember);
}

const namespacesIn = (target: Target): string[] => {
  if (target.kind === 'targets') return target.items.flatMap(namespacesIn);
  return target.kind === 'member' ? [target.name] : [];
};

/** The innermost part of the template that an error comes from says its line. */
function atLine(error: unknown, line: number): unknown {
  if (error instanceof TemplateError) error.line ??= line;
  return error;
}
