/** The fields of a pair to train on, and those of the row that it takes the place of. */
import { optionName } from '../option-name.js';
import { failure, type RowFailure } from '../rows/failure.js';
import { findKind } from '../rows/kinds/kinds.js';
import { findFields, type NamedFields, type Row } from '../rows/kinds/roles.js';
import { resultFields } from '../rows/results.js';
import { REWARD_ERROR } from '../rows/reward-error.js';

/** As trainers read them. */
export const pairFields = ['prompt', 'chosen', 'rejected', 'score_chosen', 'score_rejected'] as const;

export interface PairSource {
  readonly fields: NamedFields;
  readonly rewardField: string;
}

/** The fields of a row that its pair is made of: prompt, candidates and rewards. The pair's record has all others. */
export function sourceFields(row: Row, { fields, rewardField }: PairSource): string[] {
  const found = findFields(row, fields);
  const read = findKind(found, fields)?.roles.flatMap((role) => found.get(role)?.name ?? []) ?? [];
  return [...read, ...resultFields({ rewardField, details: true }, 'single'), REWARD_ERROR];
}

/** What is wrong with a row that has another field of a pair's; undefined where it has none. */
export function otherPairField(row: Row, source: PairSource): RowFailure | undefined {
  const sources = sourceFields(row, source);
  const taken = pairFields.find((name) => Object.hasOwn(row, name) && !sources.includes(name));
  if (taken === undefined) return undefined;
  return failure(
    'BAD_ROW',
    `expected no field ${taken} beside those that a pair is made of, as ${optionName('pairs')} writes one of that name; rename it`,
  );
}
