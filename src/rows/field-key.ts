/** The most levels of arrays and objects in a key: more than any data has, and few enough for every stack. */
export const DEEPEST_KEY = 1000;

/**
 * Returns a text that is the same for equal JSON values and differs for others: `1` and `1.0` give one key, `1` and
 * `"1"` two. Objects are equal where their members are in the same order.
 *
 * @param value from JSON
 * @returns undefined for no value, and for one with more than `DEEPEST_KEY` levels, for which `JSON.stringify` could
 * exceed the stack
 */
export const canonicalKey = (value: unknown): string | undefined =>
  isDeeperThan(DEEPEST_KEY, value) ? undefined : JSON.stringify(value);

/** Goes through the value one level after the other, so that no depth exceeds the stack. */
function isDeeperThan(levels: number, value: unknown): boolean {
  let level = [value].filter(isObject);
  for (let passed = 0; level.length > 0; passed++) {
    if (passed === levels) return true;
    level = level.flatMap((each) => Object.values(each).filter(isObject));
  }
  return false;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
