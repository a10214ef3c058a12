/** The rewards that another scorer gave the same rows: --baseline. */
import { usageError } from '../../../errors.js';
import type { EvaluatedRow } from '../../../evaluation/evaluated-rows.js';
import type { StandardStreams } from '../../../platform/standard-streams.js';
import { columnKey } from '../../../rows/formats/csv-header.js';
import { createFormat } from '../../../rows/formats/index.js';
import type { PairRewards } from '../../../rows/formats/pair-rewards.js';
import { Input, type InputPlace, pathOf } from '../../../run/input.js';
import { inspectInputs } from '../../../run/inspect.js';
import { readWindows } from '../../../run/read-windows.js';
import type { ScoredContent } from '../../../run/scored-by.js';
import { existingRewardsScorer } from '../../../scorer/existing-rewards-scorer.js';
import { existingRewardsWindow } from '../../../scorer/window-size.js';
import { asKeys, fieldKey, firstRecord } from '../field-key.js';
import { chooseFormats } from '../formats.js';
import { rowsInWords } from '../print.js';

export interface BaselineSettings {
  readonly place: InputPlace;
  /** Field that rows are matched by; undefined if they are matched by their order. */
  readonly id: string | undefined;
  readonly rewardField: string;
  /** Fields of the rewards of pairs; undefined where they are named after the reward field. */
  readonly fields: PairRewards | undefined;
  readonly maxRowBytes: number;
}

type Rewards = readonly number[];

export class Baseline {
  readonly path: string;
  /** In order; undefined in the place of a bad row. */
  readonly #rows: (Rewards | undefined)[] = [];
  readonly #byId: Map<string, Rewards> | undefined;
  readonly #rewardField: string;
  #asked = 0;
  #found = 0;

  private constructor(path: string, rewardField: string, byId: boolean) {
    this.path = path;
    this.#rewardField = rewardField;
    this.#byId = byId ? new Map() : undefined;
  }

  /** @throws FatalError `usage` where the file is not scored, or an id is there twice */
  static async read(
    { place, id, rewardField, fields: pair, maxRowBytes }: BaselineSettings,
    streams: StandardStreams,
  ): Promise<Baseline> {
    const path = pathOf(place);
    const formats = chooseFormats([path], {});
    const asColumns = formats.from === 'csv' || formats.from === 'tsv';
    const pairRewards = asKeys(pair, asColumns);
    const input = new Input(place, streams);
    const format = await inspectInputs(
      [input],
      {
        ...formats,
        fields: {},
        rewardField: asColumns ? columnKey(rewardField) : rewardField,
        details: false,
        reasons: true,
        skipFailures: false,
        existing: 'take',
        ...(pairRewards && { pairRewards }),
      },
      maxRowBytes,
    );
    const sample = firstRecord([input]);
    for (const name of pair ?? []) fieldKey(name, 'fields', format, sample);
    const fields = { id: id && fieldKey(id, 'id', format, sample), texts: false };
    const baseline = new Baseline(path, format.rewardField, id !== undefined);
    const answer = { kind: 'evaluation', fields } as const;
    const score = existingRewardsScorer({ format, answer, maxRowBytes, dryRun: false, strict: false });
    const windows = readWindows({
      inputs: [input],
      format: createFormat(format),
      windowSize: existingRewardsWindow,
      maxRowBytes,
      signal: new AbortController().signal,
    });
    for await (const window of windows) {
      const scored = await score(window);
      if (scored?.evaluated === undefined) {
        throw usageError(
          `${path}: expected scored rows for --baseline, got some without ${rewardField}; score it first, or --reward-field`,
        );
      }
      for (const row of scored.evaluated) baseline.#add(row);
    }
    return baseline;
  }

  /** What the file holds, by which the summary of its run is found. */
  get content(): ScoredContent {
    const rewards = this.#rows.flatMap((row) => row ?? []);
    const [least, largest] = [Math.min, Math.max].map((choose) =>
      rewards.reduce((end, each) => choose(end, each), rewards[0] ?? Number.NaN),
    );
    return {
      rewardField: this.#rewardField,
      rows: this.#rows.length,
      rewards: rewards.length,
      least: least as number,
      largest: largest as number,
    };
  }

  #add(row: EvaluatedRow | null): void {
    this.#rows.push(row?.rewards);
    if (this.#byId === undefined || row?.id === undefined) return;
    if (this.#byId.has(row.id)) {
      throw usageError(
        `${this.path}:${row.line}: expected ids that differ (--id), got ${JSON.stringify(row.id)} again`,
      );
    }
    this.#byId.set(row.id, row.rewards);
  }

  /** @throws FatalError `usage` where the partner is of another form, or the file has fewer rows */
  partnerOf(row: EvaluatedRow | null): Rewards | undefined {
    const place = this.#asked++;
    if (this.#byId === undefined && place >= this.#rows.length) {
      throw usageError(
        `${this.path}: expected as many rows as the input has, got ${rowsInWords(this.#rows.length)}, and the input has more; ` +
          'match them by --id FIELD',
      );
    }
    const partner = this.#byId === undefined ? this.#rows[place] : this.#byId.get(row?.id ?? '');
    if (row === null || partner === undefined) return undefined;
    if (partner.length !== row.rewards.length) {
      throw usageError(
        `${this.path}: expected ${row.rewards.length} rewards for the input's row of line ${row.line}, got ${partner.length}`,
      );
    }
    this.#found++;
    return partner;
  }

  /**
   * Rows that have no partner.
   *
   * @throws FatalError `usage` where the two have nothing in common
   */
  end(): number {
    if (this.#byId === undefined && this.#asked !== this.#rows.length) {
      throw usageError(
        `${this.path}: expected as many rows as the input has, ${this.#asked}, got ${this.#rows.length}; match them by --id FIELD`,
      );
    }
    if (this.#found === 0) {
      throw usageError(
        `${this.path}: expected rewards of the input's rows, found none${this.#byId ? ' with its ids' : ''}`,
      );
    }
    return this.#asked - this.#found;
  }
}
