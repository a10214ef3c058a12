/**
 * Finds the places of values in JSON text without building them: a value's own bytes can be taken out, and big
 * integers, 1e400, the order of members and the spelling of strings stay as they were written.
 *
 *   documentValue(json)             the span of the text's one value; checks the whole text
 *   arrayElements(json, array)      the spans of an array's elements, one by one on demand
 *   objectMembers(json, object)     the names (decoded) and the values' spans of an object's members, likewise
 *   memberValue(json, object, name) the span of one member's value: of several with that name the last, as JSON.parse has it
 *   kindAt(json, value)             what a value is, in the words of typeInWords
 *   valueEnd(json, start)           where the value ends that begins at a byte
 *
 * The text is bytes, and a span is a range of them: `json.subarray(span.start, span.end)`. These functions check the
 * bytes that they read against the grammar of RFC 8259 as JSON.parse does, and a JsonError says where it is violated;
 * the caller checks whether the bytes are UTF-8 (`isUtf8` of node:buffer). Nothing here recurses, and memory is a byte
 * for each level of nesting, so that a hostile text can neither exhaust the stack nor the heap.
 */

/** The bytes of a value: from `start` up to, and without, `end`. No white space around it is included. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Member {
  /** Where its name begins, with the quote. */
  readonly start: number;
  readonly name: string;
  readonly value: Span;
}

/** The text is not JSON, or the value is not of the expected kind. */
export class JsonError extends Error {
  /** The place in the text; its length where the text ends too early. */
  readonly byte: number;

  constructor(message: string, byte: number) {
    super(message);
    this.name = 'JsonError';
    this.byte = byte;
  }
}

/**
 * Finds the text's one value, with nothing but white space around it and perhaps a byte-order mark before it.
 *
 * @throws JsonError where the text is not JSON
 */
export function documentValue(json: Uint8Array): Span {
  const start = skipSpace(json, startsWithMark(json) ? 3 : 0);
  const end = valueEnd(json, start);
  const after = skipSpace(json, end);
  if (after < json.length) throw unexpected(json, after);
  return { start, end };
}

/** @throws JsonError where there is no array, or the text is not JSON */
export function* arrayElements(json: Uint8Array, { start: array }: Span): Generator<Span, void, undefined> {
  let at = enter(json, array, OPEN_BRACKET);
  if (json[at] === CLOSE_BRACKET) return;
  for (;;) {
    const value = { start: at, end: valueEnd(json, at) };
    yield value;
    at = skipSpace(json, value.end);
    if (json[at] === CLOSE_BRACKET) return;
    if (json[at] !== COMMA) throw unexpected(json, at);
    at = skipSpace(json, at + 1);
  }
}

/** @throws JsonError where there is no object, or the text is not JSON */
export function* objectMembers(json: Uint8Array, { start: object }: Span): Generator<Member, void, undefined> {
  for (const { nameStart, nameEnd, value } of members(json, object)) {
    yield { start: nameStart, name: JSON.parse(textOf(json, nameStart, nameEnd)) as string, value };
  }
}

/**
 * Finds the value of an object's member; undefined where it has none of that name.
 *
 * @throws JsonError where there is no object, or the text is not JSON
 */
export function memberValue(json: Uint8Array, { start: object }: Span, name: string): Span | undefined {
  const plain = Buffer.from(JSON.stringify(name));
  let found: Span | undefined;
  for (const { nameStart, nameEnd, value } of members(json, object)) {
    if (isName(json, nameStart, nameEnd, plain, name)) found = value;
  }
  return found;
}

/** Names the type of a valid value, as typeInWords (describe-value.ts) does for a parsed one. */
export function kindAt(json: Uint8Array, { start }: Span): string {
  switch (json[start]) {
    case OPEN_BRACKET:
      return 'an array';
    case OPEN_BRACE:
      return 'an object';
    case QUOTE:
      return 'a string';
    case LOWER_T:
    case LOWER_F:
      return 'a boolean';
    case LOWER_N:
      return 'null';
    default:
      return 'a number';
  }
}

/**
 * Returns the index just past the value that begins at `start`.
 *
 * @throws JsonError where no valid value begins there
 */
export function valueEnd(json: Uint8Array, start: number): number {
  // The closing bytes of the open arrays and objects, the outermost first.
  let closers: Uint8Array = noClosers;
  let depth = 0;
  let at = start;
  for (;;) {
    const opener = json[at];
    if (opener === OPEN_BRACKET || opener === OPEN_BRACE) {
      const closer = opener === OPEN_BRACKET ? CLOSE_BRACKET : CLOSE_BRACE;
      at = skipSpace(json, at + 1);
      if (json[at] !== closer) {
        if (depth === closers.length) closers = grown(closers);
        closers[depth++] = closer;
        if (closer === CLOSE_BRACE) at = afterColon(json, stringEnd(json, at));
        continue;
      }
      at++;
    } else {
      at = scalarEnd(json, at);
    }
    // A value has ended, and perhaps the arrays and objects around it too.
    for (;;) {
      if (depth === 0) return at;
      at = skipSpace(json, at);
      const closer = closers[depth - 1];
      if (json[at] === COMMA) {
        at = skipSpace(json, at + 1);
        if (closer === CLOSE_BRACE) at = afterColon(json, stringEnd(json, at));
        break;
      }
      if (json[at] !== closer) throw unexpected(json, at);
      depth--;
      at++;
    }
  }
}

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const LOWER_T = 0x74;
const LOWER_U = 0x75;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const literals = ['true', 'false', 'null'].map((text) => Buffer.from(text));
const simpleEscapes: ReadonlySet<number | undefined> = new Set(Buffer.from('"\\/bfnrt'));
const noClosers = new Uint8Array(0);

