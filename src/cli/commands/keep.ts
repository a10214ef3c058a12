/** `--keep`: which fields it may name, and which columns it has decoded. */
import { usageError } from '../../errors.js';
import { columnKey } from '../../rows/formats/csv-header.js';
import type { FormatSettings } from '../../rows/formats/index.js';
import { columnsToRead } from '../../rows/formats/parquet.js';
import type { NamedFields } from '../../rows/kinds/roles.js';
import { type FieldSettings, resultFields } from '../../rows/results.js';
import { REWARD_ERROR } from '../../rows/reward-error.js';
import type { FirstRow } from '../../run/inspect.js';
import { pairFields, sourceFields } from '../../selection/pair-fields.js';
import { addedFields, type SelectionSettings } from '../../selection/settings.js';
import type { BestFlags, ScoreFlags } from '../flags/flags.js';
import type { Formats } from './formats.js';

interface KeepFlags extends Pick<ScoreFlags, 'keep' | 'report' | 'errors' | 'system'> {
  readonly best?: Pick<BestFlags, 'group'>;
}

/** @throws FatalError `usage` where there are no fields in the output, or one of them is written anyway */
export function refuseKeep(
  { keep, ...flags }: KeepFlags,
  settings: FieldSettings,
  { from, to }: Formats,
  selection: SelectionSettings | undefined,
): void {
  if (keep === undefined) return;
  if (to === 'scores') {
    throw usageError('expected --keep with --to jsonl, csv, tsv or parquet: scores are one number a line');
  }
  if (flags.report !== undefined) {
    throw usageError(
      'expected --report without --keep: it reads the texts of rows in the output; leave one of them out',
    );
  }
  const keyOf = from === 'csv' || from === 'tsv' ? columnKey : (name: string): string => name;
  const written = writtenAnyway(flags, settings, selection).map(keyOf);
  const doubled = keep.find((name) => written.includes(keyOf(name)));
  if (doubled === undefined) return;
  throw usageError(`expected --keep without ${doubled}: what the run writes stands under that name`);
}

function writtenAnyway(
  { errors }: KeepFlags,
  settings: FieldSettings,
  selection: SelectionSettings | undefined,
): string[] {
  const { rewardField } = settings;
  const reasons = errors === undefined ? [REWARD_ERROR] : [];
  if (selection?.pairs !== undefined) return [rewardField, ...pairFields];
  if (selection !== undefined) return [rewardField, ...addedFields(selection), ...reasons];
  return [...resultFields(settings, 'single'), ...resultFields(settings, 'pair'), ...reasons];
}

/** @throws FatalError `usage` where pairs are made of a field of the first row that is to be kept beside them */
export function refuseKeptSources({ row, place }: FirstRow, format: FormatSettings): void {
  const sources = sourceFields(row, format);
  const keyOf = format.header === undefined ? (name: string): string => name : columnKey;
  const gone = format.keep?.find((name) => sources.includes(keyOf(name)));
  if (gone === undefined) return;
  throw usageError(`${place}: expected --keep without ${gone}, which the pair is made of (--pairs)`);
}

/** The columns that are decoded where not all are written; undefined: all are. */
export function columnsToDecode(
  flags: KeepFlags,
  settings: FieldSettings,
  { to }: Formats,
  fields: NamedFields,
): ReadonlySet<string> | undefined {
  const { keep, best, system } = flags;
  // Parquet is made of columns as they are, unless `best` makes rows of its own.
  const asTheyAre = best === undefined && (to === 'scores' || to === 'parquet');
  if (keep === undefined && !asTheyAre) return undefined;
  const group = best?.group;
  const written = asTheyAre ? [] : (keep ?? []);
  const grouping = group === undefined ? [] : [group, group.split('.')[0] as string];
  return new Set([...columnsToRead(fields, system, settings), ...written, ...grouping]);
}
