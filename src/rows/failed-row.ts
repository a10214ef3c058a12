import type { RowFailure } from './failure.js';
import type { Position } from './records.js';

/** A row that failed, for the statistics of a run and its list of errors. */
export interface FailedRow extends Position {
  /** Number of the row in its window, from 0. */
  readonly row: number;
  readonly failure: RowFailure;
  /** The path of its file, where that is not its window's. */
  readonly path?: string;
  /** The record, where no output record carries it. */
  readonly input?: string;
}
