/** The labels of one row, as many as it has texts. */
import { optionName } from '../../option-name.js';
import { preview, typeInWords } from '../../rows/describe-value.js';
import { failure, type RowFailure } from '../../rows/failure.js';
import { valueAt } from '../../rows/fields.js';
import type { Row } from '../../rows/kinds/roles.js';
import { readLabel } from './read-label.js';

export interface LabelField {
  /** The name of a field, or a path to it. */
  readonly name: string;
  /** Labels that count as 1, all others as 0; undefined where labels are numbers, true and false, or yes and no. */
  readonly positive: readonly string[] | undefined;
}

/**
 * @param candidates their number; undefined where the row has one text
 * @returns [candidates], or one label; a failure where a label is missing or cannot be read
 */
export function labelsOf(
  row: Row,
  { name, positive }: LabelField,
  candidates: number | undefined,
): number[] | RowFailure {
  const value = parsedCell(valueAt(row, name), candidates !== undefined);
  if (value === undefined || value === null)
    return failure('BAD_ROW', `expected a label in the field ${name}, got ${typeInWords(value)}`);
  if (candidates !== undefined && (!Array.isArray(value) || value.length !== candidates)) {
    const got = Array.isArray(value) ? `${value.length} labels` : preview(value);
    return failure(
      'BAD_ROW',
      `expected ${name} to be an array of ${candidates} labels, one for each candidate, got ${got}`,
    );
  }
  const values = (candidates === undefined ? [value] : value) as readonly unknown[];
  const labels = values.map((each) => readLabel(each, positive));
  const wrong = labels.indexOf(undefined);
  if (wrong < 0) return labels as number[];
  const expected = positive === undefined ? 'a number, true, false, yes or no' : 'a word or number';
  const place = candidates === undefined ? name : `${name}[${wrong}]`;
  const hint =
    positive === undefined && typeof values[wrong] === 'string' ? `; ${optionName('positive')} takes any label` : '';
  return failure('BAD_ROW', `expected ${place} to be ${expected}, got ${preview(values[wrong])}${hint}`);
}

/** Parses an array from a cell of CSV, which has it as text. */
function parsedCell(value: unknown, isArray: boolean): unknown {
  if (!isArray || typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
