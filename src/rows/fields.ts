import type { Row } from './kinds/roles.js';

/**
 * Reads the field that a flag names. An exact name wins over a path; a path into an array reads each of its items:
 * `candidates.label`.
 */
export const valueAt = (row: Row, name: string): unknown =>
  Object.hasOwn(row, name) ? row[name] : followPath(row, name.split('.'));

/** A value in which some steps of a path remain to be followed, and the place of the result. */
interface Branch {
  readonly value: unknown;
  readonly step: number;
  readonly results: unknown[];
  readonly index: number;
}

/**
 * Follows a path; undefined where it leads nowhere. A list of branches takes the place of recursion, as arrays may be
 * nested deeply.
 */
export function followPath(start: unknown, steps: readonly string[]): unknown {
  const found: unknown[] = [];
  const branches: Branch[] = [{ value: start, step: 0, results: found, index: 0 }];
  for (let branch = branches.pop(); branch !== undefined; branch = branches.pop()) {
    let { value, step } = branch;
    for (; step < steps.length; step++) {
      const name = steps[step] as string;
      const inside = unquoted(value);
      if (Array.isArray(inside) && !Object.hasOwn(inside, name)) {
        const results: unknown[] = new Array(inside.length).fill(undefined);
        for (const [index, item] of inside.entries()) branches.push({ value: item, step, results, index });
        value = results;
        break;
      }
      const isReached = typeof inside === 'object' && inside !== null && Object.hasOwn(inside, name);
      value = isReached ? (inside as Record<string, unknown>)[name] : undefined;
    }
    branch.results[branch.index] = value;
  }
  return found[0];
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
