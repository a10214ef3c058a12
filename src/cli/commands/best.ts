/** What `best` makes of its flags, and what it says at the end. */
import { usageError } from '../../errors.js';
import type { RunStatistics } from '../../run/statistics.js';
import { type ChoiceSummary, summarizeChoices } from '../../selection/gains.js';
import type { SelectionSettings } from '../../selection/settings.js';
import type { BestFlags } from '../flags/best-command.js';
import type { Log } from '../log.js';
import type { Formats } from './formats.js';

/** @throws FatalError `usage` for flags that do not go together */
export function bestSettings(flags: BestFlags, { from, to }: Formats, stream: boolean): SelectionSettings {
  const { group, responseField, top, rank, pairs, minGap } = flags;
  if (from === 'text') throw usageError('expected rows with candidates or a group for best, got --from text');
  if (rank && top !== undefined) throw usageError('expected --top or --rank, got both');
  if (pairs && (rank || top !== undefined)) throw usageError('expected --pairs without --top or --rank');
  if (minGap !== undefined && !pairs) throw usageError('expected --min-gap with --pairs');
  if (pairs && to !== 'jsonl') throw usageError(`expected --to jsonl with --pairs, got ${to}`);
  if (stream && group !== undefined) {
    throw usageError('expected --stream without --group: a group is known to be whole when the next one begins');
  }
  return {
    group,
    responseField,
    top: top ?? (rank ? Number.POSITIVE_INFINITY : 1),
    ranked: rank || top !== undefined,
    pairs: pairs ? { minGap: minGap ?? 0 } : undefined,
  };
}

export const selectionSummary = ({ counts }: RunStatistics): ChoiceSummary => summarizeChoices(counts.choices);

/** The curve by which a user chooses how many candidates to draw. */
export function printGains(stats: RunStatistics, log: Log): void {
  const { groups, ties, gains } = selectionSummary(stats);
  if (groups === 0) return;
  log.note(`${groups.toLocaleString('en-US')} groups, ${ties.toLocaleString('en-US')} with a tie for the best`);
  const cell = (value: number): string => value.toFixed(3).padStart(9);
  log.note('     N   groups     best    first   random   (mean rewards; best of N drawn at random)');
  for (const { candidates, groups: of, best, first, random } of gains) {
    log.note(`${String(candidates).padStart(6)} ${String(of).padStart(8)}${cell(best)}${cell(first)}${cell(random)}`);
  }
}

export const cameBack = (group: string, field: string, place: string): string =>
  `${place}: the group ${group} was there before, with others in between: rows of a group are chosen among only where ` +
  `they follow one another; sort by ${field} first (told once)`;
