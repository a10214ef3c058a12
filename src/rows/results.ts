/** The result of scoring one row, and how numbers and failures are written. */
import type { RowFailure } from './failure.js';
import type { RowKind } from './kinds/kinds.js';
import { rewardErrorMembers } from './reward-error.js';
import { membersText, type SplicedMember } from './splice.js';

/** Whether a row's rewards are one number, an array (candidates), or two fields (chosen and rejected). */
export type RewardShape = 'single' | 'array' | 'pair';

export interface RowResult {
  readonly shape: RewardShape;
  /** The rewards; null in the place of a text that failed, and empty where the whole row failed. */
  readonly rewards: readonly (number | null)[];
  /** For each text, the tokens that were scored, and those that were cut. */
  readonly tokens?: readonly (number | null)[];
  readonly truncated?: readonly (number | null)[];
  /** The failure of the row, or of its first text that failed. */
  readonly failure?: RowFailure;
}

export const shapeOf = (kind: RowKind | undefined): RewardShape =>
  kind === 'pair' ? 'pair' : kind === 'candidates' ? 'array' : 'single';

/** Which parts of a result are written. */
export interface ResultSettings {
  /** Field or column of the reward, after which the others are named. */
  readonly rewardField: string;
  /** Whether to write how many tokens each text has and how many of them were cut. */
  readonly details: boolean;
  /** Whether to write why there is no reward. */
  readonly reasons: boolean;
}

const detailSuffixes = ['_tokens', '_truncated'] as const;

/** The fields that a result is written to, by shape; those of the rewards come first. */
export function resultFields({ rewardField, details }: Omit<ResultSettings, 'reasons'>, shape: RewardShape): string[] {
  const stems = details ? ['', ...detailSuffixes].map((suffix) => rewardField + suffix) : [rewardField];
  return stems.flatMap((stem) => (shape === 'pair' ? [`${stem}_chosen`, `${stem}_rejected`] : [stem]));
}

/** The value of each of resultFields: a JSON number, null or array; undefined where a whole row failed. */
export function resultValues(result: RowResult, details: boolean): (string | undefined)[] {
  const { shape, rewards, tokens = [], truncated = [] } = result;
  const series = details
    ? [rewards.map(formatReward), tokens.map(String), truncated.map(String)]
    : [rewards.map(formatReward)];
  return series.flatMap((values): (string | undefined)[] => {
    if (rewards.length === 0) return shape === 'pair' ? [undefined, undefined] : [undefined];
    return shape === 'array' ? [`[${values.join(',')}]`] : values;
  });
}

/** The shortest decimal that rounds to the float32 `value`, as JavaScript writes it; -0 as 0. */
export function formatReward(value: number | null): string {
  if (value === null) return 'null';
  // 9 digits distinguish any two float32. A shorter decimal than one of 6 digits is found with 6 of them too.
  for (let digits = 6; digits < 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === value) return String(decimal + 0);
  }
  return String(Number(value.toPrecision(9)));
}

/** A reward as it is read again after it was written. */
export const writtenReward = (reward: number): number => Number(formatReward(reward));

/**
 * The members that represent a result: the rewards, and `reward_error` after them where there is a failure.
 *
 * @param taken whether the row already has the reward field, whose old value stays
 */
export function resultMembers(result: RowResult, settings: ResultSettings, taken = false): SplicedMember[] {
  const { rewardField, details, reasons } = settings;
  const { shape, rewards, failure } = result;
  const errors = reasons ? rewardErrorMembers(failure) : [];
  // Readers see the last of two members of one name.
  if (taken || failure?.code === 'FIELD_EXISTS') return errors;
  if (rewards.length === 0) return [[rewardField, undefined], ...errors];
  const values = resultValues(result, details);
  return [...resultFields(settings, shape).map((name, i): SplicedMember => [name, values[i]]), ...errors];
}

/** The output for a record that has no fields to splice into: its failure, and the record itself. */
export function unparsedRecord(
  { failure }: RowResult,
  { rewardField, reasons }: ResultSettings,
  input: string | undefined,
): string {
  const errors = reasons ? rewardErrorMembers(failure, input) : [];
  return `{${membersText([[rewardField, undefined], ...errors])}}`;
}

/** The rewards of a result in one field, whatever its shape; without a value where the whole row failed. */
export function rewardMember({ shape, rewards }: RowResult, rewardField: string): SplicedMember {
  if (rewards.length === 0) return [rewardField, undefined];
  const values = rewards.map(formatReward);
  return [rewardField, shape === 'array' ? `[${values.join(',')}]` : values[0]];
}

/** One line of `--to scores`. */
export function scoreLine({ shape, rewards, failure }: RowResult): string {
  if (rewards.length === 0 || failure?.code === 'FIELD_EXISTS') return 'null';
  return shape === 'single' ? formatReward(rewards[0] ?? null) : `[${rewards.map(formatReward).join(',')}]`;
}

/** The first of `names` that a result of this kind would overwrite. */
export const takenField = (
  names: readonly string[],
  kind: RowKind,
  settings: Pick<ResultSettings, 'rewardField' | 'details'>,
): string | undefined => resultFields(settings, shapeOf(kind)).find((name) => names.includes(name));
