/** JSON whose integers keep every digit. */

/** As many digits may be more than a double has room for. */
const LONG = /\d{16}/;
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;
/** What long integers are marked by while they are strings. */
const MARK = '\u0000i';

/**
 * Parses JSON; integers of 16 digits or more are of type bigint.
 *
 * @throws SyntaxError
 */
export function parseExactly(json: string): unknown {
  // A text that has the mark itself is so rare that its numbers may be what they always are.
  if (!LONG.test(json) || json.includes('\\u0000i')) return JSON.parse(json);
  const marked = json.replace(TOKENS, (token) => (token.startsWith('"') ? token : `"\\u0000i${token}"`));
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  );
}
