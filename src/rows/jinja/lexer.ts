/**
 * A template as tokens: what Jinja2's lexer gives with trim_blocks and lstrip_blocks, and without a newline at the end
 * (jinja2/lexer.py, 3.1.6).
 */
import { TemplateError, unsupported } from './errors.js';
import { SPACES, stripEnd } from './text.js';

export type TokenType =
  | 'data'
  | 'variable_begin'
  | 'variable_end'
  | 'block_begin'
  | 'block_end'
  | 'name'
  | 'string'
  | 'integer'
  | 'float'
  | 'operator'
  | 'eof';

export interface Token {
  readonly type: TokenType;
  /** Of a string the text that it stands for, otherwise as it is written. */
  readonly value: string;
  readonly line: number;
}

const SPACE = `[${SPACES}]`;

/** Where code begins: `{%`, `{{` or `{#` and the sign after it, or the whole tag `raw`. */
const OPENING = new RegExp(`\\{%([-+]?)${SPACE}*raw${SPACE}*(?:-%\\}${SPACE}*|%\\})|\\{([%{#])([-+]?)`, 'gu');
const RAW_END = new RegExp(`\\{%([-+]?)${SPACE}*endraw${SPACE}*(?:\\+%\\}|-%\\}${SPACE}*|%\\}\\n?)`, 'gu');
const COMMENT_END = new RegExp(`\\+#\\}|-#\\}${SPACE}*|#\\}\\n?`, 'gu');
const BLOCK_END = new RegExp(`\\+%\\}|-%\\}${SPACE}*|%\\}\\n?`, 'yu');
const VARIABLE_END = new RegExp(`-\\}\\}${SPACE}*|\\}\\}`, 'yu');

/** What stands inside of code, in the order in which it is tried. */
const PARTS: readonly (readonly [type: TokenType | 'space', pattern: RegExp])[] = [
  ['space', new RegExp(`${SPACE}+`, 'yu')],
  ['float', /(?<!\.)(?:[0-9]+_)*[0-9]+(?:(?:\.(?:[0-9]+_)*[0-9]+)?e[+-]?(?:[0-9]+_)*[0-9]+|\.(?:[0-9]+_)*[0-9]+)/iy],
  ['integer', /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[0-9a-f])+|[1-9](?:_?[0-9])*|0(?:_?0)*/iy],
  ['name', /[\p{L}\p{N}\p{M}\p{Pc}]+/uy],
  ['string', /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"/suy],
  ['operator', /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}<>=.:|,;]/y],
];

const CLOSING: Readonly<Record<string, string>> = { '{': '}', '(': ')', '[': ']' };

/** @throws TemplateError with the line where it is no template */
export function tokenize(template: string): Token[] {
  // Jinja2 makes all ends of lines \n, and drops the last one.
  const source = template.replace(/\r\n?/g, '\n').replace(/\n$/, '');
  const lineAt = lineCounter(source);
  const tokens: Token[] = [];
  const add = (type: TokenType, value: string, at: number): void => {
    if (type !== 'data' || value !== '') tokens.push({ type, value, line: lineAt(at) });
  };

  let position = 0;
  while (position < source.length) {
    const opening = find(OPENING, source, position);
    if (opening === undefined) {
      add('data', source.slice(position), position);
      break;
    }
    const [whole, rawSign, kind, sign] = opening;
    const text = source.slice(position, opening.index);
    const startsLine = position === 0 || source[position - 1] === '\n';
    add('data', textBefore(text, rawSign ?? sign ?? '', kind === '{', startsLine), position);
    position = opening.index + whole.length;
    if (kind === undefined) {
      const end = find(RAW_END, source, position);
      if (end === undefined) throw new TemplateError('a raw block is not closed', lineAt(position));
      const raw = source.slice(position, end.index);
      const rawStartsLine = source[position - 1] === '\n';
      add('data', textBefore(raw, end[1] ?? '', false, rawStartsLine), position);
      position = end.index + end[0].length;
    } else if (kind === '#') {
      const end = find(COMMENT_END, source, position);
      if (end === undefined) throw new TemplateError('a comment is not closed', lineAt(position));
      position = end.index + end[0].length;
    } else {
      add(kind === '{' ? 'variable_begin' : 'block_begin', whole, opening.index);
      position = tokenizeCode(source, position, kind === '{', add, lineAt);
    }
  }
  add('eof', '', source.length);
  return tokens;
}

