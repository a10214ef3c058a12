/**
 * The rows of all inputs, held in memory and read again group by group, in the order in which the groups first appear:
 * as one file would be read whose rows were sorted that way. What reads it makes the same windows of it as of that file.
 */
import { runError } from '../errors.js';
import { optionName } from '../option-name.js';
import type { FailedRow } from '../rows/failed-row.js';
import type { RowFormat } from '../rows/formats/format.js';
import type { GroupKeyReader } from '../rows/group-key.js';
import { type RecordBatch, readRecords, recordAt, startOf } from '../rows/records.js';
import type { ScoredWindow, Window } from '../scorer/protocol.js';
import { groupTooLarge, isTooLarge } from '../selection/group-limits.js';
import type { Input } from './input.js';

export interface GatherOptions {
  readonly inputs: readonly Input[];
  readonly format: RowFormat;
  readonly maxRowBytes: number;
  /** Records after so many are not read. */
  readonly limit: number | undefined;
  /** The field that groups rows. */
  readonly field: string;
  readonly readKey: GroupKeyReader;
  /** What ends a record that has no line end, being the last of its file, where others come after it. */
  readonly lineEnd: string;
  /** The most bytes of rows that are held. */
  readonly mostBytes: number;
  /** Once it is aborted, the end of an input says nothing. */
  readonly signal: AbortSignal;
}

/** A Map takes no more keys. */
const MOST_GROUPS = 2 ** 24 - 1;

/** More records than a batch has; a reference to a record is its batch's number times this, plus its own. */
const BATCH_SPAN = 2 ** 26;

interface HeldBatch {
  readonly batch: RecordBatch;
  /** Of which input, from 0. */
  readonly file: number;
}

interface HeldGroup {
  /** References to its records. */
  readonly records: number[];
  bytes: number;
}

export class GatheredRows {
  readonly #options: GatherOptions;
  readonly #held: HeldBatch[] = [];
  readonly #groups: HeldGroup[] = [];
  /** The records in the order in which they are yielded, and where each begins. */
  readonly #order: number[] = [];
  readonly #starts: number[] = [];

  constructor(options: GatherOptions) {
    this.#options = options;
  }

  /**
   * Reads all inputs, and yields their records without blank ones. Positions are those of the file that they make up.
   *
   * @throws FatalError `run` for more rows than can be held, or a record that cannot stand before others
   */
  async *batches(): AsyncGenerator<RecordBatch> {
    const { inputs, lineEnd } = this.#options;
    await this.#read();
    let byte = inputs[0]?.body.byte ?? 0;
    let line = 1;
    for (const [g, { records }] of this.#groups.entries()) {
      const pieces: Buffer[] = [];
      const ends: number[] = [];
      let length = 0;
      let oversized: number | undefined;
      for (const [k, reference] of records.entries()) {
        const { batch, i } = this.#recordOf(reference);
        this.#order.push(reference);
        this.#starts.push(byte + length);
        const isLast = g === this.#groups.length - 1 && k === records.length - 1;
        const piece = batch.bytes.subarray(startOf(batch, i) - batch.byte, batch.ends[i]);
        pieces.push(isEnded(batch, i) || isLast ? piece : Buffer.concat([piece, Buffer.from(lineEnd)]));
        length += (pieces.at(-1) as Buffer).length;
        ends.push(length);
        // It has no key, and so is alone in its group.
        oversized = batch.oversized;
      }
      const lines = records.map(() => line++);
      yield {
        bytes: Buffer.concat(pieces),
        ends,
        byte,
        lines,
        ended: true,
        ...(oversized !== undefined && { oversized }),
      };
      byte += length + (oversized ?? 0);
    }
  }

  /** The answer for a window of these rows, with positions and counts by the files in which the rows stand. */
  locate({ byte }: Pick<Window, 'byte'>, { stats, ...answer }: ScoredWindow): ScoredWindow {
    const rowsByFile: number[] = this.#options.inputs.map(() => 0);
    const first = this.#indexAt(byte);
    for (const reference of this.#order.slice(first, first + stats.rows)) {
      const { file } = this.#recordOf(reference);
      rowsByFile[file] = (rowsByFile[file] as number) + 1;
    }
    const failed = stats.failed.map((row): FailedRow => {
      const { batch, file, i } = this.#recordOf(this.#order[this.#indexAt(row.byte)] as number);
      const { path } = this.#options.inputs[file] as Input;
      return { ...row, path, line: batch.lines[i] ?? null, byte: startOf(batch, i) };
    });
    return { ...answer, stats: { ...stats, failed, rowsByFile } };
  }

