/** JSON whose integers keep every digit. */

/** As many digits may be more than a double has room for. */
const LONG = /\d{16}/;
/** A number, a quote, or what a backslash keeps from being one. */
const TOKENS = /\\.|"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const LONG_INTEGER = /^-?\d{16,}$/;
/** What long integers are marked by while they are strings, and how a string that has it itself may be written. */
const MARK = '\u0000i';
const WRITTEN_MARK = /\\u0000(?:i|\\u0069)/;

/**
 * Parses JSON; integers of 16 digits or more are of type bigint.
 *
 * @throws SyntaxError
 */
export function parseExactly(json: string): unknown {
  // A text that has the mark itself is so rare that its numbers may be what they always are.
  if (!LONG.test(json) || WRITTEN_MARK.test(json)) return JSON.parse(json);
  let inString = false;
  // Whole strings are not matched: a regular expression runs out of stack in one of many megabytes.
  const marked = json.replace(TOKENS, (token) => {
    if (token === '"') inString = !inString;
    return !inString && LONG_INTEGER.test(token) ? `"\\u0000i${token}"` : token;
  });
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  );
}
