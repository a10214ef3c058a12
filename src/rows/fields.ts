import type { Row } from './roles.js';

/**
 * The value of a field that a flag names. An exact name wins over a path; a path into an array reads each of its items:
 * `candidates.label`.
 */
export const valueAt = (row: Row, name: string): unknown =>
  Object.hasOwn(row, name) ? row[name] : follow(row, name.split('.'));

function follow(value: unknown, [step, ...rest]: readonly string[]): unknown {
  if (step === undefined) return value;
  const inside = unquoted(value);
  if (Array.isArray(inside) && !Object.hasOwn(inside, step)) return inside.map((item) => follow(item, [step, ...rest]));
  if (typeof inside !== 'object' || inside === null || !Object.hasOwn(inside, step)) return undefined;
  return follow((inside as Record<string, unknown>)[step], rest);
}

/** A cell of CSV holds an array or object as text. */
function unquoted(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
