/** What an evaluation needs of each row, as a JSON line: its rewards, and beside them labels, group and lengths. */
import { preview, typeInWords } from '../rows/describe-value.js';
import { existingResult, existingShape } from '../rows/existing-rewards.js';
import { failure, isFailure, type RowFailure } from '../rows/failure.js';
import { valueAt } from '../rows/fields.js';
import type { ParsedRecord, RowFormat } from '../rows/formats/format.js';
import { kindOfRow } from '../rows/kinds/kinds.js';
import { responseTexts } from '../rows/kinds/responses.js';
import type { NamedFields, Row } from '../rows/kinds/roles.js';
import { type RewardShape, type RowResult, writtenReward } from '../rows/results.js';
import { textLength } from '../rows/unicode.js';
import { readLabel } from './label-values.js';

/** Names of fields, or paths to them. */
export interface EvaluationFields {
  /** undefined: rows have no labels. */
  readonly label?: string | undefined;
  /** Labels that count as 1, all others as 0. */
  readonly positive?: readonly string[] | undefined;
  readonly group?: string | undefined;
  readonly by?: string | undefined;
  readonly id?: string | undefined;
  /** Also the beginnings of the judged texts. */
  readonly texts: boolean;
}

export interface EvaluatedRow {
  readonly shape: RewardShape;
  readonly rewards: readonly number[];
  /** Of each text; a pair has none. */
  readonly labels?: readonly number[];
  /** Of each text in characters; left out where the row carries rewards and no texts. */
  readonly lengths?: readonly number[];
  readonly texts?: readonly string[];
  readonly group?: string;
  readonly slice?: string;
  readonly id?: string;
  readonly line: number | null;
}

/** Characters of a text that are passed on. */
const SHOWN = 300;

interface Settings {
  readonly evaluation: EvaluationFields;
  readonly fields: NamedFields;
  readonly rewardField: string;
}

/** A line for each record; `null` for a bad one. */
export const evaluatedLines = (format: RowFormat, settings: Settings): RowFormat => ({
  ...format,
  outputHeader: undefined,
  parse(record) {
    const parsed = format.parse(record);
    if (parsed?.row === undefined || parsed.failure !== undefined) return parsed;
    const problem = problemOf(parsed.row, settings);
    return problem === undefined ? parsed : { ...parsed, failure: problem };
  },
  write: ({ line }, parsed, result) => [`${JSON.stringify(evaluatedRow(parsed, result, line, settings))}\n`],
});

/** What an evaluation asks of a row, besides something to score. */
function problemOf(row: Row, { evaluation, fields, rewardField }: Settings): RowFailure | undefined {
  for (const [name, flag] of [
    [evaluation.group, '--group'],
    [evaluation.id, '--id'],
  ] as const) {
    if (name !== undefined && keyOf(valueAt(row, name)) === undefined) {
      return failure('BAD_ROW', `expected a field ${name} (${flag}), got none`);
    }
  }
  const kept = existingResult(row, rewardField, fields);
  const form = kindOfRow(row, fields);
  if (evaluation.label === undefined || (kept?.shape ?? form) === 'pair') return undefined;
  const texts = kept === undefined ? responseTexts(row, fields).length : kept.rewards.length;
  // What cannot be scored is told as that.
  if (texts === 0) return undefined;
  const several = kept === undefined ? form === 'candidates' : kept.shape === 'array';
  const labels = labelsOf(row, several ? texts : undefined, evaluation);
  return isFailure(labels) ? labels : undefined;
}

function evaluatedRow(
  { row }: ParsedRecord,
  { shape, rewards, failure: problem }: RowResult,
  line: number | null,
  { evaluation, fields, rewardField }: Settings,
): EvaluatedRow | null {
  if (row === undefined || problem !== undefined) return null;
  const { label, group, by, id } = evaluation;
  const labels =
    label === undefined || shape === 'pair'
      ? undefined
      : labelsOf(row, shape === 'array' ? rewards.length : undefined, evaluation);
  const kept = existingShape(Object.keys(row), rewardField) !== undefined;
  const parts = responseTexts(row, fields);
  const texts = parts.filter((part) => part !== undefined);
  const known = texts.length === rewards.length && parts.length === rewards.length;
  return {
    shape,
    // Scored here or before, a row gives the same metrics.
    rewards: kept ? (rewards as number[]) : rewards.map((reward) => writtenReward(reward as number)),
    ...(labels !== undefined && !isFailure(labels) && { labels }),
    ...(known && { lengths: texts.map(textLength) }),
    ...(known && evaluation.texts && { texts: texts.map((text) => text.slice(0, SHOWN)) }),
    ...keyed('group', row, group),
    ...keyed('slice', row, by),
    ...keyed('id', row, id),
    line,
  };
}

function keyed(name: string, row: Row, field: string | undefined): object {
  const key = field === undefined ? undefined : keyOf(valueAt(row, field));
  return key === undefined ? {} : { [name]: key };
}

/** What rows are told apart by: 1 in JSON is 1 in a cell of CSV. */
function keyOf(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** @param count of candidates; undefined: the row has one text */
function labelsOf(row: Row, count: number | undefined, evaluation: EvaluationFields): number[] | RowFailure {
  const name = evaluation.label as string;
  const value = unpacked(valueAt(row, name), count !== undefined);
  if (value === undefined || value === null)
    return failure('BAD_ROW', `expected a label in the field ${name}, got ${typeInWords(value)}`);
  if (count !== undefined && (!Array.isArray(value) || value.length !== count)) {
    const got = Array.isArray(value) ? `${value.length} labels` : preview(value);
    return failure('BAD_ROW', `expected ${name} to be an array of ${count} labels, one for each candidate, got ${got}`);
  }
  const values = (count === undefined ? [value] : value) as readonly unknown[];
  const labels = values.map((each) => readLabel(each, evaluation.positive));
  const wrong = labels.indexOf(undefined);
  if (wrong < 0) return labels as number[];
  const expected = evaluation.positive === undefined ? 'a number, true, false, yes or no' : 'a word or number';
  const place = count === undefined ? name : `${name}[${wrong}]`;
  const hint =
    evaluation.positive === undefined && typeof values[wrong] === 'string' ? '; --positive takes any label' : '';
  return failure('BAD_ROW', `expected ${place} to be ${expected}, got ${preview(values[wrong])}${hint}`);
}

/** A cell of CSV holds an array as text. */
function unpacked(value: unknown, isArray: boolean): unknown {
  if (!isArray || typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
