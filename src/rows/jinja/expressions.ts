/** Expressions, by the grammar and the precedences of Jinja2 (jinja2/parser.py, 3.1.6). */
import type { CallArguments, Expression, Filter, Slice } from './nodes.js';
import type { TokenStream } from './token-stream.js';
import type { Value } from './values.js';

export function parseExpression(stream: TokenStream, withCondition = true): Expression {
  return withCondition ? parseCondition(stream) : parseOr(stream);
}

function parseCondition(stream: TokenStream): Expression {
  let { line } = stream.current;
  let then = parseOr(stream);
  while (stream.skip('name', 'if')) {
    const test = parseOr(stream);
    const otherwise = stream.skip('name', 'else') ? parseCondition(stream) : undefined;
    then = { kind: 'condition', test, then, otherwise, line };
    line = stream.current.line;
  }
  return then;
}

function parseOr(stream: TokenStream): Expression {
  const { line } = stream.current;
  let left = parseAnd(stream);
  while (stream.skip('name', 'or')) left = { kind: 'or', left, right: parseAnd(stream), line };
  return left;
}

function parseAnd(stream: TokenStream): Expression {
  const { line } = stream.current;
  let left = parseNot(stream);
  while (stream.skip('name', 'and')) left = { kind: 'and', left, right: parseNot(stream), line };
  return left;
}

function parseNot(stream: TokenStream): Expression {
  const { line } = stream.current;
  if (stream.skip('name', 'not')) return { kind: 'not', operand: parseNot(stream), line };
  return parseCompare(stream);
}

function parseCompare(stream: TokenStream): Expression {
  const { line } = stream.current;
  const first = parseSum(stream);
  const rest: (readonly [string, Expression])[] = [];
  for (let operator = comparison(stream); operator !== undefined; operator = comparison(stream)) {
    rest.push([operator, parseSum(stream)]);
  }
  return rest.length === 0 ? first : { kind: 'compare', first, rest, line };
}

function comparison(stream: TokenStream): string | undefined {
  if (stream.isOperator('==', '!=', '<', '<=', '>', '>=')) return stream.next().value;
  if (stream.skip('name', 'in')) return 'in';
  if (!stream.isName('not') || stream.following.type !== 'name' || stream.following.value !== 'in') return undefined;
  stream.next();
  stream.next();
  return 'not in';
}

function parseSum(stream: TokenStream): Expression {
  const { line } = stream.current;
  let left = parseConcat(stream);
  while (stream.isOperator('+', '-')) {
    const operator = stream.next().value;
    left = { kind: 'arithmetic', operator, left, right: parseConcat(stream), line };
  }
  return left;
}

function parseConcat(stream: TokenStream): Expression {
  const { line } = stream.current;
  const items = [parseProduct(stream)];
  while (stream.skip('operator', '~')) items.push(parseProduct(stream));
  return items.length === 1 ? (items[0] as Expression) : { kind: 'concat', items, line };
}

function parseProduct(stream: TokenStream): Expression {
  const { line } = stream.current;
  let left = parsePower(stream);
  while (stream.isOperator('*', '/', '//', '%')) {
    const operator = stream.next().value;
    left = { kind: 'arithmetic', operator, left, right: parsePower(stream), line };
  }
  return left;
}

function parsePower(stream: TokenStream): Expression {
  const { line } = stream.current;
  let left = parseSigned(stream, true);
  while (stream.skip('operator', '**')) {
    left = { kind: 'arithmetic', operator: '**', left, right: parseSigned(stream, true), line };
  }
  return left;
}

function parseSigned(stream: TokenStream, withFilters: boolean): Expression {
  const { line } = stream.current;
  const signed: Expression = stream.isOperator('-', '+')
    ? { kind: 'sign', operator: stream.next().value, operand: parseSigned(stream, false), line }
    : parsePrimary(stream);
  const expression = parsePostfix(stream, signed);
  return withFilters ? parseFiltersAndTests(stream, expression) : expression;
}

const CONSTANTS: Readonly<Record<string, Value>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};