  async #read(): Promise<void> {
    const { inputs, format, maxRowBytes, limit = Number.POSITIVE_INFINITY } = this.#options;
    const byKey = new Map<string, HeldGroup>();
    let bytes = 0;
    let rows = 0;
    for (const [file, input] of inputs.entries()) {
      if (rows === limit) return;
      const { body } = input;
      for await (const batch of readRecords(input.content(body.byte), format.newScanner(), body, maxRowBytes)) {
        const number = this.#held.push({ batch, file }) - 1;
        bytes += batch.bytes.length;
        for (let i = 0; i < batch.ends.length && rows < limit; i++) {
          if (format.isBlank(recordAt(batch, i))) continue;
          rows++;
          this.#add(byKey, number * BATCH_SPAN + i);
        }
        this.#refuseTooMany(bytes, byKey.size, batch, file);
        if (rows === limit) break;
      }
    }
  }

  #add(byKey: Map<string, HeldGroup>, reference: number): void {
    const { field, readKey } = this.#options;
    const { batch, file, i } = this.#recordOf(reference);
    const record = recordAt(batch, i);
    if (!isEnded(batch, i)) this.#refuseUnclosed(record.bytes, file, record.line);
    const key = readKey(record);
    let group = key === undefined ? undefined : byKey.get(key);
    if (group === undefined) {
      group = { records: [], bytes: 0 };
      this.#groups.push(group);
      if (key !== undefined) byKey.set(key, group);
    }
    group.records.push(reference);
    group.bytes += record.bytes.length + record.lineEnd.length;
    if (isTooLarge(group.records.length, group.bytes)) {
      throw runError(groupTooLarge(field, this.#placeOf(file, record.line)));
    }
  }

  #refuseTooMany(bytes: number, groups: number, batch: RecordBatch, file: number): void {
    const { mostBytes, field } = this.#options;
    if (bytes <= mostBytes && groups < MOST_GROUPS) return;
    const most = bytes > mostBytes ? `${Math.floor(mostBytes / 2 ** 20)} MiB of rows` : `${MOST_GROUPS} groups`;
    throw runError(
      `${this.#placeOf(file, batch.lines[0] ?? null)}: expected at most ${most} to hold in memory with ${optionName('gather')}, ` +
        `got more; sort the rows by ${field}, and leave ${optionName('gather')} out`,
    );
  }

  /** A quote that is never closed would take in the rows that come after. */
  #refuseUnclosed(bytes: Buffer, file: number, line: number | null): void {
    const { format, lineEnd, signal } = this.#options;
    if (signal.aborted) return;
    const ended = Buffer.concat([bytes, Buffer.from(lineEnd)]);
    if (format.newScanner().findEnd(ended, 0) === ended.length) return;
    throw runError(
      `${this.#placeOf(file, line)}: expected a closing quote, got the end of the file: with ${optionName('gather')} rows may come after it`,
    );
  }

  #placeOf(file: number, line: number | null): string {
    return `${this.#options.inputs[file]?.name}:${line}`;
  }

  /** A record's batch, and its number there. */
  #recordOf(reference: number): HeldBatch & { readonly i: number } {
    const held = this.#held[Math.floor(reference / BATCH_SPAN)] as HeldBatch;
    return { ...held, i: reference % BATCH_SPAN };
  }

  /** Number of the record that begins at a byte. */
  #indexAt(byte: number): number {
    let [from, until] = [0, this.#starts.length];
    while (from < until) {
      const middle = (from + until) >> 1;
      if ((this.#starts[middle] as number) < byte) from = middle + 1;
      else until = middle;
    }
    return from;
  }
}

const isEnded = (batch: RecordBatch, i: number): boolean => batch.ended || i < batch.ends.length - 1;
