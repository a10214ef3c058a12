/** What `best` writes for a group: the winner, the kept ones in order, or a pair of best and worst. */

import { kindOf } from '../rows/conversation.js';
import { existingResult } from '../rows/existing-rewards.js';
import { failure, type RowFailure } from '../rows/failure.js';
import { valueAt } from '../rows/fields.js';
import type { ParsedRecord, RowFormat, SplicedMember } from '../rows/format.js';
import type { InputRecord } from '../rows/records.js';
import { contextAndResponses } from '../rows/responses.js';
import { formatReward, type RowResult } from '../rows/result.js';
import type { NamedFields } from '../rows/roles.js';
import { type RankedCandidate, rankCandidates } from './rank.js';

export interface BestSettings {
  /** Consecutive rows with the same value here are a group; undefined: a row with candidates is one. */
  readonly group: string | undefined;
  /** Where the winner's text is written, of a row with candidates. */
  readonly responseField: string;
  /** How many of the best are written. */
  readonly top: number;
  /** A record for each that is kept, with its rank. */
  readonly ranked: boolean;
  /** Best against worst, as one record for training; those whose rewards are nearer than this are left out. */
  readonly pairs: { readonly minGap: number } | undefined;
}

/** A record of the input with what scoring gave for it. */
export interface ScoredRecord {
  readonly record: InputRecord;
  readonly parsed: ParsedRecord;
  readonly result: RowResult;
}

type Pieces = readonly (Buffer | string)[];

/** Fields that `best` writes beside the reward, in the order of their columns. */
const addedFields = ({ group, responseField, ranked }: BestSettings): string[] => [
  ...(group === undefined ? [responseField] : []),
  'best_index',
  ...(group === undefined ? ['best_reward'] : []),
  'reward_margin',
  ...(ranked ? ['rank'] : []),
];

/** The columns after those of the input. */
export const addedColumns = (settings: BestSettings, rewardField: string, isThere: boolean): string[] => [
  ...(isThere ? [] : [rewardField]),
  ...addedFields(settings),
];

/** Why a row cannot be part of any choice; undefined: it can. */
export function whyNoCandidate(
  { parsed: { row }, result }: ScoredRecord,
  settings: BestSettings,
): RowFailure | undefined {
  if (row === undefined || result.failure !== undefined) return undefined; // said already
  const { group } = settings;
  const wanted = group === undefined ? 'array' : 'single';
  if (result.shape !== wanted) {
    return failure(
      'BAD_ROW',
      group === undefined
        ? 'expected a row with candidates, or rows that --group FIELD joins'
        : 'expected a row with one text to score (--group), got several',
    );
  }
  if (group !== undefined && (valueAt(row, group) ?? undefined) === undefined) {
    return failure('BAD_ROW', `expected a field ${group} (--group), got none`);
  }
  const taken =
    settings.pairs === undefined ? addedFields(settings).find((name) => Object.hasOwn(row, name)) : undefined;
  if (taken === undefined) return undefined;
  const hint =
    taken === settings.responseField ? '; name another with --response-field' : '; is it the output of best?';
  return failure('FIELD_EXISTS', `the row has a field ${taken} already${hint}`);
}

/** A group: one row with candidates, or several rows with one each. */
export interface Group {
  readonly records: readonly ScoredRecord[];
  readonly ranked: readonly RankedCandidate[];
}

export function groupOf(records: readonly ScoredRecord[], settings: BestSettings): Group {
  const [first] = records as [ScoredRecord];
  const rewards =
    settings.group === undefined ? first.result.rewards : records.map(({ result }) => result.rewards[0] ?? null);
  return { records, ranked: rankCandidates(rewards) };
}

export class BestWriter {
  readonly #format: RowFormat;
  readonly #settings: BestSettings;
  readonly #rewardField: string;
  readonly #fields: NamedFields;
  readonly #reasons: boolean;