export function parsePrimary(stream: TokenStream): Expression {
  const { type, value, line } = stream.current;
  switch (type) {
    case 'name':
      stream.next();
      if (Object.hasOwn(CONSTANTS, value)) return { kind: 'constant', value: CONSTANTS[value] as Value, line };
      return { kind: 'name', name: value, line };
    case 'string': {
      let text = '';
      while (stream.is('string')) text += stream.next().value;
      return { kind: 'constant', value: text, line };
    }
    case 'integer':
      stream.next();
      return { kind: 'constant', value: BigInt(value.replaceAll('_', '').toLowerCase()), line };
    case 'float': {
      const float = Number(stream.next().value.replaceAll('_', ''));
      if (!Number.isFinite(float)) throw stream.error(`${value} is not finite`, line);
      return { kind: 'constant', value: float, line };
    }
    default:
      return parseBracketed(stream);
  }
}

function parseBracketed(stream: TokenStream): Expression {
  const { line } = stream.current;
  if (stream.skip('operator', '(')) {
    const expression = parseTuple(stream, { explicitParentheses: true });
    stream.expect('operator', ')');
    return expression;
  }
  if (stream.skip('operator', '[')) {
    const items = parseSeparated(stream, ']', () => parseExpression(stream));
    return { kind: 'list', items, line };
  }
  if (stream.skip('operator', '{')) {
    const entries = parseSeparated(stream, '}', () => {
      const key = parseExpression(stream);
      stream.expect('operator', ':');
      return [key, parseExpression(stream)] as const;
    });
    return { kind: 'dict', entries, line };
  }
  throw stream.error(`expected an expression, got ${stream.described}`);
}

/** Parts with commas between them, and perhaps one after the last, to the closing bracket. */
function parseSeparated<T>(stream: TokenStream, closing: string, parse: () => T): T[] {
  const parts: T[] = [];
  while (!stream.isOperator(closing)) {
    if (parts.length > 0) stream.expect('operator', ',');
    if (stream.isOperator(closing)) break;
    parts.push(parse());
  }
  stream.expect('operator', closing);
  return parts;
}

export interface TupleOptions {
  readonly withCondition?: boolean;
  /** There are brackets around it, so that it may be empty. */
  readonly explicitParentheses?: boolean;
}

/** An expression, or several with commas between them: a tuple. */
export function parseTuple(stream: TokenStream, options: TupleOptions = {}): Expression {
  const { withCondition = true, explicitParentheses = false } = options;
  const { line } = stream.current;
  const items: Expression[] = [];
  let isTuple = false;
  while (!isTupleEnd(stream)) {
    items.push(parseExpression(stream, withCondition));
    if (!stream.isOperator(',')) break;
    isTuple = true;
    stream.next();
  }
  if (isTuple || (items.length === 0 && explicitParentheses)) return { kind: 'tuple', items, line };
  const [only] = items;
  if (only === undefined) throw stream.error(`expected an expression, got ${stream.described}`);
  return only;
}

export const isTupleEnd = (stream: TokenStream): boolean =>
  stream.is('variable_end') || stream.is('block_end') || stream.isOperator(')');

function parsePostfix(stream: TokenStream, expression: Expression): Expression {
  let node = expression;
  while (stream.isOperator('.', '[', '('))
    node = stream.isOperator('(') ? parseCall(stream, node) : parseMember(stream, node);
  return node;
}

function parseMember(stream: TokenStream, object: Expression): Expression {
  const { value: operator, line } = stream.next();
  if (operator === '.') {
    if (stream.is('name')) return { kind: 'attribute', object, name: stream.next().value, line };
    return { kind: 'item', object, key: integerKey(stream), line };
  }
  const keys: (Expression | Slice)[] = [];
  while (!stream.isOperator(']')) {
    if (keys.length > 0) stream.expect('operator', ',');
    keys.push(parseKey(stream));
  }
  stream.expect('operator', ']');
  const [only] = keys;
  if (keys.length === 1 && only !== undefined) return { kind: 'item', object, key: only, line };
  const items = keys.map((key) => {
    if (key.kind === 'slice') throw stream.error('a slice in a tuple is not supported', line);
    return key;
  });
  return { kind: 'item', object, key: { kind: 'tuple', items, line }, line };
}

function integerKey(stream: TokenStream): Expression {
  if (!stream.is('integer')) throw stream.error(`expected a name or a number after the dot, got ${stream.described}`);
  return parsePrimary(stream);
}