type Add = (type: TokenType, value: string, at: number) => void;

/** @returns where the code ends */
function tokenizeCode(
  source: string,
  begin: number,
  isVariable: boolean,
  add: Add,
  lineAt: (at: number) => number,
): number {
  const open: string[] = [];
  let position = begin;
  while (position < source.length) {
    const end = open.length === 0 && matchAt(isVariable ? VARIABLE_END : BLOCK_END, source, position);
    if (end) {
      add(isVariable ? 'variable_end' : 'block_end', end, position);
      return position + end.length;
    }
    const [type, text] = partAt(source, position);
    if (type === undefined || text === undefined) {
      throw new TemplateError(`unexpected ${describe(source, position)}`, lineAt(position));
    }
    if (type === 'operator') balance(open, text, lineAt(position));
    if (type === 'name' && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(text)) {
      throw new TemplateError(
        `expected a name of letters, digits and underscores of ASCII, got ${text}`,
        lineAt(position),
      );
    }
    if (type !== 'space') add(type, type === 'string' ? unescaped(text, lineAt(position)) : text, position);
    position += text.length;
  }
  return position;
}

function partAt(source: string, position: number): readonly [type?: TokenType | 'space', text?: string] {
  for (const [type, pattern] of PARTS) {
    const text = matchAt(pattern, source, position);
    if (text !== undefined) return [type, text];
  }
  return [];
}

const describe = (source: string, position: number): string =>
  /["']/.test(source[position] as string)
    ? 'end of the template in a string'
    : `character ${String.fromCodePoint(source.codePointAt(position) as number)}`;

function balance(open: string[], bracket: string, line: number): void {
  const closing = CLOSING[bracket];
  if (closing !== undefined) open.push(closing);
  if (!/^[})\]]$/.test(bracket)) return;
  const expected = open.pop();
  if (expected !== bracket) {
    throw new TemplateError(`unexpected '${bracket}'${expected === undefined ? '' : `, expected '${expected}'`}`, line);
  }
}

function find(pattern: RegExp, source: string, from: number): RegExpExecArray | undefined {
  pattern.lastIndex = from;
  return pattern.exec(source) ?? undefined;
}

function matchAt(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

/** The text before code, without the white space that the sign, or lstrip_blocks, takes from its end. */
function textBefore(text: string, sign: string, isVariable: boolean, startsLine: boolean): string {
  if (sign === '-') return stripEnd(text, null);
  if (sign === '+' || isVariable) return text;
  const lineStart = text.lastIndexOf('\n') + 1;
  const isIndent = (lineStart > 0 || startsLine) && stripEnd(text.slice(lineStart), null) === '';
  return isIndent ? text.slice(0, lineStart) : text;
}

/** Lines are asked for in ascending order, or nearly so. */
function lineCounter(source: string): (at: number) => number {
  const starts = [0, ...Array.from(source.matchAll(/\n/g), ({ index }) => index + 1)];
  let line = 0;
  return (at) => {
    while (line > 0 && (starts[line] as number) > at) line--;
    while (line + 1 < starts.length && (starts[line + 1] as number) <= at) line++;
    return line + 1;
  };
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** The text of a string literal, by the codec unicode-escape of Python: what is no escape stays as it is. */
function unescaped(literal: string, line: number): string {
  return literal
    .slice(1, -1)
    .replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|.)/gsu, (written, code: string) => {
      const simple = ESCAPES[code];
      if (simple !== undefined) return simple;
      if (/^[0-7]/.test(code)) return String.fromCodePoint(Number.parseInt(code, 8));
      if (/^[xuU]./.test(code)) {
        const point = Number.parseInt(code.slice(1), 16);
        if (point > 0x10ffff) throw new TemplateError(`illegal Unicode character ${written}`, line);
        if (point >= 0xd800 && point <= 0xdfff) throw located(unsupported(`half a character, ${written},`), line);
        return String.fromCodePoint(point);
      }
      if (/^[xuUN]/.test(code) || code > '\x7f') throw located(unsupported(`the escape ${written} in a string`), line);
      return written;
    });
}

function located(error: TemplateError, line: number): TemplateError {
  error.line = line;
  return error;
}
