/** Chooses in windows of results, on the main thread: a shell around `select` until workers choose. */
import { concatBytes } from '../platform/bytes.js';
import type { ParsedRecord, RowFormat } from '../rows/formats/format.js';
import { createFormat, type FormatSettings } from '../rows/formats/index.js';
import { type InputRecord, splitRecords } from '../rows/records.js';
import type { RowResult } from '../rows/results.js';
import type { ScoredWindow, Window } from '../scorer/protocol.js';
import type { ScoredRecord } from './group.js';
import { select } from './select.js';
import type { SelectionSettings } from './settings.js';

export class BestWindows {
  readonly #format: RowFormat;
  readonly #formatSettings: FormatSettings;
  readonly #settings: SelectionSettings;

  /** @param formatSettings of the output; workers answer with results */
  constructor(formatSettings: FormatSettings, settings: SelectionSettings) {
    this.#format = createFormat({ ...formatSettings, skipFailures: false });
    this.#formatSettings = formatSettings;
    this.#settings = settings;
  }

  choose(window: Window, { bytes, stats }: ScoredWindow): ScoredWindow {
    const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').split('\n');
    const rows: { readonly record: InputRecord; readonly parsed: ParsedRecord }[] = [];
    for (const record of this.#recordsOf(window)) {
      const parsed = record.oversized === undefined ? this.#format.parse(record) : {};
      if (parsed !== undefined) rows.push({ record, parsed });
    }
    const scored = rows
      .slice(0, lines.length - 1)
      .map((row, i): ScoredRecord => ({ ...row, result: JSON.parse(lines[i] as string) as RowResult }));
    const output = { ...this.#formatSettings, format: this.#format };
    const { pieces, failed, counts } = select(scored, this.#settings, output, rows[scored.length]?.parsed);
    const all = [...stats.failed, ...failed].sort((a, b) => a.row - b.row);
    const written = pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece));
    return { bytes: concatBytes(written), stats: { ...stats, failed: all, choices: counts } };
  }

  #recordsOf(window: Window): Iterable<InputRecord> {
    const { bytes, oversized, byte, line } = window;
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (oversized === undefined) return splitRecords(whole, window, this.#format.newScanner());
    return [{ bytes: whole.subarray(0, 0), lineEnd: whole, byte, line, oversized }];
  }
}