function parseKey(stream: TokenStream): Expression | Slice {
  const { line } = stream.current;
  const start = stream.isOperator(':') ? undefined : parseExpression(stream);
  if (start !== undefined && !stream.isOperator(':')) return start;
  stream.expect('operator', ':');
  const bound = (): Expression | undefined => (stream.isOperator(':', ']', ',') ? undefined : parseExpression(stream));
  const stop = bound();
  const step = stream.skip('operator', ':')
    ? stream.isOperator(']', ',')
      ? undefined
      : parseExpression(stream)
    : undefined;
  return { kind: 'slice', start, stop, step, line };
}

function parseCall(stream: TokenStream, callee: Expression): Expression {
  const { line } = stream.current;
  return { kind: 'call', callee, ...parseArguments(stream), line };
}

const NO_ARGUMENTS: CallArguments = { args: [], named: [], spread: undefined, namedSpread: undefined };

function parseArguments(stream: TokenStream): CallArguments {
  const { line } = stream.expect('operator', '(');
  const args: Expression[] = [];
  const named = new Map<string, Expression>();
  let spread: Expression | undefined;
  let namedSpread: Expression | undefined;
  const ensure = (isRight: boolean): void => {
    if (!isRight) throw stream.error('the arguments of a call are in a wrong order, or given twice', line);
  };
  parseSeparated(stream, ')', () => {
    if (stream.skip('operator', '*')) {
      ensure(spread === undefined && namedSpread === undefined);
      spread = parseExpression(stream);
    } else if (stream.skip('operator', '**')) {
      ensure(namedSpread === undefined);
      namedSpread = parseExpression(stream);
    } else if (stream.is('name') && stream.following.type === 'operator' && stream.following.value === '=') {
      ensure(namedSpread === undefined && !named.has(stream.current.value));
      const name = stream.next().value;
      stream.next();
      named.set(name, parseExpression(stream));
    } else {
      ensure(spread === undefined && namedSpread === undefined && named.size === 0);
      args.push(parseExpression(stream));
    }
  });
  return { args, named: [...named], spread, namedSpread };
}

function parseFiltersAndTests(stream: TokenStream, expression: Expression): Expression {
  let node = expression;
  for (;;) {
    if (stream.isOperator('|')) node = parseFilters(stream, node) as Expression;
    else if (stream.isName('is')) node = parseTest(stream, node);
    // A call of what a filter or a test gives.
    else if (stream.isOperator('(')) node = parseCall(stream, node);
    else return node;
  }
}

/** The filters that follow. @param isInside the first has no bar before it: it is the one of a block */
export function parseFilters(
  stream: TokenStream,
  operand: Expression | undefined,
  isInside = false,
): Filter | undefined {
  let node = operand;
  let filter: Filter | undefined;
  for (let inside = isInside; inside || stream.isOperator('|'); inside = false) {
    if (!inside) stream.next();
    const { line } = stream.current;
    const name = parseDottedName(stream);
    filter = { kind: 'filter', name, operand: node, ...parseOptionalArguments(stream), line };
    node = filter;
  }
  return filter;
}

function parseDottedName(stream: TokenStream): string {
  let name = stream.expect('name').value;
  while (stream.skip('operator', '.')) name += `.${stream.expect('name').value}`;
  return name;
}

const parseOptionalArguments = (stream: TokenStream): CallArguments =>
  stream.isOperator('(') ? parseArguments(stream) : NO_ARGUMENTS;

function parseTest(stream: TokenStream, operand: Expression): Expression {
  const { line } = stream.next();
  const isNegated = stream.skip('name', 'not');
  const name = parseDottedName(stream);
  const test: Expression = { kind: 'test', name, operand, ...parseTestArguments(stream), line };
  return isNegated ? { kind: 'not', operand: test, line } : test;
}

/** In brackets, or one without brackets. */
function parseTestArguments(stream: TokenStream): CallArguments {
  const hasBareArgument =
    (stream.is('name') && !stream.isName('else', 'or', 'and')) ||
    stream.is('string') ||
    stream.is('integer') ||
    stream.is('float') ||
    stream.isOperator('[', '{');
  if (!hasBareArgument) return parseOptionalArguments(stream);
  if (stream.isName('is')) throw stream.error('You cannot chain multiple tests with is');
  return { ...NO_ARGUMENTS, args: [parsePostfix(stream, parsePrimary(stream))] };
}
