import { type Columns, select } from './rows.js';

/** Evaluates the rows or pairs of each key separately, in the order of the keys. */
export function evaluateSlices<T extends Columns<T>, Evaluation>(
  columns: T,
  keys: readonly string[],
  evaluate: (slice: T) => Evaluation,
): { readonly key: string; readonly evaluation: Evaluation }[] {
  const indices = new Map<string, number[]>();
  for (const [i, key] of keys.entries()) {
    const ofKey = indices.get(key);
    if (ofKey) ofKey.push(i);
    else indices.set(key, [i]);
  }
  return [...indices]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, ofKey]) => ({ key, evaluation: evaluate(select(columns, Int32Array.from(ofKey))) }));
}
