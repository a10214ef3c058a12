import type { RowTypes } from './layout.js';

/** A row of tokens, and its places in the input: equal rows are computed once. */
export interface DistinctRow {
  readonly tokens: readonly number[];
  /** The type of each token; undefined where all are of type 0. */
  readonly types?: readonly number[] | undefined;
  /** Indices into the input. */
  readonly rows: readonly number[];
}

/** Sorts rows by their tokens and types and merges equal ones, so that the order does not depend on that of the input. */
export function distinctRows(rows: readonly (readonly number[])[], types: RowTypes = []): DistinctRow[] {
  const compare = (a: number, b: number): number =>
    compareTokens(rows[a] as number[], rows[b] as number[]) || compareTypes(types[a], types[b]);
  const order = rows.map((_, index) => index);
  order.sort((a, b) => compare(a, b) || a - b);
  const distinct: (DistinctRow & { rows: [number, ...number[]] })[] = [];
  for (const index of order) {
    const previous = distinct.at(-1);
    if (previous !== undefined && compare(previous.rows[0], index) === 0) previous.rows.push(index);
    else distinct.push({ tokens: rows[index] as number[], types: types[index], rows: [index] });
  }
  return distinct;
}

export function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const end = Math.min(a.length, b.length);
  let length = 0;
  while (length < end && a[length] === b[length]) length++;
  return length;
}

/**
 * For each row, how many tokens at its beginning are computed once for it and another row.
 *
 * @param beginnings whether beginnings are shared, or only equal rows
 */
export function sharedTokens(rows: readonly (readonly number[])[], beginnings: boolean, types?: RowTypes): number[] {
  const shared = rows.map(() => 0);
  const distinct = distinctRows(rows, types);
  // Sorted, what a row shares with any other it shares with a neighbour.
  const withNext = distinct.map(({ tokens }, i) => {
    const next = distinct[i + 1];
    return beginnings && next !== undefined ? commonPrefix(tokens, next.tokens) : 0;
  });
  for (const [i, { tokens, rows: members }] of distinct.entries()) {
    const length = members.length > 1 ? tokens.length : Math.max(withNext[i - 1] ?? 0, withNext[i] ?? 0);
    for (const member of members) shared[member] = length;
  }
  return shared;
}

function compareTokens(a: readonly number[], b: readonly number[]): number {
  const shared = commonPrefix(a, b);
  return shared === a.length || shared === b.length
    ? a.length - b.length
    : (a[shared] as number) - (b[shared] as number);
}

/** Compares the types of rows that are of one length. */
function compareTypes(a: readonly number[] = [], b: readonly number[] = []): number {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) - (b[i] ?? 0);
  return 0;
}
