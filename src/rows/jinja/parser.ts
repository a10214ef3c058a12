/** A template as a syntax tree (jinja2/parser.py, 3.1.6), with the tags that transformers adds: loop controls and `generation`. */
import { unsupported } from './errors.js';
import { isTupleEnd, parseExpression, parseFilters, parsePrimary, parseTuple } from './expressions.js';
import { tokenize } from './lexer.js';
import type { CallBlock, Expression, Filter, If, Macro, Parameter, Statement, Target, Text } from './nodes.js';
import { TokenStream } from './token-stream.js';

/** @throws TemplateError with the line where it is no template */
export const parse = (template: string): Statement[] => new Parser(new TokenStream(tokenize(template))).parse();

/** Tags of Jinja2's that read other templates, or make parts of one that another replaces. */
const otherTags = ['autoescape', 'block', 'extends', 'from', 'import', 'include'];

class Parser {
  readonly #stream: TokenStream;
  /** How many loops there are around what is read, up to the next macro. */
  #loops = 0;

  constructor(stream: TokenStream) {
    this.#stream = stream;
  }

  parse(): Statement[] {
    const statements = this.#statementsUntil([]);
    const stream = this.#stream;
    if (stream.is('eof')) return statements;
    throw stream.error(`unexpected tag ${stream.described}`);
  }

  /** Reads on to a tag of one of these names, and up to its name. */
  #statementsUntil(ends: readonly string[]): Statement[] {
    const stream = this.#stream;
    const statements: Statement[] = [];
    while (!stream.is('eof')) {
      const { type, value, line } = stream.next();
      if (type === 'data') {
        statements.push({ kind: 'text', text: value, line } satisfies Text);
      } else if (type === 'variable_begin') {
        statements.push({ kind: 'print', values: [parseTuple(stream)], line });
        stream.expect('variable_end');
      } else {
        if (stream.isName(...ends) && ends.length > 0) return statements;
        statements.push(this.#statement());
        stream.expect('block_end');
      }
    }
    if (ends.length > 0) throw stream.error(`expected ${ends.join(' or ')}, got the end of the template`);
    return statements;
  }

