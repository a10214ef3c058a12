/** What came of a run over rows, by column: what src/evaluation takes. */

import type { RewardShape } from '../rows/results.js';
import type { EvaluatedRow } from './evaluated-rows.js';
import { GrowingColumn } from './growing-column.js';
import type { Pairs, Rows } from './rows.js';

/** Where a text stands, and how it begins: for the rows that a report shows. */
export interface ShownText {
  /** Number of the input file, from 0. */
  readonly file: number;
  readonly line: number | null;
  /** Of the candidate, from 0; undefined where the row has one text. */
  readonly index: number | undefined;
  /** Empty where it is not known. */
  readonly text: string;
}

/** Rows or pairs, and what else is known of each. */
interface Judged<T> {
  readonly columns: T;
  /** The slice of each, where slices were asked for. */
  readonly slices: readonly string[] | undefined;
}

export interface JudgedRows {
  readonly rows: Judged<Rows>;
  readonly pairs: Judged<Pairs>;
  /** [rows]; none where they were not asked for. */
  readonly texts: readonly ShownText[];
  /** [2 pairs], the chosen one and the rejected one. */
  readonly pairTexts: readonly ShownText[];
  /** Rows and pairs whose texts' lengths are not known. */
  readonly withoutLength: number;
  /** Rows and pairs without the field of slices. */
  readonly withoutSlice: number;
}

export interface CollectOptions {
  readonly labelled: boolean;
  /** Rows of one group are told by a field. */
  readonly grouped: boolean;
  readonly sliced: boolean;
  readonly texts: boolean;
  /** The rewards that another scorer gave the next row, bad ones included; undefined: it has none of it. */
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
  readonly #conversations = new Numbers();
  readonly #slices = new Numbers();
  readonly #shapes = new Set<RewardShape>();
  readonly #texts: ShownText[] = [];
  readonly #pairTexts: ShownText[] = [];
  #file = 0;
  #groups = 0;
  #withoutLength = 0;
  #withoutSlice = 0;

  constructor(options: CollectOptions) {
    this.#options = options;
  }

  /** Takes the lines that evaluatedLines wrote for rows of a file. */
  add(lines: Uint8Array, file: number): void {
    this.#file = file;
    for (const line of Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength).toString('utf8').split('\n')) {
      if (line === '') continue;
      const row = JSON.parse(line) as EvaluatedRow | null;
      const partner = this.#options.partnerOf?.(row) ?? [];
      if (row !== null) this.#add(row, partner);
    }
  }

  #add(row: EvaluatedRow, partner: readonly number[]): void {
    const { shape, rewards, labels = [], lengths, texts = [], slice = NO_SLICE, line } = row;
    this.#shapes.add(shape);
    if (lengths === undefined) this.#withoutLength++;
    if (row.slice === undefined) this.#withoutSlice++;
    const sliceNumber = this.#slices.of(slice);
    const conversation = row.group === undefined ? this.#conversations.another() : this.#conversations.of(row.group);
    if (this.#options.texts) {
      const shown = rewards.map((_, i) => ({
        file: this.#file,
        line,
        index: shape === 'array' ? i : undefined,
        text: texts[i] ?? '',
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
    // Candidates of one row are a group; of the others, those with one key are.
    const group = shape === 'array' ? --this.#groups : conversation;
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

  end(): JudgedRows {
    const { labelled, grouped, sliced, partnerOf } = this.#options;
    const lengths = this.#withoutLength === 0;
    const clustered = grouped || undefined;
    const [rows, pairs] = [this.#rows, this.#pairs];
    const slicesOf = (column: GrowingColumn) =>
      sliced ? Array.from(column.floats, (number) => this.#slices.name(number)) : undefined;
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
      withoutLength: this.#withoutLength,
      withoutSlice: this.#withoutSlice,
    };
  }
}

const columnsOf = <Name extends string>(...names: Name[]): Record<Name, GrowingColumn> =>
  Object.fromEntries(names.map((name) => [name, new GrowingColumn()])) as Record<Name, GrowingColumn>;

/** A value that is missing is NaN. */
function push<Name extends string>(
  columns: Record<Name, GrowingColumn>,
  values: Record<Name, number | undefined>,
): void {
  for (const [name, column] of Object.entries(columns) as [Name, GrowingColumn][]) {
    column.push(values[name] ?? Number.NaN);
  }
}

/** A number for each name, and as many more as are asked for. */
class Numbers {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];
  #next = 0;

  of(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#next);
    this.#names[this.#next] = name;
    return this.#next++;
  }

  another(): number {
    return this.#next++;
  }

  name(number: number): string {
    return this.#names[number] as string;
  }
}
