/**
 * Chooses the best of each group among scored records, and makes their output records. It parses nothing and does no
 * I/O.
 */
import type { FailedRow } from '../rows/failed-row.js';
import type { ParsedRecord } from '../rows/formats/format.js';
import { type ChoiceCounts, countChoice, noChoices } from './gains.js';
import { groupsOf, type ScoredRecord } from './group.js';
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
  const groups = groupsOf(records, settings, next, ({ index, record: { byte, line }, failure }) =>
    failed.push({ row: index, byte, line, failure }),
  );
  for (const group of groups) {
    for (const piece of writer.write(group)) pieces.push(piece);
    if (group.ranked.length > 0) countChoice(counts, group.ranked);
  }
  return { pieces, failed, counts };
}
