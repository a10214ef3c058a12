/** What there is to say beside the numbers: why some are missing, and what would bring them. */

import { rowsInWords } from '../cli/commands/print.js';
import type { JudgedRows } from '../evaluation/columns.js';
import type { EvaluationFields } from '../evaluation/evaluated-rows.js';
import type { Evaluation } from '../evaluation/evaluation.js';
import { many } from './numbers.js';

export interface Evaluated {
  readonly judged: JudgedRows;
  readonly evaluation: Evaluation;
  readonly fields: EvaluationFields;
  readonly rows: number;
  /** Rows that the baseline does not have. */
  readonly unmatched: number;
}

export function notesOn({ judged, evaluation, fields, rows, unmatched }: Evaluated): string[] {
  const { labels, rewards } = judged.rows.columns;
  const notes: string[] = [];
  if (labels === undefined && rewards.length > 0) {
    notes.push('no labels: the first row has no field label or labels; --label-field names another (candidates.label)');
  }
  if (labels?.some((label) => label !== 0 && label !== 1)) {
    notes.push(
      'labels are grades: rank metrics only; --positive LABEL makes them 0 and 1, for auc, accuracy and the like',
    );
  }
  if (fields.positive !== undefined && labels?.every((label) => label === 0)) {
    notes.push(`no label is ${fields.positive.join(' or ')} (--positive)`);
  }
  if (judged.withoutLength > 0) {
    notes.push(`no longest and shortest: ${rowsInWords(judged.withoutLength)} without a text of known length`);
  }
  if (fields.by !== undefined && judged.withoutSlice > 0) {
    notes.push(`${rowsInWords(judged.withoutSlice)} without a field ${fields.by} (--by), shown as (none)`);
  }
  if (evaluation.slicesLeftOut > 0) {
    notes.push(
      `only the ${many(evaluation.slices.length)} largest slices; ${many(evaluation.slicesLeftOut)} are left out`,
    );
  }
  if (unmatched > 0)
    notes.push(`${rowsInWords(unmatched)} of ${many(rows)} are bad or not in the baseline: not compared`);
  return notes;
}
