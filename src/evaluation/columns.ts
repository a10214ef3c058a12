/** Collects the rows of a run into the columns of an evaluation. */

import { usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import type { RewardShape } from '../rows/results.js';
import type { EvaluatedRow } from './evaluated-rows.js';
import { GrowingColumn } from './growing-column.js';
import { NumberedNames } from './numbered-names.js';
import type { Pairs, Rows } from './rows.js';

/** The place and the beginning of a text, for the rows that a report shows. */
export interface CollectedText {
  /** Number of the input file, from 0. */
  readonly file: number;
  /** Number of the row in its file, from 0; bad rows count. */
  readonly row: number;
  readonly line: number | null;
  /** Number of the text in its row, from 0. */
  readonly candidate: number;
  /** Number of the candidate, from 0; undefined where the row has one text. */
  readonly index: number | undefined;
  /** The beginning of the text; empty where it is not known. */
  readonly text: string;
  readonly tokens: number | undefined;
  readonly cut: number | undefined;
}

/** What was read of one file, by which it can be recognised. */
export interface CollectedFile {
  readonly rows: number;
  readonly rewards: number;
  /** Infinite where there are no rewards. */
  readonly least: number;
  readonly largest: number;
}

/** Rows or pairs, and the slice that each is in. */
interface Collected<T> {
  readonly columns: T;
  /** [rows or pairs]; undefined where no slices were requested. */
  readonly slices: readonly string[] | undefined;
}

export interface CollectedRows {
  readonly rows: Collected<Rows>;
  readonly pairs: Collected<Pairs>;
  /** [rows]; empty where they were not requested. */
  readonly texts: readonly CollectedText[];
  /** [2 pairs], the chosen one and the rejected one. */
  readonly pairTexts: readonly CollectedText[];
  /** [files], for those that rows were read of. */
  readonly files: readonly CollectedFile[];
  /** Number of rows and pairs whose texts' lengths are not known. */
  readonly withoutLength: number;
  /** Number of rows and pairs without the field of slices. */
  readonly withoutSlice: number;
}

export interface CollectOptions {
  readonly labelled: boolean;
  /** Whether a field says which rows are one group. */
  readonly grouped: boolean;
  readonly sliced: boolean;
  /** The field of what a resample draws, which then is not the group. */
  readonly cluster?: string | undefined;
  readonly texts: boolean;
  /**
   * The rewards that another scorer gave a row; undefined where it gave none. It is called once for each row, in order,
   * with null for a bad one.
   */
  readonly partnerOf?: ((row: EvaluatedRow | null) => readonly number[] | undefined) | undefined;
}

/** The slice of rows that have no such field. */
const NO_SLICE = '(none)';

export class Collector {
  readonly #options: CollectOptions;
  readonly #rows = columnsOf('reward', 'label', 'length', 'group', 'conversation', 'slice', 'baseline');
  readonly #pairs = columnsOf(
    'chosen',
    'rejected',
    'chosenLength',
    'rejectedLength',
    'baselineChosen',
    'baselineRejected',
    'conversation',
    'slice',
  );
  readonly #conversations = new NumberedNames();
  readonly #clusters = new NumberedNames();
  /** The cluster of each group, and the line that says so. */
  readonly #clusterOfGroup = new Map<string, { readonly name: string; readonly line: number | null }>();
  readonly #slices = new NumberedNames();
  readonly #shapes = new Set<RewardShape>();
  readonly #texts: CollectedText[] = [];
  readonly #pairTexts: CollectedText[] = [];
  readonly #files: CollectedFile[] = [];
  #groups = 0;
  #withoutLength = 0;
  #withoutSlice = 0;

  constructor(options: CollectOptions) {
    this.#options = options;
  }

  /**
   * @param rows the next rows of the file, null in the place of a bad one
   * @param file number of the input file, from 0
   */
  addRows(rows: readonly (EvaluatedRow | null)[], file: number): void {
    for (const row of rows) {
      const partner = this.#options.partnerOf?.(row) ?? [];
      const place = this.#count(row, file);
      if (row !== null) this.#add(row, partner, file, place);
    }
  }

  /** @returns the number of the row in its file */
  #count(row: EvaluatedRow | null, file: number): number {
    const before = this.#files[file] ?? { rows: 0, rewards: 0, least: Infinity, largest: -Infinity };
    const rewards = row?.rewards ?? [];
    this.#files[file] = {
      rows: before.rows + 1,
      rewards: before.rewards + rewards.length,
      least: rewards.reduce((least, reward) => Math.min(least, reward), before.least),
      largest: rewards.reduce((largest, reward) => Math.max(largest, reward), before.largest),
    };
    return before.rows;
  }

  #add(row: EvaluatedRow, partner: readonly number[], file: number, place: number): void {
    const { shape, rewards, labels = [], lengths, texts = [], slice = NO_SLICE, line, tokens, cut } = row;
    this.#shapes.add(shape);
    if (lengths === undefined) this.#withoutLength++;
    if (row.slice === undefined) this.#withoutSlice++;
    const sliceNumber = this.#slices.numberOf(slice);
    const groupNumber =
      row.group === undefined ? this.#conversations.unnamed() : this.#conversations.numberOf(row.group);
    const conversation = this.#clusterOf(row) ?? groupNumber;
    if (this.#options.texts) {
      const shown = rewards.map((_, i) => ({
        file,
        row: place,
        line,
        candidate: i,
        index: shape === 'array' ? i : undefined,
        text: texts[i] ?? '',
        tokens: tokens?.[i] ?? undefined,
        cut: cut?.[i] ?? undefined,
      }));
      (shape === 'pair' ? this.#pairTexts : this.#texts).push(...shown);
    }
    if (shape === 'pair') {
      const [chosen, rejected] = rewards;
      push(this.#pairs, {
        chosen,
        rejected,
        chosenLength: lengths?.[0],
        rejectedLength: lengths?.[1],
        baselineChosen: partner[0],
        baselineRejected: partner[1],
        conversation,
        slice: sliceNumber,
      });
      return;
    }
    // The candidates of one row are a group; so are other rows with one key.
    const group = shape === 'array' ? --this.#groups : groupNumber;
    for (const [i, reward] of rewards.entries()) {
      push(this.#rows, {
        reward,
        label: labels[i],
        length: lengths?.[i],
        group,
        conversation,
        slice: sliceNumber,
        baseline: partner[i],
      });
    }
  }

  /** @throws FatalError `usage` where the rows of a group are in several clusters */
  #clusterOf({ cluster, group, line }: EvaluatedRow): number | undefined {
    if (cluster === undefined) return undefined;
    const before = group === undefined ? undefined : this.#clusterOfGroup.get(group);
    if (group !== undefined && before === undefined) this.#clusterOfGroup.set(group, { name: cluster, line });
    if (before !== undefined && before.name !== cluster) {
      throw usageError(
        `expected one value of ${this.#options.cluster} (${optionName('cluster')}) in each group, got ` +
          `${JSON.stringify(before.name)} in line ${before.line} and ${JSON.stringify(cluster)} in line ${line} of ` +
          `the group ${JSON.stringify(group)}`,
      );
    }
    return this.#clusters.numberOf(cluster);
  }

  end(): CollectedRows {
    const { labelled, grouped, sliced, cluster, partnerOf } = this.#options;
    const lengths = this.#withoutLength === 0;
    const clustered = grouped || cluster !== undefined || undefined;
    const [rows, pairs] = [this.#rows, this.#pairs];
    const slicesOf = (column: GrowingColumn) =>
      sliced ? Array.from(column.floats, (number) => this.#slices.nameOf(number)) : undefined;
    return {
      rows: {
        columns: {
          rewards: rows.reward.floats,
          labels: labelled ? rows.label.floats : undefined,
          lengths: lengths ? rows.length.floats : undefined,
          baselineRewards: partnerOf && rows.baseline.floats,
          groups: grouped || this.#shapes.has('array') ? rows.group.integers : undefined,
          conversations: clustered && rows.conversation.integers,
        },
        slices: slicesOf(rows.slice),
      },
      pairs: {
        columns: {
          chosen: pairs.chosen.floats,
          rejected: pairs.rejected.floats,
          chosenLengths: lengths ? pairs.chosenLength.floats : undefined,
          rejectedLengths: lengths ? pairs.rejectedLength.floats : undefined,
          baselineChosen: partnerOf && pairs.baselineChosen.floats,
          baselineRejected: partnerOf && pairs.baselineRejected.floats,
          conversations: clustered && pairs.conversation.integers,
        },
        slices: slicesOf(pairs.slice),
      },
      texts: this.#texts,
      pairTexts: this.#pairTexts,
      files: this.#files,
      withoutLength: this.#withoutLength,
      withoutSlice: this.#withoutSlice,
    };
  }
}

const columnsOf = <Name extends string>(...names: Name[]): Record<Name, GrowingColumn> =>
  Object.fromEntries(names.map((name) => [name, new GrowingColumn()])) as Record<Name, GrowingColumn>;

/** Appends a row's values to the columns; a missing value is NaN. */
function push<Name extends string>(
  columns: Record<Name, GrowingColumn>,
  values: Record<Name, number | undefined>,
): void {
  for (const [name, column] of Object.entries(columns) as [Name, GrowingColumn][]) {
    column.push(values[name] ?? Number.NaN);
  }
}
