/**
 * Chooses the best of each group among scored records, and makes their output records. It parses nothing and does no
 * I/O.
 */
import type { FailedRow } from '../rows/failed-row.js';
import type { ParsedRecord } from '../rows/formats/format.js';
import { type ChoiceCounts, countChoice, noChoices } from './gains.js';
import { groupsOf, type RefusedRecord, type ScoredRecord } from './group.js';
import { pairOf } from './pair.js';
import type { SelectionSettings } from './settings.js';
import { GroupWriter, type OutputSettings } from './writer.js';

export interface Selection {
  /** The output records, in pieces. */
  readonly pieces: readonly (Buffer | string)[];
  /** Rows that were scored but may not be chosen. */
  readonly failed: readonly FailedRow[];
  readonly counts: ChoiceCounts;
}

/**
 * Chooses among the records of a window, which holds whole groups.
 *
 * @param records rows in order, without blank records; each parsed and scored once
 * @param next the record after these, where the window ends at a row: a group that goes on in it is not written
 */
export function select(
  records: Iterable<ScoredRecord>,
  settings: SelectionSettings,
  output: OutputSettings,
  next?: ParsedRecord,
): Selection {
  const writer = new GroupWriter(settings, output);
  const pieces: (Buffer | string)[] = [];
  const failed: FailedRow[] = [];
  const counts = noChoices();
  const refuse = ({ member: { index, record }, failure }: RefusedRecord): void => {
    failed.push({ row: index, byte: record.byte, line: record.line, failure });
  };
  const { fields, rewardField } = output;
  for (const group of groupsOf(records, { selection: settings, fields, rewardField }, next, refuse)) {
    if (group.ranked.length > 0) countChoice(counts, group.ranked);
    if (settings.pairs === undefined) {
      for (const piece of writer.write(group)) pieces.push(piece);
    } else if (group.ranked.length > 0) {
      const pair = pairOf(group, settings.group === undefined, settings.pairs.minGap, fields);
      if (typeof pair === 'string') counts.pairs[pair]++;
      else if ('failure' in pair) refuse(pair);
      else {
        counts.pairs.written++;
        pieces.push(...writer.writePair(pair));
      }
    }
  }
  return { pieces, failed, counts };
}
