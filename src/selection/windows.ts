/**
 * From windows of results to windows of what `best` writes. On the main thread, where a window that was scored in parts
 * because a worker died is whole again.
 */
import { concatBytes } from '../platform/bytes.js';
import { valueAt } from '../rows/fields.js';
import type { RowFormat } from '../rows/format.js';
import { createFormat, type FormatSettings } from '../rows/formats.js';
import { type InputRecord, splitRecords } from '../rows/records.js';
import type { RowResult } from '../rows/result.js';
import type { FailedRow, ScoredWindow, Window } from '../scorer/protocol.js';
import { countChoice, noChoices } from './rank.js';
import { type BestSettings, BestWriter, type Group, groupOf, type ScoredRecord, whyNoCandidate } from './writer.js';

export class BestWindows {
  readonly #format: RowFormat;
  readonly #settings: BestSettings;
  readonly #skipFailures: boolean;
  readonly #writer: BestWriter;

  /** @param formatSettings of the output; workers answer with results */
  constructor(formatSettings: FormatSettings, settings: BestSettings) {
    const { rewardField, fields, reasons, skipFailures } = formatSettings;
    this.#format = createFormat({ ...formatSettings, skipFailures: false });
    this.#settings = settings;
    this.#skipFailures = skipFailures;
    this.#writer = new BestWriter(this.#format, settings, rewardField, fields, reasons);
  }

  choose(window: Window, { bytes, stats }: ScoredWindow): ScoredWindow {
    const failed: FailedRow[] = [...stats.failed];
    const choices = noChoices();
    const output: Buffer[] = [];
    for (const group of this.#groupsOf(window, bytes, failed)) {
      const pieces = this.#write(group);
      for (const piece of pieces) output.push(typeof piece === 'string' ? Buffer.from(piece) : piece);
      if (group.ranked.length > 0) countChoice(choices, group.ranked);
    }
    failed.sort((a, b) => a.row - b.row);
    return { bytes: concatBytes(output), stats: { ...stats, failed, choices } };
  }

  #write(group: Group): readonly (Buffer | string)[] {
    const { records, ranked } = group;
    const { group: field, ranked: listed, top } = this.#settings;
    const failed = records.filter(({ result }) => result.rewards.every((reward) => reward === null));
    const chosen = ranked.length === 0 ? [] : this.#writer.write(group);
    if (this.#skipFailures) return chosen;
    // One record for each group; where all are listed, one for each row.
    const listsRows = listed && top === Number.POSITIVE_INFINITY && field !== undefined;
    const written = listsRows ? failed : ranked.length === 0 ? failed.slice(0, 1) : [];
    return [...chosen, ...written.flatMap((record) => this.#writer.writeFailed(record))];
  }

  /** Adds to `failed` the rows that can be part of no choice. */
  *#groupsOf(window: Window, results: Uint8Array, failed: FailedRow[]): Generator<Group> {
    const lines = Buffer.from(results.buffer, results.byteOffset, results.byteLength).toString('utf8').split('\n');
    const joins = joinsByField(this.#format, this.#settings.group);
    const rows = lines.length - 1;
    let members: ScoredRecord[] = [];
    let row = 0;
    for (const record of this.#recordsOf(window)) {
      const parsed = record.oversized === undefined ? this.#format.parse(record) : {};
      if (parsed === undefined) continue;
      if (members.length > 0 && !joins(record)) {
        yield groupOf(members, this.#settings);
        members = [];
      } else if (members.length === 0) joins(record);
      // A window that ends at a row is not asked for the rest of that row's group, and writes none of it.
      if (row === rows) return;
      const scored = { record, parsed, result: JSON.parse(lines[row] as string) as RowResult };
      const reason = whyNoCandidate(scored, this.#settings);
      if (reason !== undefined) failed.push({ row, byte: record.byte, line: record.line, failure: reason });
      members.push(
        reason === undefined ? scored : { ...scored, result: { shape: 'single', rewards: [], failure: reason } },
      );
      row++;
    }
    if (members.length > 0) yield groupOf(members, this.#settings);
  }

  #recordsOf(window: Window): Iterable<InputRecord> {
    const { bytes, oversized, byte, line } = window;
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (oversized === undefined) return splitRecords(whole, window, this.#format.newScanner());
    return [{ bytes: whole.subarray(0, 0), lineEnd: whole, byte, line, oversized }];
  }
}

/** Groups that are remembered, to tell one that comes back. */
const MOST_REMEMBERED = 1_000_000;

/**
 * Joins consecutive records with the same value in a field; those without are alone.
 *
 * @param onReturn told a group that was there before, with others in between, once
 */
export function joinsByField(
  format: RowFormat,
  field: string | undefined,
  onReturn?: (group: string, record: InputRecord) => void,
): (record: InputRecord) => boolean {
  if (field === undefined) return () => false;
  const seen = new Set<string>();
  let told = false;
  let previous: string | undefined;
  return (record) => {
    const row = format.isBlank(record) ? undefined : format.parse(record)?.row;
    // Blank records come between those of a group as they come between others.
    if (row === undefined && format.isBlank(record)) return previous !== undefined;
    const value = row === undefined ? undefined : (valueAt(row, field) ?? undefined);
    const key = value === undefined ? undefined : JSON.stringify(value);
    if (key !== undefined && key === previous) return true;
    previous = key;
    if (key === undefined || onReturn === undefined || told) return false;
    if (seen.has(key)) {
      told = true;
      onReturn(key, record);
    } else if (seen.size < MOST_REMEMBERED) seen.add(key);
    return false;
  };
}