  /** The body of a block, which begins after the tag. @returns it, and the tag that ends it */
  #body(...ends: readonly string[]): readonly [body: Statement[], end: string] {
    const stream = this.#stream;
    stream.skip('operator', ':');
    stream.expect('block_end');
    const body = this.#statementsUntil(ends);
    return [body, stream.next().value];
  }

  #statement(): Statement {
    const stream = this.#stream;
    const { value: tag, line } = stream.expect('name');
    switch (tag) {
      case 'for':
        return this.#for(line);
      case 'if':
        return this.#if(line);
      case 'set':
        return this.#set(line);
      case 'macro':
        return this.#macro(line);
      case 'call':
        return this.#callBlock(line);
      case 'generation':
        return { kind: 'callBlock', parameters: [], call: undefined, body: this.#functionBody('endgeneration'), line };
      case 'filter': {
        const filter = parseFilters(stream, undefined, true) as Filter;
        const [body] = this.#body('endfilter');
        return { kind: 'filterBlock', filter, body, line };
      }
      case 'with':
        return this.#with(line);
      case 'print':
        return { kind: 'print', values: this.#printed(), line };
      case 'break':
      case 'continue':
        if (this.#loops === 0) throw stream.error(`${tag} outside of a loop`, line);
        return { kind: tag, line };
      default: {
        const error = otherTags.includes(tag) ? unsupported(`the tag ${tag}`) : stream.error(`unknown tag ${tag}`);
        error.line = line;
        throw error;
      }
    }
  }

  #for(line: number): Statement {
    const stream = this.#stream;
    const target = this.#target(false);
    stream.expect('name', 'in');
    const iterable = parseTuple(stream, { withCondition: false });
    const test = stream.skip('name', 'if') ? parseExpression(stream) : undefined;
    const recursive = stream.skip('name', 'recursive');
    this.#loops++;
    const [body, end] = this.#body('endfor', 'else');
    this.#loops--;
    const otherwise = end === 'else' ? this.#body('endfor')[0] : [];
    return { kind: 'for', target, iterable, test, recursive, body, otherwise, line };
  }

  #if(line: number): If {
    const test = parseTuple(this.#stream, { withCondition: false });
    const elifs: If[] = [];
    let otherwise: Statement[] = [];
    let [body, end] = this.#body('elif', 'else', 'endif');
    const first = body;
    while (end === 'elif') {
      const { line: elifLine } = this.#stream.current;
      const elifTest = parseTuple(this.#stream, { withCondition: false });
      [body, end] = this.#body('elif', 'else', 'endif');
      elifs.push({ kind: 'if', test: elifTest, body, elifs: [], otherwise: [], line: elifLine });
    }
    if (end === 'else') [otherwise] = this.#body('endif');
    return { kind: 'if', test, body: first, elifs, otherwise, line };
  }

  #set(line: number): Statement {
    const stream = this.#stream;
    const target = this.#target(true);
    if (stream.skip('operator', '=')) return { kind: 'set', target, value: parseTuple(stream), line };
    const filter = parseFilters(stream, undefined);
    const [body] = this.#body('endset');
    return { kind: 'setBlock', target, filter, body, line };
  }

  #macro(line: number): Macro {
    const name = this.#nameTarget();
    const parameters = this.#parameters();
    return { kind: 'macro', name, parameters, body: this.#functionBody('endmacro'), line };
  }

  #callBlock(line: number): CallBlock {
    const stream = this.#stream;
    const parameters = stream.isOperator('(') ? this.#parameters() : [];
    const call = parseExpression(stream);
    if (call.kind !== 'call') throw stream.error('expected call', line);
    return { kind: 'callBlock', parameters, call, body: this.#functionBody('endcall'), line };
  }

  /** A body that Python has in a function of its own, out of which no loop around it can be left. */
  #functionBody(end: string): Statement[] {
    const loops = this.#loops;
    this.#loops = 0;
    const [body] = this.#body(end);
    this.#loops = loops;
    return body;
  }

  #with(line: number): Statement {
    const stream = this.#stream;
    const bindings: (readonly [Target, Expression])[] = [];
    while (!stream.is('block_end')) {
      if (bindings.length > 0) stream.expect('operator', ',');
      const target = this.#target(false);
      stream.expect('operator', '=');
      bindings.push([target, parseExpression(stream)]);
    }
    const [body] = this.#body('endwith');
    return { kind: 'with', bindings, body, line };
  }

  #printed(): Expression[] {
    const stream = this.#stream;
    const values: Expression[] = [];
    while (!stream.is('block_end')) {
      if (values.length > 0) stream.expect('operator', ',');
      values.push(parseExpression(stream));
    }
    return values;
  }

  #parameters(): Parameter[] {
    const stream = this.#stream;
    const parameters: Parameter[] = [];
    stream.expect('operator', '(');
    while (!stream.isOperator(')')) {
      if (parameters.length > 0) stream.expect('operator', ',');
      const name = this.#nameTarget();
      const otherwise = stream.skip('operator', '=') ? parseExpression(stream) : undefined;
      if (otherwise === undefined && parameters.at(-1)?.otherwise !== undefined) {
        throw stream.error('non-default argument follows default argument');
      }
      if (parameters.some((parameter) => parameter.name === name)) throw stream.error(`two parameters ${name}`);
      parameters.push({ name, otherwise });
    }
    stream.next();
    return parameters;
  }

  #nameTarget(): string {
    const { value } = this.#stream.current;
    if (/^(?:true|false|none)$/i.test(value) && this.#stream.is('name'))
      throw this.#stream.error(`cannot assign to ${value}`);
    return this.#stream.expect('name').value;
  }

  /** What a value is assigned to: a name, several of them, or a member of a namespace. */
  #target(withMembers: boolean): Target {
    const stream = this.#stream;
    const { line } = stream.current;
    const items: Target[] = [];
    let isTuple = false;
    while (!isTupleEnd(stream)) {
      items.push(this.#oneTarget(withMembers));
      if (!stream.isOperator(',')) break;
      isTuple = true;
      stream.next();
    }
    const [only] = items;
    if (isTuple) return { kind: 'targets', items, line };
    if (only === undefined) throw stream.error(`expected a name, got ${stream.described}`);
    return only;
  }

  #oneTarget(withMembers: boolean): Target {
    const stream = this.#stream;
    const { line } = stream.current;
    const { type, value } = stream.following;
    if (withMembers && stream.is('name') && type === 'operator' && value === '.') {
      const name = this.#nameTarget();
      stream.next();
      return { kind: 'member', name, attribute: stream.expect('name').value, line };
    }
    return asTarget(parsePrimary(stream), stream);
  }
}

function asTarget(expression: Expression, stream: TokenStream): Target {
  const { line } = expression;
  if (expression.kind === 'name') return expression;
  if (expression.kind === 'tuple') {
    return { kind: 'targets', items: expression.items.map((item) => asTarget(item, stream)), line };
  }
  throw stream.error(`expected a name to assign to, got a ${expression.kind}`, line);
}
