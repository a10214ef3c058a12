/** Rewards that rows already carry, from an earlier run. */
import { preview } from './describe-value.js';
import { failure, isFailure, type RowFailure } from './failure.js';
import { type CsvHeader, columnKey } from './formats/csv-header.js';
import type { PairRewards } from './formats/pair-rewards.js';
import { kindOfRow } from './kinds/kinds.js';
import { findFields, type NamedFields, type Row } from './kinds/roles.js';
import {
  detailStems,
  type ExistingRewards,
  type RewardShape,
  type RowResult,
  resultFields,
  shapeOf,
  takesRewards,
} from './results.js';
import { readRewardError } from './reward-error.js';

/** Where rows carry their rewards, and in which form. */
export interface CarryingSettings {
  /** As in ResultSettings. */
  readonly rewardField: string;
  readonly fields: NamedFields;
  readonly existing: ExistingRewards;
  /** Of CSV and TSV, whose cells hold every value as text. */
  readonly header: CsvHeader | undefined;
}

/**
 * Reads the result that a row carries; undefined where it carries none. The row need not have anything to score. Where
 * it has candidates, an array of rewards must have one for each of them, or the row is bad.
 */
export function existingResult(row: Row, settings: CarryingSettings): RowResult | undefined {
  const { fields, existing } = settings;
  const rewardField = keyOfRewards(settings);
  // Rows that are taken as they are may have lost what was scored; of others the form decides which rewards are theirs.
  const form = takesRewards(existing) ? undefined : kindOfRow(row, fields);
  const shapes = form && ([shapeOf(form) === 'pair' ? 'pair' : 'single'] as const);
  const shape = existingShape(Object.keys(row), rewardField, shapes);
  if (shape === undefined) return undefined;
  const values = fieldsOf(shape, rewardField).map((name) => ({ name, value: rewardValue(row, name, settings) }));
  const [{ name, value }] = values as [{ name: string; value: unknown }];
  const candidates = shape === 'single' ? candidatesOf(row, fields) : undefined;
  if (candidates !== undefined && value !== null) {
    const { length } = candidates.value;
    const isOther = !(Array.isArray(value) && value.length === length);
    const problem = isOther
      ? otherNumber(name, length, value)
      : length === 0
        ? noCandidate(candidates.name)
        : undefined;
    if (problem !== undefined) return { shape: 'array', rewards: [], failure: problem };
  }
  const mayBeList = form === undefined || candidates !== undefined;
  if (shape === 'single' && mayBeList && Array.isArray(value) && value.length > 0) {
    const texts = value.map((each: unknown, i) => readReward(each, `${name}[${i}]`, row, i));
    return resultOf('array', texts);
  }
  const texts = values.map((each) => readReward(each.value, each.name, row));
  return resultOf(shape, texts);
}

/** What a row carries for one of its texts that has a finite reward. */
export interface CarriedText {
  readonly reward: number;
  /** Of the details; null where the row does not have them. */
  readonly tokens: number | null;
  readonly truncated: number | null;
  readonly promptTokens: number | null;
}

/**
 * The finite rewards that a row carries, one for each of its texts; null in the place of a text that is to be scored.
 *
 * @param texts how many the row has
 */
export function carriedTexts(
  row: Row,
  settings: CarryingSettings,
  shape: RewardShape,
  texts: number,
): (CarriedText | null)[] | RowFailure {
  const rewardField = keyOfRewards(settings);
  const numbersOf = (stem: string): (number | null)[] | RowFailure => {
    const values = fieldsOf(shape, stem).map((name) => rewardValue(row, name, settings));
    return finiteNumbers(values, stem, shape, texts);
  };
  const rewards = numbersOf(rewardField);
  if (isFailure(rewards)) return rewards;
  const [tokens, truncated, promptTokens] = detailStems(rewardField).map(numbersOf);
  const at = (numbers: typeof rewards | RowFailure | undefined, i: number): number | null =>
    numbers === undefined || isFailure(numbers) ? null : (numbers[i] ?? null);
  return rewards.map((reward, i) =>
    reward === null
      ? null
      : { reward, tokens: at(tokens, i), truncated: at(truncated, i), promptTokens: at(promptTokens, i) },
  );
}

