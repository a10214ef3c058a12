/** A row of tokens, and its places in the input: equal rows are computed once. */
export interface DistinctRow {
  readonly tokens: readonly number[];
  /** Indices into the input. */
  readonly rows: readonly number[];
}

/** Sorts rows by their tokens and merges equal ones, so that the order does not depend on that of the input. */
export function distinctRows(rows: readonly (readonly number[])[]): DistinctRow[] {
  const order = rows.map((_, index) => index);
  order.sort((a, b) => compareTokens(rows[a] as number[], rows[b] as number[]) || a - b);
  const distinct: { tokens: readonly number[]; rows: number[] }[] = [];
  for (const index of order) {
    const tokens = rows[index] as number[];
    const previous = distinct.at(-1);
    if (previous !== undefined && compareTokens(previous.tokens, tokens) === 0) previous.rows.push(index);
    else distinct.push({ tokens, rows: [index] });
  }
  return distinct;
}

export function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const end = Math.min(a.length, b.length);
  let length = 0;
  while (length < end && a[length] === b[length]) length++;
  return length;
}

function compareTokens(a: readonly number[], b: readonly number[]): number {
  const shared = commonPrefix(a, b);
  return shared === a.length || shared === b.length
    ? a.length - b.length
    : (a[shared] as number) - (b[shared] as number);
}
