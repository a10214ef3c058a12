/** What scoring gave for one row, and how numbers and failures are spelled. */
import type { RowFailure } from './failure.js';

/** Whether a row's rewards are one number, an array (candidates), or two fields (chosen and rejected). */
export type RewardShape = 'single' | 'array' | 'pair';

export interface RowResult {
  readonly shape: RewardShape;
  /** null in the place of a text that failed; empty where the whole row did. */
  readonly rewards: readonly (number | null)[];
  /** The row's failure, or its first text's. */
  readonly failure?: RowFailure;
}

/** The fields that a reward is written to, by shape. */
export const rewardFields = (field: string, shape: RewardShape): string[] =>
  shape === 'pair' ? [`${field}_chosen`, `${field}_rejected`] : [field];

/** The shortest decimal that rounds to the float32 `value`, as JavaScript writes it; -0 as 0. */
export function formatReward(value: number | null): string {
  if (value === null) return 'null';
  // 9 digits tell any two float32 apart, and where a shorter decimal does, so does it among 6.
  for (let digits = 6; digits < 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === value) return String(decimal + 0);
  }
  return String(Number(value.toPrecision(9)));
}

/**
 * `"reward":1.5`, with `"reward_error":{…}` after it where there is a failure: the inside of a JSON object.
 *
 * @param taken the row has the reward field already: its old value stays
 */
export function resultMembers(result: RowResult, field: string, taken = false): string {
  const { shape, rewards, failure } = result;
  const member = (name: string, value: string): string => `${JSON.stringify(name)}:${value}`;
  const members: string[] = [];
  if (taken || failure?.code === 'FIELD_EXISTS') {
    // Nothing beside it: of two fields of one name, readers see the last.
  } else if (rewards.length === 0) {
    members.push(member(field, 'null'));
  } else if (shape === 'array') {
    members.push(member(field, `[${rewards.map(formatReward).join(',')}]`));
  } else {
    members.push(...rewardFields(field, shape).map((name, i) => member(name, formatReward(rewards[i] ?? null))));
  }
  if (failure !== undefined) members.push(member('reward_error', JSON.stringify(failure)));
  return members.join(',');
}

/** What is written for a record that has no fields to splice into. */
export const unreadRecord = ({ failure }: RowResult, field: string, input: string): string =>
  JSON.stringify({ [field]: null, reward_error: { ...failure, input } });

/** One line of `--to scores`. */
export function scoreLine({ shape, rewards, failure }: RowResult): string {
  if (rewards.length === 0 || failure?.code === 'FIELD_EXISTS') return 'null';
  return shape === 'single' ? formatReward(rewards[0] ?? null) : `[${rewards.map(formatReward).join(',')}]`;
}
