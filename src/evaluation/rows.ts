import type { NotDefined } from './metric.js';

/**
 * Scored rows, by column: a million take some ten megabytes a column. Columns have one entry for each row, in any
 * order, the same in all of them.
 */
export interface Rows {
  readonly rewards: Float64Array;
  /** Labels 0 and 1, or grades; larger is better. */
  readonly labels?: Float64Array | undefined;
  /** The length of each response in characters, for the baselines `longest` and `shortest`. */
  readonly lengths?: Float64Array | undefined;
  /** The rewards that another scorer gave the same rows. */
  readonly baselineRewards?: Float64Array | undefined;
  /** A number for each group of candidates. */
  readonly groups?: Int32Array | undefined;
  /**
   * A number for each conversation: a resample draws it whole. By default it draws groups, or single rows without them.
   */
  readonly conversations?: Int32Array | undefined;
}

/** Scored pairs, by column, like `Rows`. */
export interface Pairs {
  readonly chosen: Float64Array;
  readonly rejected: Float64Array;
  readonly chosenLengths?: Float64Array | undefined;
  readonly rejectedLengths?: Float64Array | undefined;
  readonly baselineChosen?: Float64Array | undefined;
  readonly baselineRejected?: Float64Array | undefined;
  readonly conversations?: Int32Array | undefined;
}

/** Columns of one length. */
export type Columns<T> = { readonly [K in keyof T]: Float64Array | Int32Array | undefined };

/** The rows or pairs at these indices, in that order. */
export function select<T extends Columns<T>>(columns: T, indices: Int32Array): T {
  return Object.fromEntries(
    Object.entries<Float64Array | Int32Array | undefined>(columns).map(([name, column]) => [
      name,
      column && selectFrom(column, indices),
    ]),
  ) as T;
}

function selectFrom(column: Float64Array | Int32Array, indices: Int32Array): Float64Array | Int32Array {
  const selected = column instanceof Int32Array ? new Int32Array(indices.length) : new Float64Array(indices.length);
  for (let i = 0; i < indices.length; i++) selected[i] = column[indices[i] as number] as number;
  return selected;
}

/** Why the columns cannot be evaluated: no row, or a value that is not finite. Undefined where they can. */
export function whyNot<T extends Columns<T>>(columns: T): NotDefined | undefined {
  const lengths = new Set<number>();
  for (const [name, column] of Object.entries<Float64Array | Int32Array | undefined>(columns)) {
    if (!column) continue;
    if (column.length === 0) return { reason: `expected ${name}, got none` };
    const other = column.find((value: number) => !Number.isFinite(value));
    if (other !== undefined) return { reason: `expected finite ${name}, got ${other}` };
    lengths.add(column.length);
  }
  if (lengths.size > 1) throw new RangeError(`Expected columns of one length, got ${[...lengths].join(', ')}`);
  return undefined;
}