  /** @param reasons whether records say why there is no reward */
  constructor(format: RowFormat, settings: BestSettings, rewardField: string, fields: NamedFields, reasons: boolean) {
    this.#format = format;
    this.#settings = settings;
    this.#rewardField = rewardField;
    this.#fields = fields;
    this.#reasons = reasons;
  }

  /** The records of a group that has a candidate with a reward. */
  write(group: Group): Pieces {
    const { pairs, ranked, top } = this.#settings;
    if (pairs !== undefined) return this.#pair(group, pairs.minGap);
    const kept = ranked ? group.ranked.slice(0, top) : group.ranked.slice(0, 1);
    return kept.flatMap((candidate, i) => this.#candidate(group, candidate, i + 1));
  }

  /** The record of one that has none. */
  writeFailed({ record, parsed, result }: ScoredRecord): Pieces {
    if (this.#settings.pairs !== undefined) return [];
    const { row } = parsed;
    if (row === undefined) return this.#format.write(record, parsed, result);
    const members = Object.hasOwn(row, this.#rewardField) ? [] : [this.#rewardMember(result)];
    const reason: SplicedMember[] =
      this.#reasons && result.failure !== undefined && !Object.hasOwn(row, 'reward_error')
        ? [['reward_error', JSON.stringify(result.failure)]]
        : [];
    return this.#format.splice(record, parsed, [...members, ...reason]);
  }

  #candidate({ records }: Group, { index, reward, margin }: RankedCandidate, rank: number): Pieces {
    const { group, responseField, ranked } = this.#settings;
    const of = (group === undefined ? records[0] : records[index]) as ScoredRecord;
    const { record, parsed, result } = of;
    const row = parsed.row ?? {};
    const number = (name: string, value: number | null): SplicedMember => [name, formatReward(value)];
    const responses = group === undefined ? contextAndResponses(row, this.#fields).responses : [];
    const members: SplicedMember[] = [
      ...(existingResult(row, this.#rewardField) === undefined ? [this.#rewardMember(result)] : []),
      ...(group === undefined ? [[responseField, JSON.stringify(responses[index] ?? null)] as const] : []),
      ['best_index', String(index)],
      ...(group === undefined ? [number('best_reward', reward)] : []),
      number('reward_margin', margin),
      ...(ranked ? [['rank', String(rank)] as const] : []),
      ...(this.#reasons && result.failure !== undefined && group === undefined
        ? [['reward_error', JSON.stringify(result.failure)] as const]
        : []),
    ];
    return this.#format.splice(record, parsed, members);
  }

  #rewardMember({ shape, rewards }: RowResult): SplicedMember {
    if (rewards.length === 0) return [this.#rewardField, undefined];
    const values = rewards.map(formatReward);
    return [this.#rewardField, shape === 'array' ? `[${values.join(',')}]` : values[0]];
  }

  #pair({ records, ranked }: Group, minGap: number): Pieces {
    const [best] = ranked as [RankedCandidate];
    const worst = ranked.at(-1) as RankedCandidate;
    const gap = best.reward - worst.reward;
    if (gap <= 0 || gap < minGap) return [];
    const side = ({ index }: RankedCandidate) => {
      const of = (this.#settings.group === undefined ? records[0] : records[index]) as ScoredRecord;
      const { context, responses } = contextAndResponses(of.parsed.row ?? {}, this.#fields);
      return { context, response: this.#settings.group === undefined ? responses[index] : responses[0] };
    };
    const [chosen, rejected] = [side(best), side(worst)];
    const { context } = chosen;
    const prompt = context === undefined ? {} : { [kindOf(context) === 'an array' ? 'messages' : 'prompt']: context };
    const texts = JSON.stringify({ ...prompt, chosen: chosen.response, rejected: rejected.response });
    const scores = `"score_chosen":${formatReward(best.reward)},"score_rejected":${formatReward(worst.reward)}`;
    return [`${texts.slice(0, -1)},${scores}}\n`];
  }
}