function finiteNumbers(
  values: readonly unknown[],
  stem: string,
  shape: RewardShape,
  texts: number,
): (number | null)[] | RowFailure {
  if (shape !== 'array') return values.map(finiteOrNull);
  const [value] = values;
  if (value === null) return new Array<null>(texts).fill(null);
  return Array.isArray(value) && value.length === texts ? value.map(finiteOrNull) : otherNumber(stem, texts, value);
}

const finiteOrNull = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

const noCandidate = (name: string): RowFailure => failure('EMPTY_TEXT', `${name} is empty`);

const otherNumber = (name: string, candidates: number, value: unknown): RowFailure =>
  failure(
    'BAD_ROW',
    `expected ${name} to have ${candidates} numbers, one for each candidate, got ${Array.isArray(value) ? value.length : preview(value)}`,
  );

/** The candidates that a row has to score; undefined where it is not a row of candidates. */
function candidatesOf(row: Row, fields: NamedFields): { readonly name: string; readonly value: unknown[] } | undefined {
  if (kindOfRow(row, fields) !== 'candidates') return undefined;
  const { name = '', value } = findFields(row, fields).get('candidates') ?? {};
  return Array.isArray(value) ? { name, value } : undefined;
}

/**
 * Whether rows with these fields carry rewards that are taken, so that they need nothing to score.
 *
 * @param pairRewards fields that are the rewards of pairs, whatever they are called
 */
export const carryRewards = (
  names: readonly string[],
  {
    existing,
    rewardField,
    pairRewards,
  }: Pick<CarryingSettings, 'existing' | 'rewardField'> & { readonly pairRewards?: PairRewards | undefined },
): boolean => takesRewards(existing) && (pairRewards !== undefined || existingShape(names, rewardField) !== undefined);

/** Whether rows with these columns carry the rewards of a pair, or others; undefined where they carry none. */
export const existingShape = (
  columns: readonly string[],
  rewardField: string,
  shapes: readonly ('pair' | 'single')[] = ['pair', 'single'],
): 'pair' | 'single' | undefined =>
  shapes.find((shape) => fieldsOf(shape, rewardField).every((name) => columns.includes(name)));

const fieldsOf = (shape: RewardShape, rewardField: string): string[] =>
  resultFields({ rewardField, details: false }, shape);

/** The field of rewards by its key in rows. */
const keyOfRewards = ({ header, rewardField }: Pick<CarryingSettings, 'header' | 'rewardField'>): string =>
  header === undefined ? rewardField : columnKey(rewardField);

function rewardValue(row: Row, name: string, { header }: Pick<CarryingSettings, 'header'>): unknown {
  const value = Object.hasOwn(row, name) ? row[name] : null;
  return header === undefined || typeof value !== 'string' ? value : cellValue(value);
}

/** The fields of rewards, and of what is known of them, which are taken where a row has them. */
export const fieldsOfTaken = ({
  existing,
  rewardField,
}: {
  readonly existing: ExistingRewards;
  readonly rewardField: string;
}): string[] =>
  existing === 'complete' || takesRewards(existing)
    ? (['single', 'pair'] as const).flatMap((shape) => resultFields({ rewardField, details: true }, shape))
    : [];

/** The JSON of a cell that holds rewards: digit for digit, and a text where it holds none. */
export function jsonOfRewards(cell: string): string {
  const value = cellValue(cell);
  return typeof value === 'number' || Array.isArray(value) || value === null
    ? cell.trim() || 'null'
    : JSON.stringify(cell);
}

function cellValue(cell: string): unknown {
  if (cell.trim() === '') return null;
  try {
    return JSON.parse(cell);
  } catch {
    return cell;
  }
}

function resultOf(shape: RewardShape, texts: readonly (number | RowFailure)[]): RowResult {
  const problem = texts.find(isFailure);
  const rewards = texts.map((text) => (isFailure(text) ? null : text));
  if (problem === undefined) return { shape, rewards };
  return { shape, rewards: shape === 'single' ? [] : rewards, failure: problem };
}

function readReward(value: unknown, name: string, row: Row, index?: number): number | RowFailure {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (value !== null) return failure('BAD_ROW', `expected ${name} to be a number, got ${preview(value)}`, index);
  return (
    readRewardError(row, index) ??
    failure('BAD_ROW', `expected ${name} to be a number, got null: it could not be scored before`, index)
  );
}
