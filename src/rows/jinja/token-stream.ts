import { TemplateError } from './errors.js';
import type { Token, TokenType } from './lexer.js';

/** The tokens of a template, read from front to back. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #position = 0;

  /** @param tokens the last of which is `eof` */
  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get current(): Token {
    return this.#tokens[Math.min(this.#position, this.#tokens.length - 1)] as Token;
  }

  get following(): Token {
    return this.#tokens[Math.min(this.#position + 1, this.#tokens.length - 1)] as Token;
  }

  next(): Token {
    const token = this.current;
    this.#position++;
    return token;
  }

  is(type: TokenType, ...values: readonly string[]): boolean {
    const { current } = this;
    return current.type === type && (values.length === 0 || values.includes(current.value));
  }

  isOperator(...values: readonly string[]): boolean {
    return this.is('operator', ...values);
  }

  isName(...values: readonly string[]): boolean {
    return this.is('name', ...values);
  }

  /** Whether it was there, and is read. */
  skip(type: TokenType, value: string): boolean {
    const found = this.is(type, value);
    if (found) this.#position++;
    return found;
  }

  expect(type: TokenType, value?: string): Token {
    if (this.is(type, ...(value === undefined ? [] : [value]))) return this.next();
    throw this.error(`expected ${value ?? inWords(type)}, got ${this.described}`);
  }

  get described(): string {
    const { type, value } = this.current;
    if (type === 'string') return `the string ${JSON.stringify(value)}`;
    return ['name', 'operator', 'integer', 'float'].includes(type) ? value : inWords(type);
  }

  error(message: string, line = this.current.line): TemplateError {
    return new TemplateError(message, line);
  }
}

const inWords = (type: TokenType): string =>
  ({
    data: 'text',
    variable_begin: '{{',
    variable_end: '}}',
    block_begin: '{%',
    block_end: '%}',
    name: 'a name',
    string: 'a string',
    integer: 'an int',
    float: 'a float',
    operator: 'an operator',
    eof: 'the end of the template',
  })[type];
