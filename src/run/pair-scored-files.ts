/** Pairs the rows of two scored files, by order or by id. Nothing is left out without being counted. */
import { usageError } from '../errors.js';
import type { ComparedRewards } from '../evaluation/comparison/compare.js';
import { GrowingColumn } from '../evaluation/growing-column.js';
import { NumberedNames } from '../evaluation/numbered-names.js';
import { optionName } from '../option-name.js';
import type { ScoredFile } from './scored-file.js';

export interface PairedFiles {
  readonly columns: ComparedRewards;
  /** [rewards], the row of A that each is of, from 0, and the place of its text in that row. */
  readonly rowOf: Int32Array;
  readonly indexOf: Int32Array;
  readonly counts: PairingCounts;
}

interface PairingCounts {
  /** Rows that both files have with rewards. */
  readonly compared: number;
  /** Rows of both files of which one or both have no reward. */
  readonly unscored: number;
  /** Rows whose id the other file does not have. */
  readonly onlyA: number;
  readonly onlyB: number;
  /** Of the rows that both have, those whose conversations differ, which ids alone allow, and those without one to read. */
  readonly otherTexts: number;
  readonly unknownTexts: number;
}

/** @throws FatalError `usage` for rows that are not the same, ids that are there twice, or nothing in common */
export function pairScoredFiles(a: ScoredFile, b: ScoredFile, byId: boolean): PairedFiles {
  if (!byId && a.rows !== b.rows) {
    throw usageError(
      `${b.name}: expected as many rows as ${a.name} has, ${a.rows}, got ${b.rows}; match them by ${optionName('id')} FIELD`,
    );
  }
  const partnerOf = byId ? partnersById(a, b) : (row: number): number => row;
  const pairing = new Pairing(a, b, byId);
  for (let row = 0; row < a.rows; row++) pairing.add(row, partnerOf(row));
  return pairing.end();
}

/** The row of B with each row's id; undefined where B has none. */
function partnersById(a: ScoredFile, b: ScoredFile): (row: number) => number | undefined {
  idsOf(a); // Ids that are there twice are refused on either side.
  const rows = idsOf(b);
  return (row) => rows.get(a.ids[row] as string);
}

function idsOf(file: ScoredFile): Map<string, number> {
  const rows = new Map<string, number>();
  for (const [row, id] of file.ids.entries()) {
    const before = rows.get(id);
    if (before !== undefined) {
      throw usageError(
        `${placeOf(file, row)}: expected ids that differ (${optionName('id')}), got ${JSON.stringify(id)} again, ` +
          `as in ${placeOf(file, before)}`,
      );
    }
    rows.set(id, row);
  }
  return rows;
}

const placeOf = ({ name, lines }: ScoredFile, row: number): string =>
  `${name}:${Number.isNaN(lines[row]) ? `row ${row + 1}` : lines[row]}`;

class Pairing {
  readonly #a: ScoredFile;
  readonly #b: ScoredFile;
  readonly #byId: boolean;
  readonly #columns = { a: new GrowingColumn(), b: new GrowingColumn() };
  readonly #places = { row: new GrowingColumn(), index: new GrowingColumn() };
  readonly #numbers = { group: new GrowingColumn(), conversation: new GrowingColumn() };
  readonly #conversations = new NumberedNames();
  #groups = 0;
  #isGrouped: boolean;
  readonly #counts = { compared: 0, unscored: 0, onlyA: 0, onlyB: 0, otherTexts: 0, unknownTexts: 0 };

  constructor(a: ScoredFile, b: ScoredFile, byId: boolean) {
    this.#a = a;
    this.#b = b;
    this.#byId = byId;
    this.#isGrouped = a.groups.length > 0;
  }

  /** @param partner the row of B; undefined where B does not have it */
  add(row: number, partner: number | undefined): void {
    const [a, b, counts] = [this.#a, this.#b, this.#counts];
    if (partner === undefined) {
      counts.onlyA++;
      return;
    }
    this.#checkTexts(row, partner);
    const [shape, other] = [a.shapes[row], b.shapes[partner]];
    if (shape === undefined || other === undefined) {
      counts.unscored++;
      return;
    }
    const [from, to] = [a.starts[row] as number, a.starts[row + 1] as number];
    const start = b.starts[partner] as number;
    const [expected, got] = [to - from, (b.starts[partner + 1] as number) - start];
    if (shape !== other || expected !== got) {
      throw usageError(
        `${placeOf(b, partner)}: expected ${rewardsInWords(expected, shape)}, as ${placeOf(a, row)} has, ` +
          `got ${rewardsInWords(got, other)}`,
      );
    }
    counts.compared++;
    const conversation = a.groups.length > 0 ? this.#conversations.numberOf(a.groups[row] as string) : -1;
    // The candidates of one row are a group, and so are the two texts of a pair; other rows with one key are one too.
    const group = shape === 'single' && conversation >= 0 ? conversation : --this.#groups;
    if (shape !== 'single') this.#isGrouped = true;
    for (let i = 0; i < expected; i++) {
      this.#columns.a.push(a.rewards[from + i] as number);
      this.#columns.b.push(b.rewards[start + i] as number);
      this.#places.row.push(row);
      this.#places.index.push(i);
      this.#numbers.group.push(group);
      this.#numbers.conversation.push(conversation);
    }
  }

  /** @throws FatalError `usage` where rows that are matched by their order are of two conversations */
  #checkTexts(row: number, partner: number): void {
    const [text, other] = [this.#a.texts[row] as number, this.#b.texts[partner] as number];
    if (Number.isNaN(text) || Number.isNaN(other)) this.#counts.unknownTexts++;
    else if (text !== other && this.#byId) this.#counts.otherTexts++;
    else if (text !== other) {
      throw usageError(
        `${placeOf(this.#b, partner)}: expected the conversation of ${placeOf(this.#a, row)}, as rows are matched by ` +
          `their order, got another one; match them by ${optionName('id')} FIELD`,
      );
    }
  }

  end(): PairedFiles {
    const { a, b } = this.#columns;
    const counts = { ...this.#counts, onlyB: this.#b.rows - this.#counts.compared - this.#counts.unscored };
    if (counts.compared === 0) {
      const why = counts.unscored === 0 ? 'found no id in common' : 'found none';
      throw usageError(`${this.#b.name}: expected rows that ${this.#a.name} has too, both with rewards, ${why}`);
    }
    return {
      columns: {
        a: a.floats,
        b: b.floats,
        groups: this.#isGrouped ? this.#numbers.group.integers : undefined,
        conversations: this.#a.groups.length > 0 ? this.#numbers.conversation.integers : undefined,
      },
      rowOf: this.#places.row.integers,
      indexOf: this.#places.index.integers,
      counts,
    };
  }
}

const rewardsInWords = (count: number, shape: string): string =>
  shape === 'pair' ? 'the rewards of a pair' : shape === 'array' ? `an array of ${count} rewards` : 'one reward';
