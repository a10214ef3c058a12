/** What an evaluation needs of each row: its rewards, labels, group and lengths. */
import { optionName } from '../option-name.js';
import { carriedDetails } from '../rows/carried-details.js';
import { type CarryingSettings, existingResult } from '../rows/existing-rewards.js';
import { failure, isFailure, type RowFailure } from '../rows/failure.js';
import { canonicalKey, DEEPEST_KEY } from '../rows/field-key.js';
import { valueAt } from '../rows/fields.js';
import type { ParsedRecord } from '../rows/formats/format.js';
import { kindOfRow } from '../rows/kinds/kinds.js';
import { responseTexts } from '../rows/kinds/responses.js';
import type { Row } from '../rows/kinds/roles.js';
import { type RewardShape, type RowResult, writtenReward } from '../rows/results.js';
import { textLength } from '../rows/unicode.js';
import { type LabelField, labelsOf } from './labels/row-labels.js';

/** Fields that an evaluation reads, by names or paths. */
export interface EvaluationFields {
  /** The field of labels; undefined where rows have none. */
  readonly label?: string | undefined;
  /** Labels that count as 1, all others as 0. */
  readonly positive?: readonly string[] | undefined;
  readonly group?: string | undefined;
  readonly by?: string | undefined;
  /** The field of what a resample draws; undefined where that is the group. */
  readonly cluster?: string | undefined;
  readonly id?: string | undefined;
  /** Whether to pass on the beginnings of the responses too, and how many tokens the texts have. */
  readonly texts: boolean;
}

export interface EvaluatedRow {
  readonly shape: RewardShape;
  readonly rewards: readonly number[];
  /** One for each text; a pair has none. */
  readonly labels?: readonly number[];
  /** The length of each text in characters; left out where the row has rewards and no texts. */
  readonly lengths?: readonly number[];
  readonly texts?: readonly string[];
  /** Tokens of each text, and those that were cut; null where it failed, left out where it was not scored here. */
  readonly tokens?: readonly (number | null)[];
  readonly cut?: readonly (number | null)[];
  readonly group?: string;
  readonly cluster?: string;
  readonly slice?: string;
  readonly id?: string;
  readonly line: number | null;
}

/** The most characters of a text that are passed on. */
const SHOWN = 300;

interface EvaluationSettings extends CarryingSettings {
  readonly evaluation: EvaluationFields;
}

/** Why an evaluation cannot take a row that has something to score; undefined where it can. */
export function problemOf(row: Row, settings: EvaluationSettings): RowFailure | undefined {
  const { evaluation, fields } = settings;
  const keyProblem = problemOfKeys(row, evaluation);
  if (keyProblem !== undefined) return keyProblem;
  const existing = settings.existing === 'replace' ? undefined : existingResult(row, settings);
  const form = kindOfRow(row, fields);
  if (evaluation.label === undefined || (existing?.shape ?? form) === 'pair') return undefined;
  const texts = existing === undefined ? responseTexts(row, fields).length : existing.rewards.length;
  // Scoring says what is wrong with a row that has no text.
  if (texts === 0) return undefined;
  const several = existing === undefined ? form === 'candidates' : existing.shape === 'array';
  const labels = labelsOf(row, labelField(evaluation.label, evaluation), several ? texts : undefined);
  return isFailure(labels) ? labels : undefined;
}

function problemOfKeys(row: Row, { group, cluster, by, id }: EvaluationFields): RowFailure | undefined {
  for (const [name, flag, required] of [
    [group, optionName('group'), true],
    [cluster, optionName('cluster'), true],
    [id, optionName('id'), true],
    [by, optionName('by'), false],
  ] as const) {
    if (name === undefined) continue;
    const value = valueAt(row, name);
    if (isMissing(value)) {
      if (required) return failure('BAD_ROW', `expected a field ${name} (${flag}), got none`);
    } else if (keyOf(value) === undefined) {
      const expected = `expected a value of at most ${DEEPEST_KEY} levels in the field ${name} (${flag})`;
      return failure('BAD_ROW', `${expected}, got one that is nested deeper`);
    }
  }
  return undefined;
}

/**
 * @param parsed a row for which `problemOf` returns undefined
 * @param line the row's line in its file
 * @returns null for a bad row
 */
export function evaluatedRow(
  { row }: ParsedRecord,
  { shape, rewards, tokens, truncated, failure: problem, taken = false }: RowResult,
  line: number | null,
  { evaluation, fields, rewardField }: Pick<EvaluationSettings, 'evaluation' | 'fields' | 'rewardField'>,
): EvaluatedRow | null {
  if (row === undefined || problem !== undefined) return null;
  const { label, group, cluster, by, id } = evaluation;
  const labels =
    label === undefined || shape === 'pair'
      ? undefined
      : labelsOf(row, labelField(label, evaluation), shape === 'array' ? rewards.length : undefined);
  const parts = responseTexts(row, fields);
  const texts = parts.filter((part) => part !== undefined);
  const known = texts.length === rewards.length && parts.length === rewards.length;
  return {
    shape,
    // Rewards are rounded as they would be written, so that a row gives the same metrics whether it is scored here or
    // before.
    rewards: taken ? (rewards as number[]) : rewards.map((reward) => writtenReward(reward as number)),
    ...(labels !== undefined && !isFailure(labels) && { labels }),
    ...(known && { lengths: texts.map(textLength) }),
    ...(known && evaluation.texts && { texts: texts.map((text) => text.slice(0, SHOWN)) }),
    ...(evaluation.texts &&
      (taken ? carriedByTexts(row, rewardField, rewards.length) : tokens && truncated && { tokens, cut: truncated })),
    ...keyed('group', row, group),
    ...keyed('cluster', row, cluster),
    ...keyed('slice', row, by),
    ...keyed('id', row, id),
    line,
  };
}

/** What an earlier run wrote of the texts with --details. */
function carriedByTexts(row: Row, rewardField: string, texts: number): Pick<EvaluatedRow, 'tokens' | 'cut'> {
  const details = Array.from({ length: texts }, (_, i) => carriedDetails(row, rewardField, i));
  return { tokens: details.map(({ tokens }) => tokens ?? null), cut: details.map(({ cut }) => cut ?? null) };
}

const labelField = (name: string, { positive }: EvaluationFields): LabelField => ({ name, positive });

function keyed(name: string, row: Row, field: string | undefined): object {
  const key = field === undefined ? undefined : keyOf(valueAt(row, field));
  return key === undefined ? {} : { [name]: key };
}

/** The key by which rows are grouped or matched: 1 in JSON has the same key as 1 in a cell of CSV. */
export function keyOf(value: unknown): string | undefined {
  if (isMissing(value)) return undefined;
  return typeof value === 'string' ? value : canonicalKey(value);
}

const isMissing = (value: unknown): boolean => value === undefined || value === null || value === '';
