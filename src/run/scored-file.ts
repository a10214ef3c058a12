/** A file of rows that carry their rewards, read into columns: a million rows take some tens of megabytes. */
import { createHash } from 'node:crypto';
import { usageError } from '../errors.js';
import { keyOf } from '../evaluation/evaluated-rows.js';
import { GrowingColumn } from '../evaluation/growing-column.js';
import { optionName } from '../option-name.js';
import { existingResult } from '../rows/existing-rewards.js';
import { canonicalKey, DEEPEST_KEY } from '../rows/field-key.js';
import { valueAt } from '../rows/fields.js';
import { createFormat, type FormatSettings } from '../rows/formats/index.js';
import { contextAndResponses } from '../rows/kinds/responses.js';
import type { Row } from '../rows/kinds/roles.js';
import type { RewardShape } from '../rows/results.js';
import { recordsOf } from '../scorer/window-scorer.js';
import { existingRewardsWindow } from '../scorer/window-size.js';
import type { Input } from './input.js';
import { readWindows } from './read-windows.js';

export interface ScoredSource {
  readonly input: Input;
  /** As `inspectInputs` completed it. */
  readonly format: FormatSettings;
  /** Fields, or paths to them, by which rows are matched and grouped; undefined where they are not. */
  readonly id: string | undefined;
  readonly group: string | undefined;
  readonly maxRowBytes: number;
  readonly signal: AbortSignal;
}

/** Rows in the order of the file; a row without a finite reward for each of its texts has no rewards. */
export interface ScoredFile {
  readonly name: string;
  readonly rewardField: string;
  readonly rows: number;
  /** Rows without rewards. */
  readonly unscored: number;
  readonly rewards: Float64Array;
  /** [rows + 1]; row r has the rewards from starts[r] up to and without starts[r + 1]. */
  readonly starts: Int32Array;
  /** [rows]; undefined for a row without rewards. */
  readonly shapes: readonly (RewardShape | undefined)[];
  /** [rows]; empty where rows are not matched, or grouped, by a field. */
  readonly ids: readonly string[];
  readonly groups: readonly string[];
  /** [rows], 48 bits of a digest of the row's conversation and responses; NaN where it has none to read. */
  readonly texts: Float64Array;
  /** [rows], where each begins, from 1; NaN where that is not known. */
  readonly lines: Float64Array;
}

/** @throws FatalError `usage` where no row has a reward, or one lacks the field of ids or groups */
export async function readScoredFile(source: ScoredSource): Promise<ScoredFile> {
  const { input, format, id, group } = source;
  const { rewardField } = format;
  const [rewards, starts, texts, lines] = [0, 1, 2, 3].map(() => new GrowingColumn()) as [
    GrowingColumn,
    GrowingColumn,
    GrowingColumn,
    GrowingColumn,
  ];
  const shapes: (RewardShape | undefined)[] = [];
  const [ids, groups]: [string[], string[]] = [[], []];
  let firstRow: Row | undefined;
  let unscored = 0;
  starts.push(0);
  for await (const { row, line } of rowsOf(source)) {
    firstRow ??= row;
    const place = `${input.name}:${line ?? shapes.length + 1}`;
    if (id !== undefined) ids.push(keyAt(row, id, 'id', place));
    if (group !== undefined) groups.push(keyAt(row, group, 'group', place));
    const result = row && existingResult(row, format);
    const finite = result?.failure === undefined ? (result?.rewards ?? []) : [];
    if (finite.length === 0) unscored++;
    for (const reward of finite) rewards.push(reward as number);
    shapes.push(finite.length === 0 ? undefined : result?.shape);
    starts.push(rewards.length);
    texts.push(row === undefined ? Number.NaN : digestOf(row, format));
    lines.push(line ?? Number.NaN);
  }
  if (rewards.length === 0) throw withoutRewards(input.name, rewardField, firstRow, source.signal);
  return {
    name: input.name,
    rewardField,
    rows: shapes.length,
    unscored,
    rewards: rewards.floats,
    starts: starts.integers,
    shapes,
    ids,
    groups,
    texts: texts.floats,
    lines: lines.floats,
  };
}

function withoutRewards(name: string, rewardField: string, first: Row | undefined, signal: AbortSignal): Error {
  if (signal.aborted) return usageError(`${name}: interrupted before a reward was read`);
  if (first === undefined) return usageError(`${name}: expected scored rows, got none that can be read`);
  const has = Object.keys(first).slice(0, 12).join(', ');
  return usageError(
    `${name}: expected rows with a finite ${rewardField}, found none; score the file first, or name the field of its ` +
      `rewards with ${optionName('fields')} (the first row has ${has === '' ? 'no fields' : has})`,
  );
}

/** A row of a file; undefined where the record is no row. */
interface ReadRow {
  readonly row: Row | undefined;
  readonly line: number | null;
}

export async function* rowsOf({ input, format: settings, maxRowBytes, signal }: ScoredSource): AsyncGenerator<ReadRow> {
  const format = createFormat(settings);
  const windowSize = existingRewardsWindow;
  for await (const window of readWindows({ inputs: [input], format, windowSize, maxRowBytes, signal })) {
    for (const record of recordsOf(window, format)) {
      if (format.isBlank(record)) continue;
      yield { row: record.oversized === undefined ? format.parse(record)?.row : undefined, line: record.line };
    }
  }
}

function keyAt(row: Row | undefined, field: string, option: 'id' | 'group', place: string): string {
  const value = row && valueAt(row, field);
  const key = keyOf(value);
  if (key !== undefined) return key;
  const got =
    row === undefined
      ? 'a record that is no row'
      : value === undefined || value === null || value === ''
        ? 'none'
        : `one that is nested deeper than ${DEEPEST_KEY} levels`;
  throw usageError(`${place}: expected a field ${field} (${optionName(option)}) in every row, got ${got}`);
}

/** Equal for rows with one conversation and the same responses, whatever other fields they have. */
function digestOf(row: Row, { fields }: FormatSettings): number {
  const { context, responses } = contextAndResponses(row, fields);
  if (responses.length === 0) return Number.NaN;
  const key = canonicalKey([context ?? null, responses]);
  return key === undefined ? Number.NaN : createHash('sha1').update(key).digest().readUIntBE(0, 6);
}
