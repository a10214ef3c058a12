/** Makes the output records of a group: its winner, its best candidates in order, or a pair of best and worst. */
import type { ParsedRecord, RowFormat } from '../rows/formats/format.js';
import { jsonText } from '../rows/json-text.js';
import { contextAndResponses } from '../rows/kinds/responses.js';
import { type NamedFields, own } from '../rows/kinds/roles.js';
import { formatReward, type ResultSettings, type RowEdit, resultEdit } from '../rows/results.js';
import type { SplicedMember } from '../rows/splice.js';
import type { Group, ScoredRecord } from './group.js';
import type { Pair } from './pair.js';
import { sourceFields } from './pair-fields.js';
import type { RankedCandidate } from './rank.js';
import type { SelectionSettings } from './settings.js';

export interface OutputSettings extends Omit<ResultSettings, 'details'> {
  /** The format, which writes every given record; rows that failed are left out here. */
  readonly format: Pick<RowFormat, 'write' | 'splice'>;
  readonly fields: NamedFields;
  /** Whether to leave out groups without a reward, and in a list of all candidates the rows without one. */
  readonly skipFailures: boolean;
}

type Pieces = readonly (Buffer | string)[];

export class GroupWriter {
  readonly #settings: SelectionSettings;
  readonly #output: OutputSettings;

  constructor(settings: SelectionSettings, output: OutputSettings) {
    this.#settings = settings;
    this.#output = output;
  }

  /** Returns the output records of a group, in pieces; not those of pairs. */
  write(group: Group): Pieces {
    const { members, ranked } = group;
    const { group: field, ranked: isList, top } = this.#settings;
    const chosen = ranked.length === 0 ? [] : this.#chosen(group);
    if (this.#output.skipFailures) return chosen;
    const failed = members.filter(({ result }) => result.rewards.every((reward) => reward === null));
    // There is one record for each group, or, where all are listed, one for each row.
    const listsRows = isList && top === Number.POSITIVE_INFINITY && field !== undefined;
    const listed = listsRows ? failed : ranked.length === 0 ? failed.slice(0, 1) : [];
    return [...chosen, ...listed.flatMap((record) => this.#failed(record))];
  }

  /** Returns a pair, with all fields of its row that it is not made of. */
  writePair({ source: { record, parsed }, members }: Pair): Pieces {
    return this.#output.format.splice(record, parsed, members, sourceFields(parsed.row ?? {}, this.#output));
  }

  /** @param group a group with a candidate that has a reward */
  #chosen(group: Group): Pieces {
    const { ranked: isList, top } = this.#settings;
    const best = isList ? group.ranked.slice(0, top) : group.ranked.slice(0, 1);
    return best.flatMap((candidate, i) => this.#candidate(group, candidate, i + 1));
  }

  #failed(scored: ScoredRecord): Pieces {
    const { format } = this.#output;
    const { record, parsed, result } = scored;
    if (parsed.row === undefined) return format.write(record, parsed, result);
    const { members, removed } = this.#resultEdit(scored);
    return format.splice(record, parsed, members, removed);
  }

  #resultEdit({ parsed: { row = {} }, result }: ScoredRecord): RowEdit {
    return resultEdit(result, { ...this.#output, details: false }, (name) => own(row, name));
  }

  #candidate({ members: own }: Group, { index, reward, margin }: RankedCandidate, rank: number): Pieces {
    const { group, responseField, ranked: isList } = this.#settings;
    const scored = (group === undefined ? own[0] : own[index]) as ScoredRecord;
    const { record, parsed } = scored;
    const isOneRow = group === undefined;
    const edit = this.#resultEdit(scored);
    const members: SplicedMember[] = [
      ...edit.members,
      ...(isOneRow ? [[responseField, this.#responseText(parsed, index)] as const] : []),
      ['best_index', String(index)],
      ...(isOneRow ? [['best_reward', formatReward(reward)] as const] : []),
      ['reward_margin', formatReward(margin)],
      ...(isList ? [['rank', String(rank)] as const] : []),
    ];
    return this.#output.format.splice(record, parsed, members, edit.removed);
  }

  /** Returns a candidate of a row as JSON. */
  #responseText({ row = {} }: ParsedRecord, index: number): string {
    return jsonText(contextAndResponses(row, this.#output.fields).responses[index] ?? null);
  }
}
