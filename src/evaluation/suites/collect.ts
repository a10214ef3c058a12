import { usageError } from '../../errors.js';
import type { EvaluatedRow } from '../evaluated-rows.js';
import type { Suite, SuiteRow } from './suite.js';

/** Collects the rows of a suite; bad rows are left out, and counted by the run. */
export class SuiteCollector {
  readonly rows: SuiteRow[] = [];
  readonly #suite: Suite;
  readonly #files: readonly string[];

  /** @param files their names, for messages */
  constructor(suite: Suite, files: readonly string[]) {
    this.#suite = suite;
    this.#files = files;
  }

  /** @throws FatalError `usage` where a row does not say which subset it is of, or has another form */
  addRows(rows: readonly (EvaluatedRow | null)[], file: number): void {
    for (const row of rows) {
      if (row === null) continue;
      const { slice, id, rewards, labels, shape, line } = row;
      const { by, title, answers } = this.#suite;
      const place = `${this.#files[file]}:${line ?? '?'}`;
      if (slice === undefined) throw usageError(`${place}: expected a field ${by}, as rows of ${title} have, got none`);
      if (shape !== (answers === 'one' ? 'pair' : 'array')) {
        throw usageError(`${place}: expected chosen and rejected, as rows of ${title} have, got a row of another form`);
      }
      const correct = labels?.reduce((sum, label) => sum + label, 0) ?? 1;
      this.rows.push({ subset: slice, id, rewards, correct, place });
    }
  }
}
