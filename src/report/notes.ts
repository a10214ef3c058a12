/** Notes below the numbers: why some are missing, and what the user can do to get them. */

import type { CollectedRows } from '../evaluation/columns.js';
import type { EvaluationFields } from '../evaluation/evaluated-rows.js';
import type { Evaluation } from '../evaluation/evaluation.js';
import { optionName } from '../option-name.js';
import { counted, many } from './numbers.js';

export interface Evaluated {
  readonly collected: CollectedRows;
  readonly evaluation: Evaluation;
  readonly fields: EvaluationFields;
  readonly rows: number;
  /** Rows that the baseline does not have. */
  readonly unmatched: number;
}

export function notesOn({ collected, evaluation, fields, rows, unmatched }: Evaluated): string[] {
  const { labels, rewards } = collected.rows.columns;
  const notes: string[] = [];
  if (labels === undefined && rewards.length > 0) {
    notes.push(
      `no labels: the first row has no field label or labels; ${optionName('labelField')} names another (candidates.label)`,
    );
  }
  if (labels?.some((label) => label !== 0 && label !== 1)) {
    notes.push(
      `labels are grades: rank metrics only; ${optionName('positive')} LABEL makes them 0 and 1, for auc, accuracy and the like`,
    );
  }
  if (fields.positive !== undefined && labels?.every((label) => label === 0)) {
    notes.push(`no label is ${fields.positive.join(' or ')} (${optionName('positive')})`);
  }
  if (collected.withoutLength > 0) {
    notes.push(`no longest and shortest: ${counted(collected.withoutLength, 'row')} without a text of known length`);
  }
  if (fields.by !== undefined && collected.withoutSlice > 0) {
    notes.push(
      `${counted(collected.withoutSlice, 'row')} without a field ${fields.by} (${optionName('by')}), shown as (none)`,
    );
  }
  if (evaluation.slicesLeftOut > 0) {
    notes.push(
      `only the ${many(evaluation.slices.length)} largest slices; ${many(evaluation.slicesLeftOut)} are left out`,
    );
  }
  if (unmatched > 0)
    notes.push(`${counted(unmatched, 'row')} of ${many(rows)} are bad or not in the baseline: not compared`);
  return notes;
}
