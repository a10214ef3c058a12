/** The settings that `best` makes from its flags, and what it prints at the end. */
import { usageError } from '../../errors.js';
import { counted } from '../../report/numbers.js';
import { columnKey } from '../../rows/formats/csv-header.js';
import type { FormatSettings } from '../../rows/formats/index.js';
import type { RunStatistics } from '../../run/statistics.js';
import { type PairCounts, summarizeChoices } from '../../selection/gains.js';
import { addedColumns, type SelectionSettings } from '../../selection/settings.js';
import type { BestFlags } from '../flags/flags.js';
import type { Log } from '../log.js';
import type { Formats } from './formats.js';

/** @throws FatalError `usage` for flags that exclude each other */
export function selectionOf(flags: BestFlags, { from, to }: Formats): SelectionSettings {
  const { group, gather, responseField, top, rank, pairs, minGap } = flags;
  if (from === 'text') throw usageError('expected rows with candidates or a group for best, got --from text');
  if (gather && group === undefined) throw usageError('expected --gather with --group FIELD');
  if (gather && flags.shard !== undefined) {
    throw usageError('expected --gather without --shard: the rows of a group may stand in several shares');
  }
  if (minGap !== undefined && !pairs) throw usageError('expected --min-gap with --pairs');
  if (pairs && to !== 'jsonl') throw usageError(`expected --to jsonl with --pairs, got ${to}`);
  if (flags.stream && group !== undefined) {
    throw usageError('expected --stream without --group: a group is known to be whole when the next one begins');
  }
  return {
    group,
    gather,
    responseField,
    top: top ?? (rank ? Number.POSITIVE_INFINITY : 1),
    ranked: rank || top !== undefined,
    pairs: pairs ? { minGap: minGap ?? 0 } : undefined,
  };
}

/** The format of an output whose columns are those of `best`. */
export function withSelectionColumns(settings: FormatSettings, selection: SelectionSettings): FormatSettings {
  const { header, rewardField } = settings;
  const key = columnKey(rewardField);
  const isThere = header?.columns.some((name) => columnKey(name) === key) ?? false;
  const columns = addedColumns(selection, rewardField, isThere);
  return { ...settings, rewardField: isThere ? key : rewardField, addedColumns: columns };
}

/** The curve by which a user chooses how many candidates to draw. */
export function printGains({ counts }: RunStatistics, makesPairs: boolean, log: Log): void {
  const { groups, ties, gains, pairs } = summarizeChoices(counts.choices, makesPairs);
  if (groups === 0) return;
  log.note(`${counted(groups, 'group')}, ${ties.toLocaleString('en-US')} with a tie for the best`);
  const cell = (value: number): string => value.toFixed(3).padStart(9);
  log.note('     N   groups     best    first   random   (mean rewards; best of N drawn at random)');
  for (const gain of gains) {
    const means = [gain.best, gain.first, gain.random].map(cell).join('');
    log.note(`${String(gain.candidates).padStart(6)} ${String(gain.groups).padStart(8)}${means}`);
  }
  if (pairs !== undefined) log.note(pairsInWords(pairs));
}

function pairsInWords({ written, ...without }: Readonly<PairCounts>): string {
  const reasons = {
    lone: 'one candidate',
    equalTexts: 'equal texts',
    equalRewards: 'equal rewards',
    belowMinGap: 'less than --min-gap',
  };
  const parts = Object.entries(without).flatMap(([reason, n]) =>
    n === 0 ? [] : `${n.toLocaleString('en-US')} with ${reasons[reason as keyof typeof reasons]}`,
  );
  const none = parts.length === 0 ? '' : `; groups that gave none: ${parts.join(', ')}`;
  return `${counted(written, 'pair')}${none}`;
}
