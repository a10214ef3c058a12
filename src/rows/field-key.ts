import { jsonText } from './json-text.js';

/**
 * What the values of a field are compared by: equal keys are one value, however each was spelled in its row. The number 1
 * and the string "1" are two values.
 *
 * @param value as JSON.parse gives it, of any depth
 * @returns undefined where there is no value: of undefined and null
 */
export const canonicalKey = (value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : jsonText(value);