function grown(closers: Uint8Array): Uint8Array {
  const larger = new Uint8Array(Math.max(16, 2 * closers.length));
  larger.set(closers);
  return larger;
}

interface RawMember {
  /** The name's bytes, with its quotes. */
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly value: Span;
}

function* members(json: Uint8Array, object: number): Generator<RawMember, void, undefined> {
  let at = enter(json, object, OPEN_BRACE);
  if (json[at] === CLOSE_BRACE) return;
  for (;;) {
    const nameStart = at;
    const nameEnd = stringEnd(json, at);
    const start = afterColon(json, nameEnd);
    const end = valueEnd(json, start);
    yield { nameStart, nameEnd, value: { start, end } };
    at = skipSpace(json, end);
    if (json[at] === CLOSE_BRACE) return;
    if (json[at] !== COMMA) throw unexpected(json, at);
    at = skipSpace(json, at + 1);
  }
}

function enter(json: Uint8Array, at: number, opener: number): number {
  if (json[at] !== opener) throw unexpected(json, at);
  return skipSpace(json, at + 1);
}

/** Whether a name in quotes is the wanted one, which is `plain` when spelled without escapes. */
function isName(json: Uint8Array, start: number, end: number, plain: Buffer, name: string): boolean {
  if (end - start === plain.length && plain.equals(json.subarray(start, end))) return true;
  return json.subarray(start, end).includes(BACKSLASH) && JSON.parse(textOf(json, start, end)) === name;
}

/** From the end of a member's name to the beginning of its value. */
function afterColon(json: Uint8Array, nameEnd: number): number {
  const colon = skipSpace(json, nameEnd);
  if (json[colon] !== COLON) throw unexpected(json, colon);
  return skipSpace(json, colon + 1);
}

function skipSpace(json: Uint8Array, from: number): number {
  for (let at = from; ; at++) {
    const byte = json[at];
    if (byte !== SPACE && byte !== NEWLINE && byte !== RETURN && byte !== TAB) return at;
  }
}

function scalarEnd(json: Uint8Array, at: number): number {
  const first = json[at];
  if (first === QUOTE) return stringEnd(json, at);
  if (first === MINUS || isDigit(first)) return numberEnd(json, at);
  const literal = literals.find((each) => each[0] === first);
  if (literal === undefined) throw unexpected(json, at);
  for (let i = 1; i < literal.length; i++) if (json[at + i] !== literal[i]) throw unexpected(json, at + i);
  return at + literal.length;
}

function stringEnd(json: Uint8Array, start: number): number {
  if (json[start] !== QUOTE) throw unexpected(json, start);
  for (let at = start + 1; ; at++) {
    const byte = json[at];
    if (byte === QUOTE) return at + 1;
    // Control characters are not allowed in a string, and past the end there is nothing.
    if (byte === undefined || byte < SPACE) throw unexpected(json, at);
    if (byte === BACKSLASH) at = escapeEnd(json, at + 1);
  }
}

/** The index of the last byte of an escape whose backslash is before `at`. */
function escapeEnd(json: Uint8Array, at: number): number {
  if (json[at] !== LOWER_U) {
    if (!simpleEscapes.has(json[at])) throw unexpected(json, at);
    return at;
  }
  for (let i = 1; i <= 4; i++) if (!isHexDigit(json[at + i])) throw unexpected(json, at + i);
  return at + 4;
}

function numberEnd(json: Uint8Array, start: number): number {
  let at = json[start] === MINUS ? start + 1 : start;
  // No digit may follow a zero at the beginning.
  at = json[at] === ZERO ? at + 1 : digitsEnd(json, at);
  if (json[at] === POINT) at = digitsEnd(json, at + 1);
  if (lowerCase(json[at]) === LOWER_E) {
    const sign = json[at + 1];
    at = digitsEnd(json, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
  }
  return at;
}

/** The end of one digit or more. */
function digitsEnd(json: Uint8Array, start: number): number {
  let at = start;
  while (isDigit(json[at])) at++;
  if (at === start) throw unexpected(json, at);
  return at;
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= NINE;

function isHexDigit(byte: number | undefined): boolean {
  const lower = lowerCase(byte);
  return isDigit(byte) || (lower !== undefined && lower >= 0x61 && lower <= 0x66);
}

/** The lower case of an ASCII letter. */
const lowerCase = (byte: number | undefined): number | undefined => (byte === undefined ? byte : byte | 0x20);

const startsWithMark = (json: Uint8Array): boolean => json[0] === 0xef && json[1] === 0xbb && json[2] === 0xbf;

const textOf = (json: Uint8Array, start: number, end: number): string =>
  Buffer.from(json.buffer, json.byteOffset + start, end - start).toString('utf8');

function unexpected(json: Uint8Array, at: number): JsonError {
  const byte = json[at];
  if (byte === undefined) return new JsonError('Unexpected end of JSON input', json.length);
  const isPrintable = byte > SPACE && byte < 0x7f;
  const what = isPrintable ? `'${String.fromCharCode(byte)}'` : `0x${byte.toString(16).padStart(2, '0')}`;
  return new JsonError(`Unexpected ${what} at byte ${at} of JSON input`, at);
}
