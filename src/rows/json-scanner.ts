/**
 * Where the members of an object and the elements of an array stand in JSON text, without making values of them. It
 * walks the bytes and never calls itself, so that no depth of nesting is too deep. It does not check the text: on what is
 * not JSON it ends early or gives spans that do not parse.
 */

/** Indices of bytes: the first, and the one after the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface MemberSpan {
  /** With its quotes and escapes. */
  readonly name: Span;
  readonly value: Span;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** The members of the object whose opening brace is at `start`, in order; a name may come twice. */
export function* membersOf(json: Uint8Array, start: number): Generator<MemberSpan> {
  if (json[start] !== OPENING_BRACE) return;
  let at = skipSpace(json, start + 1);
  while (json[at] === QUOTE) {
    const name = { start: at, end: endOfString(json, at) };
    const colon = skipSpace(json, name.end);
    if (json[colon] !== COLON) return;
    const value = valueAfter(json, colon + 1);
    if (value.end === value.start) return;
    yield { name, value };
    const comma = skipSpace(json, value.end);
    if (json[comma] !== COMMA) return;
    at = skipSpace(json, comma + 1);
  }
}

/** The value that begins at `from`, or after white space there. It is empty where there is none. */
export function valueAfter(json: Uint8Array, from: number): Span {
  const start = skipSpace(json, from);
  return { start, end: endOfValue(json, start) };
}

function endOfValue(json: Uint8Array, start: number): number {
  const first = json[start];
  if (first === QUOTE) return endOfString(json, start);
  if (first === OPENING_BRACE || first === OPENING_BRACKET) return endOfNested(json, start);
  let at = start;
  while (at < json.length && !endsScalar(json[at] as number)) at++;
  return at;
}

/** Just past the bracket that closes the one at `start`. */
function endOfNested(json: Uint8Array, start: number): number {
  let depth = 0;
  for (let at = start; at < json.length; ) {
    const byte = json[at];
    if (byte === QUOTE) {
      at = endOfString(json, at);
      continue;
    }
    if (byte === OPENING_BRACE || byte === OPENING_BRACKET) depth++;
    else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) depth--;
    at++;
    if (depth === 0) return at;
  }
  return json.length;
}

/** Just past the quote that closes the one at `start`. */
function endOfString(json: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return Math.min(at + 1, json.length);
}

const endsScalar = (byte: number): boolean =>
  byte === COMMA || byte === CLOSING_BRACE || byte === CLOSING_BRACKET || isSpace(byte);

function skipSpace(json: Uint8Array, from: number): number {
  let at = from;
  while (at < json.length && isSpace(json[at] as number)) at++;
  return at;
}

/** The white space of JSON: space, tab, line feed, carriage return. */
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
